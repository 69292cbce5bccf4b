//! A request's body, as Better Auth reads it.

use crate::dev::neon::AuthError;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest};
use std::future::Future;
use std::pin::Pin;

/// Far more than any request of a client; a picture may be in it.
const LIMIT: usize = 64 * 1024;

/// The bytes. What nobody calls JSON is none: Better Auth does not look at it. What is called something else never
/// comes here.
pub(super) struct Body(Option<Bytes>);

impl Body {
    pub fn bytes(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }
}

impl FromRequest for Body {
    type Error = AuthError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AuthError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_typed = request.headers().contains_key(CONTENT_TYPE);
        let payload = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            let payload = payload.map_err(|_| AuthError::BrokenJson)?;
            let bytes = payload.to_bytes_limited(LIMIT).await.map_err(|_| AuthError::TooLarge)?;
            let bytes = bytes.map_err(|_| AuthError::BrokenJson)?;
            Ok(Self(is_typed.then_some(bytes)))
        })
    }
}
