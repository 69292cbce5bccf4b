//! The classic API: `POST /messages`, and a success only if somebody was sent to.
//!
//! <https://developers.messagebird.com/api/sms-messaging/>

use super::ClassicConfig;
use super::codes::{CLASSIC_CODES, WRONG_KEY};
use crate::FailureKind::{Unavailable, Unknown};
use crate::check::{Checked, TIMEOUT, verdict};
use crate::client::{VendorReply, endpoint, exchange, scalar};
use crate::codes::CodeRow;
use crate::verdict::{Verdict, judge};
use crate::{Encoding, ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider, segments};
use reqwest::header::AUTHORIZATION;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

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

    /// What a reply to a text means: pure, so that recorded replies can be looked at.
    ///
    /// # Errors
    /// The failure, unless the reply says that the text was taken and gives its id.
    pub fn verdict(reply: &VendorReply) -> Result<SendReceipt, SendError> {
        judge(reply, read)
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
            "originator": message.sender(&self.config.senders, &self.config.originator),
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
        Self::verdict(&exchange(request).await?)
    }
}

fn read(reply: &VendorReply) -> Verdict {
    let body: Value = reply.json().unwrap_or_default();
    if reply.status.is_success() {
        let receipt = SendReceipt::new(ProviderName::MessageBird, scalar(&body["id"]).as_deref());
        let sent = scalar(&body["recipients"]["totalSentCount"]).and_then(|count| count.parse::<u32>().ok());
        return match (receipt.message_id.is_some(), sent) {
            (true, Some(1..)) => {
                let parts = &body["recipients"]["items"][0]["messagePartCount"];
                Ok(receipt.with_segments(scalar(parts).as_deref()))
            }
            // Taken, and sent to nobody.
            (true, Some(0)) => Err(SendError::new(Unavailable)),
            _ => Err(SendError::new(Unknown)),
        };
    }
    let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let by_status = SendError::new(reply.kind_by_status());
    let Some((code, first)) = errors.first().and_then(|first| Some((scalar(&first["code"])?, first))) else {
        let hint = matches!(reply.status.as_u16(), 401 | 403).then_some(WRONG_KEY);
        return Err(SendError { hint, ..by_status });
    };
    let listed = CLASSIC_CODES.find_about(&code, subject(first));
    Err(listed.map_or(by_status, CodeRow::failure).with_code(code))
}

/// What an error is about. The sentence is looked at and never repeated: on a trial account it is the only
/// difference between a number that is none and one that the account may not send to yet.
fn subject(error: &Value) -> Option<&str> {
    let is_trial = error["description"].as_str().is_some_and(|sentence| sentence.contains("test period"));
    if is_trial { Some("trial") } else { error["parameter"].as_str() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind::{BadRecipient, Misconfigured};
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

    /// Field 35: a trial account sends to its owner's number only, and says so with the code of a bad number.
    #[test]
    fn a_number_that_a_trial_account_may_not_send_to_is_the_accounts_fault() {
        let refusal = |sentence| {
            let error = json!({"code": 9, "description": sentence, "parameter": "recipient"});
            read(&reply(422, json!({ "errors": [error] }).to_string().as_bytes())).unwrap_err()
        };
        let trial = refusal(
            "no (correct) recipients found. Note: during your test period you can only send messages to yourself.",
        );
        assert_eq!(trial.kind, Misconfigured);
        assert!(trial.kind.allows_next_provider() && trial.hint.unwrap().contains("trial account"));
        assert_eq!(refusal("no (correct) recipients found").kind, BadRecipient);
    }

    #[test]
    fn no_reply_panics_or_succeeds_without_an_id() {
        assert_no_reply_succeeds_without_an_id(read);
    }
}
