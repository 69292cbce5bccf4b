//! The classic API: `POST /messages`, and a success only if somebody was sent to.
//!
//! <https://developers.messagebird.com/api/sms-messaging/>

use super::ClassicConfig;
use crate::FailureKind::{self, BadRecipient, Misconfigured, Unavailable, Unknown};
use crate::check::{Checked, TIMEOUT, verdict};
use crate::client::{VendorReply, endpoint, exchange, scalar};
use crate::{Encoding, ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider, segments};
use reqwest::header::AUTHORIZATION;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

const BALANCE: &str = "MessageBird: the account has no balance left";
const ORIGINATOR: &str =
    "MessageBird: check MESSAGEBIRD_ORIGINATOR; the destination country may not allow it";
const WRONG_KEY: &str = "MessageBird: the classic API does not know this access key. A Bird key does not work there: \
     set MESSAGEBIRD_API to channels or v1, or use a key of the classic dashboard";

/// Sends through the classic API of one account.
pub struct MessageBirdClassic {
    config: ClassicConfig,
    url: Url,
    http: reqwest::Client,
}

impl MessageBirdClassic {
    /// A provider that sends with this client, which [`crate::client::http_client`] builds.
    pub fn new(config: ClassicConfig, http: reqwest::Client) -> Self {
        let url = endpoint(&config.base_url, &["messages"]);
        Self { config, url, http }
    }

    /// Whether MessageBird accepts the access key.
    ///
    /// # Errors
    /// If it does not, or says nothing.
    pub async fn check(&self) -> Result<Checked, SendError> {
        let url = endpoint(&self.config.base_url, &["balance"]);
        let request = self.http.get(url).header(AUTHORIZATION, self.authorization());
        verdict(&exchange(request.timeout(TIMEOUT)).await?, |body| body["payment"].is_string(), read)
    }

    fn authorization(&self) -> String {
        format!("AccessKey {}", self.config.access_key.expose_secret())
    }

    fn body(&self, message: &SmsMessage) -> Value {
        let text = message.body.expose();
        // `plain` replaces what GSM-7 does not have, and `unicode` halves the room, so it is decided here.
        let datacoding = match segments(text).encoding {
            Encoding::Gsm7 => "plain",
            Encoding::Ucs2 => "unicode",
        };
        let mut body = json!({
            "type": "sms",
            "originator": self.config.originator,
            "recipients": [message.to.digits()],
            "body": text,
            "datacoding": datacoding,
            "validity": message.expires_in.as_secs().max(1),
            "reference": message.reference.as_str(),
        });
        if let Some(url) = message.status_url(ProviderName::MessageBird).filter(|_| self.config.wants_reports)
        {
            body["reportUrl"] = url.as_str().into();
        }
        body
    }
}

#[async_trait::async_trait]
impl SmsProvider for MessageBirdClassic {
    fn name(&self) -> ProviderName {
        ProviderName::MessageBird
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        let request = self.http.post(self.url.clone()).header(AUTHORIZATION, self.authorization());
        let request = request.json(&self.body(message));
        read(&exchange(request).await?)
    }
}

fn read(reply: &VendorReply) -> Result<SendReceipt, SendError> {
    let body: Value = reply.json().unwrap_or_default();
    if reply.status.is_success() {
        let receipt = SendReceipt::new(ProviderName::MessageBird, scalar(&body["id"]).as_deref());
        let sent = scalar(&body["recipients"]["totalSentCount"]).and_then(|count| count.parse::<u32>().ok());
        return match (receipt.message_id.is_some(), sent) {
            (true, Some(1..)) => Ok(receipt),
            // Taken, and sent to nobody.
            (true, Some(0)) => Err(SendError::new(Unavailable)),
            _ => Err(SendError::new(Unknown)),
        };
    }
    let error = |kind| SendError::new(kind).with_retry_after(reply.retry_after);
    // Behind a 5xx the text may be on its way, whatever the error is called.
    let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = errors.first().and_then(|first| Some((scalar(&first["code"])?, first)));
    let Some((code, first)) = named.filter(|_| !reply.status.is_server_error()) else {
        let hint = matches!(reply.status.as_u16(), 401 | 403).then_some(WRONG_KEY);
        return Err(SendError { hint, ..error(reply.kind_by_status()) });
    };
    let (kind, hint) = classify(&code, first["parameter"].as_str()).unwrap_or((reply.kind_by_status(), None));
    Err(SendError { hint, ..error(kind).with_code(code) })
}

/// <https://developers.messagebird.com/api/#api-errors>
fn classify(code: &str, parameter: Option<&str>) -> Option<(FailureKind, Option<&'static str>)> {
    Some(match (code, parameter) {
        ("9" | "10", Some("recipient" | "recipients")) => (BadRecipient, None),
        ("9" | "10", Some("originator")) => (Misconfigured, Some(ORIGINATOR)),
        ("2", _) => (Misconfigured, Some(WRONG_KEY)),
        ("25", _) => (Misconfigured, Some(BALANCE)),
        // Parameters missing or invalid, not found, bad request, no such API: ours to mend.
        ("9" | "10" | "20" | "21" | "98", _) => (Misconfigured, None),
        ("99", _) => (Unknown, None),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::{assert_no_reply_succeeds_without_an_id, reply};

    #[test]
    fn a_message_that_was_sent_to_nobody_is_not_sent() {
        let body = br#"{"id":"a","recipients":{"totalSentCount":0}}"#;
        assert_eq!(read(&reply(201, body)).unwrap_err().kind, Unavailable);
        let body = br#"{"id":"a"}"#;
        assert_eq!(read(&reply(201, body)).unwrap_err().kind, Unknown);
    }

    #[test]
    fn a_bird_key_on_the_classic_api_is_named_as_that() {
        let body = br#"{"errors":[{"code":2,"description":"Request not allowed (incorrect access_key)","parameter":"access_key"}]}"#;
        let error = read(&reply(401, body)).unwrap_err();
        assert_eq!(error.kind, Misconfigured);
        assert!(error.hint.unwrap().contains("A Bird key does not work there"));
    }

    #[test]
    fn no_reply_panics_or_succeeds_without_an_id() {
        assert_no_reply_succeeds_without_an_id(read);
    }
}
