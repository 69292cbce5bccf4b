//! The SMS API: a form goes in, and HTTP 200 comes back whether it was taken or not.
//!
//! <https://developer.vonage.com/en/api/sms>

use super::codes::{SMS_CODES, hint_by_status};
use super::config::sender;
use super::{SmsAuth, SmsConfig};
use crate::check::{Checked, TIMEOUT, verdict};
use crate::client::{VendorReply, endpoint, exchange, scalar};
use crate::codes::CodeRow;
use crate::verdict::{Verdict, judge};
use crate::{
    Encoding, FailureKind, Price, ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider, segments,
};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

/// The shortest and the longest life that Vonage takes, in milliseconds.
const TTL: (u128, u128) = (20_000, 604_800_000);

/// Sends through the SMS API of one account.
pub struct VonageSms {
    config: SmsConfig,
    url: Url,
    http: reqwest::Client,
}

impl VonageSms {
    /// A provider that sends with this client, which [`crate::client::http_client`] builds.
    pub fn new(config: SmsConfig, http: reqwest::Client) -> Self {
        let url = endpoint(&config.base_url, &["sms", "json"]);
        Self { config, url, http }
    }

    /// What a reply to a text means: pure, so that recorded replies can be looked at.
    ///
    /// # Errors
    /// The failure, unless the reply says that the text was taken and gives its id.
    pub fn verdict(reply: &VendorReply) -> Result<SendReceipt, SendError> {
        judge(reply, read)
    }

    /// Whether Vonage accepts the API key and its secret.
    ///
    /// # Errors
    /// If it does not, or says nothing.
    pub async fn check(&self) -> Result<Checked, SendError> {
        let SmsAuth::Secret(secret) = &self.config.auth else {
            return Ok(Checked::NotOffered("Vonage tells nothing about a signature secret without a text"));
        };
        let url = endpoint(&self.config.base_url, &["account", "get-balance"]);
        let request = self.http.get(url).basic_auth(&self.config.api_key, Some(secret.expose_secret()));
        verdict(&exchange(request.timeout(TIMEOUT)).await?, |body| !body["value"].is_null(), read)
    }

    fn form(&self, message: &SmsMessage, timestamp: u64) -> Vec<(&'static str, String)> {
        let text = message.body.expose();
        let ttl = message.expires_in.as_millis().clamp(TTL.0, TTL.1);
        let from: &String = message.sender(&self.config.senders, &self.config.from);
        let mut form = vec![
            ("from", sender(from).to_owned()),
            ("to", message.to.digits().to_owned()),
            ("text", text.to_owned()),
            ("ttl", ttl.to_string()),
            ("client-ref", message.reference.as_str().to_owned()),
        ];
        // As `text`, characters outside GSM-7 would arrive mangled; `unicode` halves the room, so only then.
        if segments(text).encoding == Encoding::Ucs2 {
            form.push(("type", "unicode".to_owned()));
        }
        let report = message
            .status_url(ProviderName::Vonage)
            .filter(|url| self.config.wants_reports && url.as_str().len() <= SmsConfig::LONGEST_CALLBACK);
        match report {
            Some(url) => form.push(("callback", url.into())),
            None => form.push(("status-report-req", "false".to_owned())),
        }
        if let SmsAuth::Signed(signature) = &self.config.auth {
            form.push(("api_key", self.config.api_key.clone()));
            form.push(("timestamp", timestamp.to_string()));
            let parameters: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let sig = signature.sign(&parameters);
            form.push(("sig", sig));
        }
        form
    }
}

#[async_trait::async_trait]
impl SmsProvider for VonageSms {
    fn name(&self) -> ProviderName {
        ProviderName::Vonage
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        let form = self.form(message, jsonwebtoken::get_current_timestamp());
        let request = self.http.post(self.url.clone()).form(&form);
        let request = match &self.config.auth {
            SmsAuth::Secret(secret) => request.basic_auth(&self.config.api_key, Some(secret.expose_secret())),
            SmsAuth::Signed(_) => request,
        };
        Self::verdict(&exchange(request).await?)
    }
}

/// One entry a segment. A text of which any segment was taken has been sent, and must not be repeated.
fn read(reply: &VendorReply) -> Verdict {
    if !reply.status.is_success() {
        let hint = hint_by_status(reply.status.as_u16());
        return Err(SendError { hint, ..SendError::new(reply.kind_by_status()) });
    }
    let body: Value = reply.json().unwrap_or_default();
    let parts = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let status = |part: &Value| scalar(&part["status"]);
    if let Some(taken) = parts.iter().find(|part| status(part).as_deref() == Some("0")) {
        let receipt = SendReceipt::with_id(ProviderName::Vonage, scalar(&taken["message-id"]).as_deref())?;
        let taken = parts.iter().filter(|part| status(part).as_deref() == Some("0")).count();
        let receipt = receipt.with_segments(Some(&taken.to_string()));
        return Ok(SendReceipt { price: price(parts), ..receipt });
    }
    let unknown = SendError::new(FailureKind::Unknown);
    let Some((part, status)) = parts.iter().find_map(|part| Some((part, status(part)?))) else {
        return Err(unknown);
    };
    let listed = SMS_CODES.find_about(&status, blames_the_number(part).then_some("to"));
    Err(listed.map_or(unknown, CodeRow::failure).with_code(status))
}

/// The sentence names the parameter; it is read and never repeated.
fn blames_the_number(part: &Value) -> bool {
    let text = part["error-text"].as_str().unwrap_or_default();
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "to" || word == "msisdn")
}

/// What all segments that were taken cost together. Vonage names no currency here; its accounts are in euros.
fn price(parts: &[Value]) -> Option<Price> {
    let taken = parts.iter().filter(|part| scalar(&part["status"]).as_deref() == Some("0"));
    let prices = taken.map(|part| Price::parse(&scalar(&part["message-price"])?, "EUR").map(Price::micros));
    let micros = prices.sum::<Option<i64>>()?;
    Price::from_micros(micros, "EUR")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::{assert_no_reply_succeeds_without_an_id, reply};

    fn kind(status: &str, text: &str) -> FailureKind {
        let body =
            serde_json::json!({"message-count": "1", "messages": [{"status": status, "error-text": text}]});
        read(&reply(200, body.to_string().as_bytes())).unwrap_err().kind
    }

    #[test]
    fn an_invalid_parameter_is_the_recipients_fault_only_if_it_is_the_number() {
        assert_eq!(kind("3", "Invalid value for param: to"), FailureKind::BadRecipient);
        assert_eq!(kind("3", "Invalid value for param: ttl"), FailureKind::Misconfigured);
    }

    #[test]
    fn a_text_of_which_one_segment_was_taken_was_sent() {
        let body = br#"{"message-count":"2","messages":[{"status":"1","error-text":"Throttled"},{"status":0,"message-id":"0A01"}]}"#;
        assert_eq!(read(&reply(200, body)).unwrap().message_id.as_deref(), Some("0A01"));
    }

    #[test]
    fn a_status_nobody_knows_may_have_sent() {
        assert_eq!(kind("999", ""), FailureKind::Unknown);
    }

    #[test]
    fn no_reply_panics_or_succeeds_without_an_id() {
        assert_no_reply_succeeds_without_an_id(read);
    }
}
