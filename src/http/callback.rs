//! `GET|POST /callbacks/{provider}/{reference}`: a provider says what became of a text. One that can be told no
//! address for each text, MessageBird's newer APIs, uses `/callbacks/messagebird`.
//!
//! The signed URL is rebuilt from `PUBLIC_URL`, never from `Host` or `X-Forwarded-*`, which anybody can
//! send; its query stays byte for byte as it came. A verified provider always gets a 2xx, since it could do
//! nothing about our troubles.

use super::delivery::{CALLBACK_LIMIT, read_body};
use super::error::ApiError;
use super::request_log;
use crate::domain::{Clock, TextRef};
use crate::relay::Relay;
use crate::telemetry::{Refusal, Refusals};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use sms_providers::client::endpoint;
use sms_providers::{CallbackError, ProviderName, RawCallback, StatusCallback, Subject};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;
use tracing::Instrument;
use url::Url;

/// Who may report, by the name in the path, and the public URL that they were given.
#[derive(Default)]
pub struct Callbacks {
    /// The public base of all callback URLs; without it no callback is believed.
    pub base: Option<Url>,
    /// The verifiers by provider name.
    pub providers: watch::Sender<Verifiers>,
}

/// Whoever verifies what a provider reports.
pub type Verifiers = HashMap<ProviderName, Arc<dyn StatusCallback>>;

/// A report to the address of one text.
pub(super) async fn receive(
    request: HttpRequest,
    payload: Payload,
    path: Path<(String, String)>,
    parts: Parts,
) -> Result<HttpResponse, ApiError> {
    let (provider, reference) = path.into_inner();
    let text = TextRef::parse(&reference).ok_or(ApiError::NotFound)?;
    handle(request, payload, &[&provider, &reference], Some(text), parts).await
}

/// A report to the one address of a provider that has no other.
pub(super) async fn receive_any(
    request: HttpRequest,
    payload: Payload,
    path: Path<String>,
    parts: Parts,
) -> Result<HttpResponse, ApiError> {
    handle(request, payload, &[&path], None, parts).await
}

/// What every report meets.
type Parts = (Data<Callbacks>, Data<dyn Clock>, Data<Refusals>, Data<Relay>);

async fn handle(
    request: HttpRequest,
    payload: Payload,
    path: &[&str],
    address: Option<TextRef>,
    (callbacks, clock, refusals, relay): Parts,
) -> Result<HttpResponse, ApiError> {
    let known = path.first().and_then(|provider| {
        let providers = callbacks.providers.borrow();
        let known = providers.iter().find(|(name, _)| name.as_str() == *provider);
        known.map(|(name, verifier)| (*name, verifier.clone()))
    });
    let (name, verifier) = known.ok_or(ApiError::NotFound)?;
    let base = callbacks.base.as_ref().ok_or(ApiError::NotFound)?;
    let mut url: String = endpoint(base, path).into();
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
        let is_foreign = report.as_ref().is_some_and(|report| match (&report.about, &address) {
            (Subject::Address, address) => address.is_none(),
            (Subject::Reference(named), Some(text)) => named.as_str() != text.to_string(),
            (Subject::MessageId(_), address) => address.is_some(),
            (Subject::Reference(_), None) => false,
        });
        if is_foreign { Err(CallbackError::Foreign) } else { Ok(report) }
    });
    let report = verdict.map_err(|error| {
        let refused = match error {
            CallbackError::NotYetSigned => ApiError::CallbackNotSigned,
            _ => ApiError::CallbackRefused,
        };
        let (message, problem) = ("status callbacks are refused", refused.problem());
        refusals.note(Refusal { message, problem, provider: Some(name.as_str()) }, || error.to_string());
        refused
    })?;
    if let Some(report) = report {
        let reported = relay.texting.reported(name, address, report);
        reported.instrument(request_log::span(&request)).await;
    }
    Ok(HttpResponse::NoContent().finish())
}
