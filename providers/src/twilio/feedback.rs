//! Message Feedback: a text that was sent with `ProvideFeedback` waits for a word about it.
//!
//! <https://www.twilio.com/docs/messaging/api/message-feedback-resource>

use super::TwilioConfig;
use super::send::read;
use crate::client::{endpoint, exchange};
use crate::feedback::{Conversion, ConversionFeedback, told};
use crate::{ProviderName, SendError};

/// Tells one Twilio account what became of its texts.
pub struct TwilioFeedback {
    config: TwilioConfig,
    http: reqwest::Client,
}

impl TwilioFeedback {
    /// Speaks for the account that sends; its texts need [`TwilioConfig::wants_feedback`].
    pub fn new(config: TwilioConfig, http: reqwest::Client) -> Self {
        Self { config, http }
    }
}

#[async_trait::async_trait]
impl ConversionFeedback for TwilioFeedback {
    fn name(&self) -> ProviderName {
        ProviderName::Twilio
    }

    async fn tell(&self, conversion: &Conversion) -> Result<(), SendError> {
        let (account, message) = (&self.config.account_sid, &conversion.message_id);
        let path = ["2010-04-01", "Accounts", account, "Messages", message, "Feedback.json"];
        let outcome = if conversion.verified { "confirmed" } else { "unconfirmed" };
        let (user, password) = self.config.basic_auth();
        let request = self.http.post(endpoint(&self.config.base_url, &path));
        let request = request.basic_auth(user, Some(password)).form(&[("Outcome", outcome)]);
        told(&exchange(request).await?, self.name(), |reply| read(reply, &self.config.sender))
    }
}
