//! The request to Twilio and the reading of its reply.
//!
//! <https://www.twilio.com/docs/messaging/api/message-resource>

use super::codes::{ACCOUNT, STATUS_URL, classify, hint_by_status, names_the_compliance_profile};
use super::{Sender, TwilioConfig};
use crate::check::{Checked, TIMEOUT, verdict};
use crate::client::{VendorReply, exchange, scalar};
use crate::codes::CodeRow;
use crate::verdict::{Verdict, judge};
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

    /// What a reply to a text from `sender` means: pure, so that recorded replies can be looked at.
    ///
    /// # Errors
    /// The failure, unless the reply says that the text was taken and gives its id.
    pub fn verdict(reply: &VendorReply, sender: &Sender) -> Result<SendReceipt, SendError> {
        judge(reply, |reply| read(reply, sender))
    }

    /// Whether Twilio accepts the credentials, and the account may send.
    ///
    /// # Errors
    /// If it does not, or says nothing.
    pub async fn check(&self) -> Result<Checked, SendError> {
        let (user, password) = self.config.basic_auth();
        let request = self.http.get(self.config.check_url()).basic_auth(user, Some(password));
        let reply = exchange(request.timeout(TIMEOUT)).await?;
        let body: Value = reply.json().unwrap_or_default();
        if let Some("suspended" | "closed") = body["status"].as_str() {
            return Err(SendError::new(FailureKind::Misconfigured).with_hint(ACCOUNT));
        }
        if let Some(reason) = lacks_rights(&reply, &body) {
            return Ok(Checked::MayNotRead(reason));
        }
        verdict(
            &reply,
            |body| body["status"] == "active" || body["messages"].is_array(),
            |reply| read(reply, &self.config.sender),
        )
    }

    fn sender<'a>(&'a self, message: &SmsMessage) -> &'a Sender {
        message.sender(&self.config.senders, &self.config.sender)
    }

    fn form<'a>(
        &'a self,
        message: &'a SmsMessage,
        [validity, attempt]: [&'a str; 2],
        status_url: Option<&'a Url>,
    ) -> Vec<(&'static str, &'a str)> {
        let sender = match self.sender(message) {
            Sender::Number(number) => ("From", number.as_str()),
            Sender::MessagingService(sid) => ("MessagingServiceSid", sid.as_str()),
        };
        let mut form = vec![
            ("To", message.to.as_e164()),
            sender,
            ("Body", message.body.expose()),
            ("ValidityPeriod", validity),
            ("Attempt", attempt),
            // Every provider is to send the same text, so look-alikes are not replaced.
            ("SmartEncoded", "false"),
        ];
        if self.config.wants_feedback {
            form.push(("ProvideFeedback", "true"));
        }
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
        let attempt = message.attempt.to_string();
        // A report that cannot be verified is not worth asking for.
        let status_url = self.config.signing_token().and_then(|_| message.status_url(self.name()));
        let send = async |status_url: Option<&Url>| {
            let form = self.form(message, [&validity, &attempt], status_url);
            let request =
                self.http.post(self.messages_url.clone()).basic_auth(user, Some(password)).form(&form);
            Self::verdict(&exchange(request).await?, self.sender(message))
        };
        match send(status_url.as_ref()).await {
            // A text is worth more than its report.
            Err(error) if status_url.is_some() && refuses_the_callback(&error) => {
                let hint = STATUS_URL;
                tracing::warn!(hint, "Twilio refuses the status callback URL; the text goes without one");
                send(None).await
            }
            verdict => verdict,
        }
    }
}

/// The verdict of a reply to a text from `sender`. Twilio writes codes as numbers, and a body need not be JSON when
/// it is in trouble, so nothing is taken for granted but the HTTP status.
pub(super) fn read(reply: &VendorReply, sender: &Sender) -> Verdict {
    let body: Value = reply.json().unwrap_or_default();
    // The sentence is looked at and never repeated.
    let failure = |code: &Value, sentence: &Value, fallback: SendError| {
        let Some(code) = scalar(code) else { return fallback };
        classify(&code, sender, sentence).map_or(fallback, CodeRow::failure).with_code(code)
    };
    if !reply.status.is_success() {
        let hint = hint_by_status(reply.status.as_u16());
        let fallback = SendError { hint, ..SendError::new(reply.kind_by_status()) };
        return Err(failure(&body["code"], &body["message"], fallback));
    }
    // A message can be stillborn: created, and failed at once.
    if let Some("failed" | "undelivered" | "canceled") = body["status"].as_str() {
        let fallback = SendError::new(FailureKind::Unavailable);
        return Err(failure(&body["error_code"], &body["error_message"], fallback));
    }
    let receipt = SendReceipt::with_id(ProviderName::Twilio, scalar(&body["sid"]).as_deref())?;
    // A messaging service has not counted yet, and says 0.
    Ok(receipt.with_segments(scalar(&body["num_segments"]).as_deref()))
}

fn refuses_the_callback(error: &SendError) -> bool {
    error.code.as_ref().is_some_and(|code| code.as_str() == "21609")
}

/// Why credentials that Twilio knows may not look at the account; they may send all the same, or soon.
fn lacks_rights(reply: &VendorReply, body: &Value) -> Option<&'static str> {
    const COMPLIANCE: &str = "the account's compliance profile is not approved, so Twilio may refuse to send as well; see Trust Hub in the Console";
    const RIGHTS: &str = "the credentials are known and may not read; whether they may send (messaging/messages/create) only a text can tell";
    let code = scalar(&body["code"])?;
    match (reply.status.as_u16(), code.as_str()) {
        (401 | 403, "20003") if names_the_compliance_profile(&body["message"]) => Some(COMPLIANCE),
        (401 | 403, "70051") | (403, "20003") => Some(RIGHTS),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
