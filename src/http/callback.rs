//! `GET|POST /callbacks/{provider}/{delivery_ref}`: a provider says what became of a message.
//!
//! The signed URL is rebuilt from `PUBLIC_URL`, never from `Host` or `X-Forwarded-*`, which anybody can
//! send; its query stays byte for byte as it came. A verified provider always gets a 2xx, since it could do
//! nothing about our troubles.

use super::delivery::{CALLBACK_LIMIT, read_body};
use super::error::ApiError;
use crate::domain::{Clock, DeliveryRef};
use crate::relay::Relay;
use crate::telemetry::{Refusal, Refusals};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use sms_providers::client::endpoint;
use sms_providers::{CallbackError, RawCallback, StatusCallback, Subject};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;
use url::Url;

/// Who may report, by the name in the path, and the public URL that they were given.
#[derive(Default)]
pub struct Callbacks {
    /// The public base of all callback URLs; without it no callback is believed.
    pub base: Option<Url>,
    /// The verifiers by provider name.
    pub providers: watch::Sender<Verifiers>,
}

/// Whoever verifies what a provider reports, by the provider's name.
pub type Verifiers = HashMap<&'static str, Arc<dyn StatusCallback>>;

pub(super) async fn receive(
    request: HttpRequest,
    payload: Payload,
    path: Path<(String, String)>,
    callbacks: Data<Callbacks>,
    clock: Data<dyn Clock>,
    refusals: Data<Refusals>,
    relay: Data<Relay>,
) -> Result<HttpResponse, ApiError> {
    let (provider, reference) = path.into_inner();
    let known =
        callbacks.providers.borrow().get_key_value(provider.as_str()).map(|(name, it)| (*name, it.clone()));
    let (name, verifier) = known.ok_or(ApiError::NotFound)?;
    let delivery = DeliveryRef::parse(&reference).ok_or(ApiError::NotFound)?;
    let base = callbacks.base.as_ref().ok_or(ApiError::NotFound)?;
    let mut url: String = endpoint(base, &[&provider, &reference]).into();
    if let Some(query) = request.uri().query() {
        url = url + "?" + query;
    }
    let body = read_body(&request, payload.into_inner(), CALLBACK_LIMIT).await?;
    let headers: Vec<_> = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let raw = RawCallback { url: &url, headers: &headers, body: &body };
    let verdict = verifier.verify(&raw, clock.now().to_system_time()).and_then(|report| {
        // One account's signature is good for all its texts, also for those of other programs.
        let is_foreign = report.as_ref().is_some_and(|report| match &report.about {
            Subject::Address => false,
            Subject::Reference(named) => named.as_str() != reference,
            Subject::MessageId(_) => true,
        });
        if is_foreign { Err(CallbackError::Foreign) } else { Ok(report) }
    });
    let report = verdict.map_err(|error| {
        let refused = match error {
            CallbackError::NotYetSigned => ApiError::CallbackNotSigned,
            _ => ApiError::CallbackRefused,
        };
        let (message, problem) = ("status callbacks are refused", refused.problem());
        refusals.note(Refusal { message, problem, provider: Some(name) }, || error.to_string());
        refused
    })?;
    if let Some(update) = report.and_then(|report| report.update) {
        // Already logged and counted where it failed.
        let _ = relay.texting.record_status(&delivery, &update).await;
    }
    Ok(HttpResponse::NoContent().finish())
}
