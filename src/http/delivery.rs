//! From a raw request to a verified delivery. A handler that takes [`Arrived`] cannot see anything else.

use super::error::ApiError;
use crate::domain::Clock;
use crate::neon::headers::PREFIX;
use crate::neon::{VerifiedDelivery, Verifier, VerifyError};
use crate::relay::forwarding::ATTEMPT;
use crate::telemetry::{Refusal, Refusals};
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Neon's bodies are well under 4 KB.
const BODY_LIMIT: usize = 64 * 1024;
/// A body that takes longer is an attack, or a network on which nobody waits for the answer.
const BODY_TIMEOUT: Duration = Duration::from_secs(4);

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
    let body = read_body(request.headers(), payload).await?;
    // Its signature would hold: it is Neon's own request, come back by FORWARD_URL.
    if request.headers().contains_key(ATTEMPT) {
        return Err(ApiError::Loop);
    }
    let neon_headers = request.headers().iter().filter(|(name, _)| name.as_str().starts_with(PREFIX));
    let neon_headers = neon_headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let verifying = gate.verifier.verify(neon_headers.collect(), body, gate.clock.now());
    // It waits for nothing but keys.
    let verified = tokio::time::timeout_at(at + gate.answer_within, verifying).await;
    Ok(verified.unwrap_or(Err(VerifyError::KeysUnavailable))?)
}

/// Reads at most 64 KiB within a few seconds.
pub(super) async fn read_body(headers: &HeaderMap, mut payload: Payload) -> Result<Bytes, ApiError> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_LIMIT as u64) {
        return Err(ApiError::BodyTooLarge);
    }
    let read = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| ApiError::BodyIncomplete)?;
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(ApiError::BodyTooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(BODY_TIMEOUT, read).await.unwrap_or(Err(ApiError::BodyIncomplete))
}

fn refused(request: &HttpRequest, error: ApiError) {
    let refusal =
        Refusal { message: "the webhook refuses requests", reason: error.parts().1, provider: None };
    if let Some(refusals) = request.app_data::<Data<Refusals>>() {
        refusals.note(refusal, || error.to_string());
    }
}
