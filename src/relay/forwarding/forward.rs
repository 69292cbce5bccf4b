//! Hands an event to the user's app as Neon sent it, and reads what the app says.
//!
//! The app can verify Neon's own signature, or ours if it has `FORWARD_SECRET`:
//! `Relay-Signature: t=<Unix time in seconds>,v1=<hex HMAC-SHA256 of "t.body">`, where `t` is the time of this
//! delivery, since Neon's timestamp grows old in the outbox.

use crate::domain::{AppAnswer, AppFailure, Clock, SignedRequest, Timestamp};
use crate::telemetry::trace;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use sms_providers::NetworkCause;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tracing::Instrument;
use url::Url;

/// Our signature, if there is a secret.
const SIGNATURE: &str = "relay-signature";
/// Which of our attempts this is, from 1. A relay that meets it has been handed its own request.
pub const ATTEMPT: &str = "relay-attempt";
/// Neon reads no longer answer.
const ANSWER_LIMIT: usize = 10 * 1024;

/// Calls the app.
pub struct Forwarder {
    http: reqwest::Client,
    secret: watch::Sender<Option<SecretString>>,
    clock: Arc<dyn Clock>,
}

impl Forwarder {
    /// A forwarder that signs with `secret`, if there is one. `http` must not follow redirects.
    pub fn new(http: reqwest::Client, secret: Option<SecretString>, clock: Arc<dyn Clock>) -> Self {
        Self { http, secret: watch::Sender::new(secret), clock }
    }

    /// Signs with another secret from now on.
    pub fn sign_with(&self, secret: Option<SecretString>) {
        self.secret.send_replace(secret);
    }

    /// Makes one request, and waits no longer than `within` for the whole answer.
    ///
    /// # Errors
    /// Everything but an answer with a status of 200 to 299 or 400 to 599.
    pub async fn forward(
        &self,
        target: &Url,
        request: &SignedRequest,
        attempt: u32,
        within: Duration,
    ) -> Result<AppAnswer, AppFailure> {
        let exchange = async {
            let response =
                self.post(target, request, attempt).send().await.map_err(|error| failure(&error))?;
            let status = response.status();
            if status.is_redirection() {
                return Err(AppFailure::Redirects);
            }
            if status < StatusCode::OK {
                return Err(AppFailure::BrokeOff);
            }
            Ok(AppAnswer { status: status.as_u16(), body: read_capped(response).await? })
        };
        let span = trace::app(attempt);
        let exchange = tokio::time::timeout(within, exchange).instrument(span.clone());
        let answer = exchange.await.unwrap_or(Err(AppFailure::TimedOut));
        trace::app_answered(&span, answer.as_ref().ok().map(|answer| answer.status));
        answer
    }

    fn post(&self, target: &Url, request: &SignedRequest, attempt: u32) -> reqwest::RequestBuilder {
        let mut post = self.http.post(target.clone()).header(CONTENT_TYPE, "application/json");
        for (name, value) in &request.headers {
            post = post.header(name, value.as_slice());
        }
        for (name, value) in trace::context() {
            post = post.header(name, value);
        }
        if let Some(secret) = self.secret.borrow().as_ref() {
            post = post.header(SIGNATURE, signature(secret, self.clock.now(), &request.body));
        }
        post.header(ATTEMPT, attempt).body(request.body.clone())
    }
}

fn signature(secret: &SecretString, now: Timestamp, body: &[u8]) -> String {
    let seconds = now.as_millis() / 1000;
    // HMAC takes a key of any length, so the error cannot occur; an empty signature verifies nowhere.
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map(|mac| mac.chain_update(format!("{seconds}.")).chain_update(body).finalize().into_bytes());
    format!("t={seconds},v1={}", mac.map(hex::encode).unwrap_or_default())
}

/// The first 10 KB of the body. What is cut off was too long for Neon as well.
async fn read_capped(mut response: Response) -> Result<Vec<u8>, AppFailure> {
    let mut body = Vec::new();
    while body.len() < ANSWER_LIMIT {
        match response.chunk().await.map_err(|error| failure(&error))? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    body.truncate(ANSWER_LIMIT);
    Ok(body)
}

/// The error's own words hold the URL, which may hold credentials.
fn failure(error: &reqwest::Error) -> AppFailure {
    if error.is_timeout() && !error.is_connect() {
        AppFailure::TimedOut
    } else if error.is_connect() {
        AppFailure::Unreachable(NetworkCause::of(error))
    } else {
        AppFailure::BrokeOff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_an_hmac_over_the_time_of_the_delivery_and_the_body() {
        let at = Timestamp::from_millis(1_771_848_000_999);
        // printf '1771848000.{"a":1}' | openssl dgst -sha256 -hmac s3cret
        assert_eq!(
            signature(&"s3cret".into(), at, b"{\"a\":1}"),
            "t=1771848000,v1=02128b035603879996bf68802bee0b0853482667110b01155fd073e022972534"
        );
    }
}
