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
use tokio::sync::watch;
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

/// What can be replaced while the server runs.
struct Sending {
    settings: TextingSettings,
    chain: FailoverChain,
}

/// Sends codes by SMS.
pub struct Texting {
    /// What is sent through whom. A text that is on its way keeps what it started with.
    sending: watch::Sender<Arc<Sending>>,
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
        metrics.breakers(chain.breakers());
        let sending = watch::Sender::new(Arc::new(Sending { settings, chain }));
        Self { sending, ledger, clock, metrics }
    }

    /// Sends what comes from now on like this; what is remembered of providers that stay is kept.
    pub fn replace(&self, settings: TextingSettings, chain: FailoverChain) {
        let chain = chain.remembering(&self.sending().chain);
        self.metrics.breakers(chain.breakers());
        self.sending.send_replace(Arc::new(Sending { settings, chain }));
    }

    /// Whether there is anybody to send through.
    pub fn is_ready(&self) -> bool {
        !self.sending().chain.is_empty()
    }

    fn sending(&self) -> Arc<Sending> {
        self.sending.borrow().clone()
    }
}
