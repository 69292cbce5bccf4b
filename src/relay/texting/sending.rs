//! What is sent through whom: all that can be replaced while the server runs, so a text that is on its way keeps one.

use super::TextingSettings;
use crate::domain::{DeliveryRef, EventId, MessageTemplate, Region, Timestamp};
use sms_providers::{ConversionFeedback, FailoverChain, MessageRef, PhoneNumber, SmsBody, SmsMessage};
use std::sync::Arc;
use std::time::Duration;

/// The settings, and the providers that follow from them.
pub(super) struct Sending {
    pub settings: TextingSettings,
    pub chain: FailoverChain,
    /// Who wants to know which texts led to a verification.
    pub listeners: Vec<Arc<dyn ConversionFeedback>>,
}

impl Sending {
    /// What is sent to this country.
    pub fn template(&self, region: Option<Region>) -> &MessageTemplate {
        let regional = region.and_then(|region| self.settings.regions.get(&region));
        regional.and_then(|regional| regional.template.as_ref()).unwrap_or(&self.settings.template)
    }

    /// Whether anything is ever learnt of a text that could lead to another one.
    pub fn may_be_sent_again(&self) -> bool {
        let TextingSettings { callbacks, resend_on_failure, resend_if_silent, max_sends, .. } =
            &self.settings;
        callbacks.is_some() && *max_sends > 1 && (*resend_on_failure || resend_if_silent.is_some())
    }

    /// When a text that is sent now has been silent for too long.
    pub fn silent_at(&self, now: Timestamp) -> Option<Timestamp> {
        Some(now.plus(self.settings.resend_if_silent?))
    }

    /// The text as it goes to whichever provider.
    pub fn message(
        &self,
        event: &EventId,
        delivery: &DeliveryRef,
        to: PhoneNumber,
        body: SmsBody,
        region: Option<Region>,
        expires_in: Duration,
    ) -> SmsMessage {
        SmsMessage {
            to,
            body,
            country: region.and_then(|region| region.as_str().parse().ok()),
            reference: MessageRef::new(delivery.as_str()),
            idempotency_key: event.as_str().to_owned(),
            attempt: 1,
            callbacks: self.settings.callbacks.clone(),
            expires_in,
        }
    }
}
