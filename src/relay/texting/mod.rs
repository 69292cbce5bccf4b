//! Texts: what is sent to a number, through whom, and what the providers report of it.
//!
//! Knows nothing of the user's app, and of an event's lease only that each possible text is counted on it.

mod otp;
mod status;

use crate::domain::{Clock, MessageTemplate};
use crate::relay::once::Ledger;
use crate::telemetry::metrics::Metrics;
use sms_providers::FailoverChain;
use std::sync::Arc;
use url::Url;

/// What is sent, and how often.
pub struct TextingSettings {
    /// What is sent.
    pub template: MessageTemplate,
    /// The public URL of `/callbacks`, if providers can reach it.
    pub callbacks: Option<Url>,
    /// How many requests that may produce a text are written for one event.
    pub max_sends: u8,
}

/// Sends codes by SMS.
pub struct Texting {
    settings: TextingSettings,
    chain: FailoverChain,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

impl Texting {
    /// Sends through `chain`.
    pub fn new(
        settings: TextingSettings,
        chain: FailoverChain,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Self {
        Self { settings, chain, ledger, clock, metrics }
    }

    /// Whether there is anybody to send through.
    pub fn is_ready(&self) -> bool {
        !self.chain.is_empty()
    }
}
