//! Bird's platform v1: the one API here with idempotency keys, so that a repeated request is one text.
//!
//! <https://bird.com/en-us/docs/api>; the shapes are those of Bird's own SDKs. `validity_period` is
//! refused for now, so a text cannot be made to expire.

use super::V1Config;
use super::codes::{V1_BALANCE, V1_CODES, V1_CREDENTIALS, V1_TYPES};
use super::v1_callback::cost;
use crate::FailureKind::{Misconfigured, Unavailable, Unknown};
use crate::check::{Checked, TIMEOUT, verdict};
use crate::client::{VendorReply, endpoint, exchange, scalar};
use crate::codes::CodeRow;
use crate::verdict::{Verdict, judge};
use crate::{ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

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

    /// What a reply to a text means: pure, so that recorded replies can be looked at.
    ///
    /// # Errors
    /// The failure, unless the reply says that the text was taken and gives its id.
    pub fn verdict(reply: &VendorReply) -> Result<SendReceipt, SendError> {
        judge(reply, read)
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
            "from": message.sender(&self.config.senders, &self.config.from),
            "text": message.body.expose(),
            // Bird then shows the text as redacted wherever it is read again.
            "category": "authentication",
            // Comes back with every event about the message.
            "metadata": { "ref": message.reference.as_str() },
        });
        let request = self
            .http
            .post(self.url.clone())
            .bearer_auth(self.config.api_key.expose_secret())
            .header("Idempotency-Key", &message.idempotency_key)
            .json(&body);
        Self::verdict(&exchange(request).await?)
    }
}

fn read(reply: &VendorReply) -> Verdict {
    let body: Value = reply.json().unwrap_or_default();
    if reply.status.is_success() {
        let reason = body["last_error"]["code"].as_str();
        if let Some("failed" | "rejected" | "expired" | "canceled" | "undelivered") = body["status"].as_str()
        {
            let listed = reason.and_then(|reason| V1_CODES.find(reason));
            let error = listed.map_or_else(|| SendError::new(Unavailable), CodeRow::failure);
            return Err(reason.into_iter().fold(error, SendError::with_code));
        }
        let receipt = SendReceipt::with_id(ProviderName::MessageBird, scalar(&body["id"]).as_deref())?;
        let receipt = receipt.with_segments(scalar(&body["segments"]["count"]).as_deref());
        return Ok(SendReceipt { price: cost(&body), ..receipt });
    }
    let error = &body["error"];
    // The name says more than the type.
    let named = error["name"].as_str().and_then(|name| V1_CODES.find(name));
    let listed = named.or_else(|| V1_TYPES.find(error["type"].as_str()?));
    let failure = listed.map_or_else(|| by_status(reply), CodeRow::failure);
    Err(scalar(&error["code"]).into_iter().fold(failure, SendError::with_code))
}

fn by_status(reply: &VendorReply) -> SendError {
    let (kind, hint) = match reply.status.as_u16() {
        401 | 403 => (Misconfigured, Some(V1_CREDENTIALS)),
        402 => (Misconfigured, Some(V1_BALANCE)),
        409 | 425 => (Unknown, None),
        _ => (reply.kind_by_status(), None),
    };
    SendError { hint, ..SendError::new(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind::{self, BadRecipient, OptedOut};
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
