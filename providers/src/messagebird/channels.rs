//! Bird's Channels API: a message to a contact of a channel.
//!
//! <https://docs.bird.com/api/channels-api/supported-channels/programmable-sms/sending-sms-messages>. It
//! knows no validity period and no report URL of a message.

use super::ChannelsConfig;
use super::codes::{CHANNELS_CODES, CLASSIC_REPORT_CODES};
use crate::FailureKind::{BadRecipient, Misconfigured, Unavailable};
use crate::check::{Checked, TIMEOUT, verdict};
use crate::client::{VendorReply, endpoint, exchange, scalar};
use crate::codes::CodeRow;
use crate::verdict::{Verdict, judge};
use crate::{ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use reqwest::header::AUTHORIZATION;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

const BALANCE: &str = "Bird: the workspace has no balance left";
const CREDENTIALS: &str =
    "Bird: check the access key, the workspace and the channel; a classic MessageBird key does not work here";
const INACTIVE: &str =
    "Bird: the channel is not active; activate it in the dashboard, or set BIRD_CHANNEL_ID to another one";

/// Sends through one SMS channel of a workspace.
pub struct BirdChannels {
    config: ChannelsConfig,
    http: reqwest::Client,
}

impl BirdChannels {
    /// A provider that sends with this client, which [`crate::client::http_client`] builds.
    pub fn new(config: ChannelsConfig, http: reqwest::Client) -> Self {
        Self { config, http }
    }

    /// What a reply to a text means: pure, so that recorded replies can be looked at.
    ///
    /// # Errors
    /// The failure, unless the reply says that the text was taken and gives its id.
    pub fn verdict(reply: &VendorReply) -> Result<SendReceipt, SendError> {
        judge(reply, read)
    }

    /// Whether Bird accepts the access key and the channel is active.
    ///
    /// # Errors
    /// If it does not, or is not, or says nothing.
    pub async fn check(&self) -> Result<Checked, SendError> {
        let path = ["workspaces", &self.config.workspace_id, "channels", &self.config.channel_id];
        let request = self.http.get(endpoint(&self.config.base_url, &path));
        let request = request.header(AUTHORIZATION, self.authorization()).timeout(TIMEOUT);
        let reply = exchange(request).await?;
        let channel: Value = reply.json().unwrap_or_default();
        if reply.status.is_success() && channel["status"].as_str().is_some_and(|status| status != "active") {
            return Err(SendError::new(Misconfigured).with_hint(INACTIVE));
        }
        verdict(&reply, |body| body["id"].is_string(), read)
    }

    /// `POST`ing here sends the text; the channel is the sender.
    fn url(&self, message: &SmsMessage) -> Url {
        let channel = message.sender(&self.config.channels, &self.config.channel_id);
        let path = ["workspaces", &self.config.workspace_id, "channels", channel, "messages"];
        endpoint(&self.config.base_url, &path)
    }

    fn authorization(&self) -> String {
        format!("AccessKey {}", self.config.access_key.expose_secret())
    }
}

#[async_trait::async_trait]
impl SmsProvider for BirdChannels {
    fn name(&self) -> ProviderName {
        ProviderName::MessageBird
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        let contact = json!({ "identifierKey": "phonenumber", "identifierValue": message.to.as_e164() });
        let body = json!({
            "receiver": { "contacts": [contact] },
            "body": { "type": "text", "text": { "text": message.body.expose() } },
            "reference": message.reference.as_str(),
        });
        let request = self.http.post(self.url(message)).header(AUTHORIZATION, self.authorization());
        Self::verdict(&exchange(request.json(&body)).await?)
    }
}

fn read(reply: &VendorReply) -> Verdict {
    let body: Value = reply.json().unwrap_or_default();
    if !reply.status.is_success() {
        return Err(refusal(reply, &body));
    }
    // A message can be stillborn: accepted, and failed at once.
    if let Some("sending_failed" | "delivery_failed" | "rejected") = body["status"].as_str() {
        let (code, listed) = failure_row(&body["failure"]);
        let error = listed.map_or_else(|| SendError::new(Unavailable), CodeRow::failure);
        return Err(code.into_iter().fold(error, SendError::with_code));
    }
    SendReceipt::with_id(ProviderName::MessageBird, scalar(&body["id"]).as_deref())
}

fn refusal(reply: &VendorReply, body: &Value) -> SendError {
    let hint = match reply.status.as_u16() {
        401 | 403 | 404 => Some(CREDENTIALS),
        402 => Some(BALANCE),
        _ => None,
    };
    let (kind, hint) =
        if blames_the_number(body) { (BadRecipient, None) } else { (reply.kind_by_status(), hint) };
    let error = SendError { hint, ..SendError::new(kind) };
    scalar(&body["code"]).into_iter().fold(error, SendError::with_code)
}

/// Bird's code of a failure, and the line that says most about it: that of the carrier's code, which Bird passes on
/// from the network of the classic API, or else that of its own.
pub(super) fn failure_row(failure: &Value) -> (Option<String>, Option<&'static CodeRow>) {
    let (code, source) = (scalar(&failure["code"]), &failure["source"]);
    let carriers = scalar(&source["code"]).filter(|_| source["name"] == "sms-messagebird");
    let row = carriers.as_deref().and_then(|code| CLASSIC_REPORT_CODES.find(code));
    let row = row.or_else(|| CHANNELS_CODES.find(code.as_deref()?));
    (code.or(carriers), row)
}

/// A validation error lists what it complains about by the path of the field.
fn blames_the_number(body: &Value) -> bool {
    body["details"]
        .as_object()
        .is_some_and(|details| details.keys().any(|path| path.contains("identifierValue")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::{assert_no_reply_succeeds_without_an_id, reply};

    #[test]
    fn a_number_that_fails_validation_is_the_recipients_fault() {
        let body = br#"{"code":"InvalidPayload","details":{"receiver.contacts[0].identifierValue":["must be a phone number"]}}"#;
        assert_eq!(read(&reply(422, body)).unwrap_err().kind, BadRecipient);
    }

    #[test]
    fn a_message_that_failed_on_creation_is_not_accepted() {
        let body = br#"{"id":"a","status":"sending_failed","failure":{"code":12001}}"#;
        assert_eq!(read(&reply(202, body)).unwrap_err().kind, Unavailable);
    }

    #[test]
    fn no_reply_panics_or_succeeds_without_an_id() {
        assert_no_reply_succeeds_without_an_id(read);
    }
}
