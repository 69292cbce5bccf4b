//! From a raw request to a verified delivery. A handler that takes [`Arrived`] cannot see anything else.

use super::connection::Course;
use super::error::ApiError;
use super::unverified::{Body, Share, Unverified};
use crate::domain::Clock;
use crate::neon::headers::PREFIX;
use crate::neon::{VerifiedDelivery, Verifier, VerifyError};
use crate::relay::forwarding::ATTEMPT;
use crate::telemetry::{Refusal, Refusals};
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The largest event, in bytes. Neon's are well under 4 KB.
pub const BODY_LIMIT: usize = 64 * 1024;
/// The largest callback, in bytes. Providers' are well under 2 KB.
pub const CALLBACK_LIMIT: usize = 16 * 1024;

/// What stands between the network and the relay.
pub struct Gate {
    /// Decides whether a request is Neon's.
    pub verifier: Verifier,
    /// The time that timestamps are held against.
    pub clock: Arc<dyn Clock>,
    /// How long after a request's arrival it has to be answered.
    pub answer_within: Duration,
}

/// A verified delivery, and when it came.
pub struct Arrived {
    /// The delivery.
    pub delivery: VerifiedDelivery,
    /// When its request started to be read; answers are due from then.
    pub at: Instant,
}

impl FromRequest for Arrived {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let at = Instant::now();
            let delivery =
                verify(&request, payload, at).await.inspect_err(|error| refused(&request, *error))?;
            Ok(Self { delivery, at })
        })
    }
}

async fn verify(request: &HttpRequest, payload: Payload, at: Instant) -> Result<VerifiedDelivery, ApiError> {
    let gate = request.app_data::<Data<Gate>>().ok_or(ApiError::NotFound)?;
    // Read first, then refuse: leaving a small body unread costs its connection and several times the work.
    let body = read_body(request, payload, BODY_LIMIT).await?;
    // Its signature would hold: it is Neon's own request, come back by FORWARD_URL.
    if request.headers().contains_key(ATTEMPT) {
        return Err(ApiError::Loop);
    }
    let neon_headers = request.headers().iter().filter(|(name, _)| name.as_str().starts_with(PREFIX));
    let neon_headers = neon_headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let verifying = gate.verifier.verify(neon_headers.collect(), body.bytes.clone(), gate.clock.now());
    // It waits for nothing but keys.
    let verified = tokio::time::timeout_at(at + gate.answer_within, verifying).await;
    let delivery = verified.unwrap_or(Err(VerifyError::KeysUnavailable))?;
    if let Some(course) = request.conn_data::<Rc<Course>>() {
        course.verified();
    }
    Ok(delivery)
}

/// Reads at most `limit` bytes within a few seconds, and only as long as others leave room for them.
pub(super) async fn read_body(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<Body, ApiError> {
    let unverified = request.app_data::<Data<Unverified>>().ok_or(ApiError::NotFound)?;
    let announced = request.headers().get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(ApiError::BodyTooLarge);
    }
    let mut share = Share::of(unverified.clone());
    let read = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| ApiError::BodyIncomplete)?;
            if body.len() + chunk.len() > limit {
                return Err(ApiError::BodyTooLarge);
            }
            share.grow(chunk.len())?;
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    let body = tokio::time::timeout(unverified.limits.body, read).await;
    body.unwrap_or(Err(ApiError::BodyIncomplete)).map(|bytes| share.with(bytes))
}

fn refused(request: &HttpRequest, error: ApiError) {
    let refusal =
        Refusal { message: "the webhook refuses requests", problem: error.problem(), provider: None };
    if let Some(refusals) = request.app_data::<Data<Refusals>>() {
        refusals.note(refusal, || error.to_string());
    }
}
