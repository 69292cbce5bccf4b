//! Bird's platform v1: the one API here with idempotency keys, so that a repeated request is one text.
//!
//! <https://bird.com/en-us/docs/api>; the shapes are those of Bird's own SDKs. `validity_period` is
//! refused for now, so a text cannot be made to expire.

use super::V1Config;
use crate::FailureKind::{self, BadRecipient, Misconfigured, OptedOut, Throttled, Unavailable, Unknown};
use crate::check::{Checked, TIMEOUT, verdict};
use crate::client::{VendorReply, endpoint, exchange, scalar};
use crate::{ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

const BALANCE: &str = "Bird: the account has no balance left";
const CREDENTIALS: &str = "Bird: check the API key (bk_…), its region and its permissions; a classic MessageBird key does not work here";
const SENDER: &str = "Bird: check MESSAGEBIRD_ORIGINATOR; it must be a sender of this account that is registered for the country";

/// Sends through the platform's v1 with one API key.
pub struct BirdV1 {
    config: V1Config,
    url: Url,
    http: reqwest::Client,
}

impl BirdV1 {
    /// A provider that sends with this client, which [`crate::client::http_client`] builds.
    pub fn new(config: V1Config, http: reqwest::Client) -> Self {
        let url = endpoint(&config.base_url, &["v1", "sms", "messages"]);
        Self { config, url, http }
    }

    /// Whether Bird accepts the API key.
    ///
    /// # Errors
    /// If it does not, or says nothing.
    pub async fn check(&self) -> Result<Checked, SendError> {
        let mut url = self.url.clone();
        url.set_query(Some("limit=1"));
        let request = self.http.get(url).bearer_auth(self.config.api_key.expose_secret());
        verdict(&exchange(request.timeout(TIMEOUT)).await?, Value::is_object, read)
    }
}

#[async_trait::async_trait]
impl SmsProvider for BirdV1 {
    fn name(&self) -> ProviderName {
        ProviderName::MessageBird
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        let body = json!({
            "to": message.to.as_e164(),
            "from": self.config.from,
            "text": message.body.expose(),
            // Bird then shows the text as redacted wherever it is read again.
            "category": "authentication",
        });
        let request = self
            .http
            .post(self.url.clone())
            .bearer_auth(self.config.api_key.expose_secret())
            .header("Idempotency-Key", &message.idempotency_key)
            .json(&body);
        read(&exchange(request).await?)
    }
}

type Verdict = (FailureKind, Option<&'static str>);

fn read(reply: &VendorReply) -> Result<SendReceipt, SendError> {
    let body: Value = reply.json().unwrap_or_default();
    if reply.status.is_success() {
        let reason = body["last_error"]["code"].as_str();
        if let Some("failed" | "rejected" | "expired" | "canceled" | "undelivered") = body["status"].as_str()
        {
            let (kind, hint) = reason.and_then(by_reason).unwrap_or((Unavailable, None));
            let error = SendError { hint, ..SendError::new(kind) };
            return Err(reason.into_iter().fold(error, SendError::with_code));
        }
        return SendReceipt::with_id(ProviderName::MessageBird, scalar(&body["id"]).as_deref());
    }
    let error = &body["error"];
    let (kind, hint) = if reply.status.is_server_error() {
        // Behind a 5xx the text may be on its way, whatever the error is called.
        (reply.kind_by_status(), None)
    } else {
        let named = error["name"].as_str().and_then(by_reason);
        named.or_else(|| by_type(error["type"].as_str()?)).unwrap_or_else(|| by_status(reply))
    };
    let failure = SendError { hint, ..SendError::new(kind) }.with_retry_after(reply.retry_after);
    Err(scalar(&error["code"]).into_iter().fold(failure, SendError::with_code))
}

/// The names of errors, and the reasons of messages that failed.
fn by_reason(name: &str) -> Option<Verdict> {
    Some(match name {
        "SMSInvalidRecipient" | "invalid_destination" | "landline_unreachable" | "unreachable" => {
            (BadRecipient, None)
        }
        "recipient_opted_out" | "blocked_by_recipient" | "SMSRecipientOptedOut" => (OptedOut, None),
        "SMSNoEligibleSender" | "sender_unregistered" => (Misconfigured, Some(SENDER)),
        "insufficient_balance" => (Misconfigured, Some(BALANCE)),
        "SMSUnsupportedFeature" | "content_rejected" => (Misconfigured, None),
        "provider_unavailable" | "blocked_by_carrier" => (Unavailable, None),
        _ => return None,
    })
}

fn by_type(kind: &str) -> Option<Verdict> {
    Some(match kind {
        "auth_error" | "permission_error" => (Misconfigured, Some(CREDENTIALS)),
        "billing_error" => (Misconfigured, Some(BALANCE)),
        "rate_limit_error" => (Throttled, None),
        // An earlier request with this key is running, or was carried out with an older text: it may be
        // that one that arrives.
        "conflict_error" => (Unknown, None),
        "validation_error" => (Misconfigured, None),
        _ => return None,
    })
}

fn by_status(reply: &VendorReply) -> Verdict {
    match reply.status.as_u16() {
        401 | 403 => (Misconfigured, Some(CREDENTIALS)),
        402 => (Misconfigured, Some(BALANCE)),
        409 => (Unknown, None),
        _ => (reply.kind_by_status(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::{assert_no_reply_succeeds_without_an_id, reply};

    fn kind(status: u16, error: Value) -> FailureKind {
        read(&reply(status, json!({ "error": error }).to_string().as_bytes())).unwrap_err().kind
    }

    #[test]
    fn a_request_that_met_its_own_idempotency_key_may_have_sent() {
        assert_eq!(kind(409, json!({"type": "conflict_error", "code": "E01004"})), Unknown);
        assert_eq!(kind(409, json!({"type": "conflict_error", "code": "E01005"})), Unknown);
    }

    #[test]
    fn the_name_says_more_than_the_type() {
        assert_eq!(
            kind(422, json!({"type": "validation_error", "name": "SMSInvalidRecipient"})),
            BadRecipient
        );
        assert_eq!(kind(422, json!({"type": "validation_error", "name": "SMSNewIdea"})), Misconfigured);
        assert_eq!(kind(418, json!({"type": "teapot_error"})), Misconfigured);
    }

    #[test]
    fn a_message_that_failed_on_creation_is_not_accepted() {
        let body = br#"{"id":"sms_1","status":"rejected","last_error":{"code":"recipient_opted_out"}}"#;
        assert_eq!(read(&reply(202, body)).unwrap_err().kind, OptedOut);
    }

    #[test]
    fn no_reply_panics_or_succeeds_without_an_id() {
        assert_no_reply_succeeds_without_an_id(read);
    }
}
