//! The request to Twilio and the reading of its reply.
//!
//! <https://www.twilio.com/docs/messaging/api/message-resource>

use super::codes::{ACCOUNT, classify, hint_by_status};
use super::{Sender, TwilioConfig};
use crate::check::{Checked, TIMEOUT, verdict};
use crate::client::{VendorReply, exchange, scalar};
use crate::{FailureKind, ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use serde_json::Value;
use url::Url;

/// The longest validity period that Twilio takes, in seconds.
const LONGEST_VALIDITY: u64 = 36_000;

/// Sends through one Twilio account.
pub struct TwilioProvider {
    config: TwilioConfig,
    messages_url: Url,
    http: reqwest::Client,
}

impl TwilioProvider {
    /// A provider that sends with this client, which [`crate::client::http_client`] builds.
    pub fn new(config: TwilioConfig, http: reqwest::Client) -> Self {
        let messages_url = config.messages_url();
        Self { config, messages_url, http }
    }

    /// Whether Twilio accepts the credentials, and the account may send.
    ///
    /// # Errors
    /// If it does not, or says nothing.
    pub async fn check(&self) -> Result<Checked, SendError> {
        let (user, password) = self.config.basic_auth();
        let request = self.http.get(self.config.check_url()).basic_auth(user, Some(password));
        let reply = exchange(request.timeout(TIMEOUT)).await?;
        let account: Value = reply.json().unwrap_or_default();
        if let Some("suspended" | "closed") = account["status"].as_str() {
            return Err(SendError::new(FailureKind::Misconfigured).with_hint(ACCOUNT));
        }
        verdict(&reply, |body| body["status"] == "active" || body["messages"].is_array(), read)
    }

    fn form<'a>(
        &'a self,
        message: &'a SmsMessage,
        validity: &'a str,
        status_url: Option<&'a Url>,
    ) -> Vec<(&'static str, &'a str)> {
        let sender = match &self.config.sender {
            Sender::Number(number) => ("From", number.as_str()),
            Sender::MessagingService(sid) => ("MessagingServiceSid", sid.as_str()),
        };
        let mut form = vec![
            ("To", message.to.as_e164()),
            sender,
            ("Body", message.body.expose()),
            ("ValidityPeriod", validity),
            // Every provider is to send the same text, so look-alikes are not replaced.
            ("SmartEncoded", "false"),
        ];
        form.extend(status_url.map(|url| ("StatusCallback", url.as_str())));
        form
    }
}

#[async_trait::async_trait]
impl SmsProvider for TwilioProvider {
    fn name(&self) -> ProviderName {
        ProviderName::Twilio
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        let (user, password) = self.config.basic_auth();
        let validity = message.expires_in.as_secs().clamp(1, LONGEST_VALIDITY).to_string();
        // A report that cannot be verified is not worth asking for.
        let status_url = self.config.signing_token().and_then(|_| message.status_url(self.name()));
        let request = self
            .http
            .post(self.messages_url.clone())
            .basic_auth(user, Some(password))
            .form(&self.form(message, &validity, status_url.as_ref()));
        read(&exchange(request).await?)
    }
}

/// The verdict of a reply. Twilio writes codes as numbers, and a body need not be JSON when it is in
/// trouble, so nothing is taken for granted but the HTTP status.
fn read(reply: &VendorReply) -> Result<SendReceipt, SendError> {
    let body: Value = reply.json().unwrap_or_default();
    if !reply.status.is_success() {
        let fallback = (reply.kind_by_status(), hint_by_status(reply.status.as_u16()));
        return Err(failure(&body["code"], fallback).with_retry_after(reply.retry_after));
    }
    // A message can be stillborn: created, and failed at once.
    if let Some("failed" | "undelivered" | "canceled") = body["status"].as_str() {
        return Err(failure(&body["error_code"], (FailureKind::Unavailable, None)));
    }
    SendReceipt::with_id(ProviderName::Twilio, scalar(&body["sid"]).as_deref())
}

fn failure(code: &Value, fallback: (FailureKind, Option<&'static str>)) -> SendError {
    let code = scalar(code);
    let number = code.as_deref().and_then(|code| code.parse().ok());
    let (kind, hint) = number.and_then(classify).unwrap_or(fallback);
    let mut error = SendError { hint, ..SendError::new(kind) };
    if let Some(code) = code {
        error = error.with_code(code);
    }
    error
}

#[cfg(test)]
mod tests;
