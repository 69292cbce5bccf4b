//! Texts: requests to providers, and what providers report.

use super::roll::Roll;
use super::{Metrics, seconds};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use sms_providers::{Attempt, DeliveryStatus, ProviderName};

#[derive(Clone)]
pub(super) struct Texts {
    attempts: Family<AttemptLabels, Counter>,
    attempt_time: Family<ProviderLabels, Histogram, fn() -> Histogram>,
    reports: Family<ReportLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    provider: &'static str,
    verdict: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReportLabels {
    provider: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: &'static str,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            attempts: Family::default(),
            attempt_time: Family::new_with_constructor(seconds),
            reports: Family::default(),
        }
    }
}

impl Texts {
    pub(super) fn register(&self, roll: &mut Roll) {
        roll.add("send_attempts", "Requests to providers, by verdict", self.attempts.clone());
        roll.seconds("send_attempt", "Time of a request to a provider", self.attempt_time.clone());
        roll.add("reports", "Status reports of providers, by status", self.reports.clone());
    }
}

impl Metrics {
    /// A provider was asked.
    pub fn attempted(&self, attempt: &Attempt) {
        let provider = ProviderName::as_str(attempt.provider);
        let verdict = attempt.verdict();
        self.texts.attempts.get_or_create(&AttemptLabels { provider, verdict }).inc();
        let time = self.texts.attempt_time.get_or_create(&ProviderLabels { provider });
        time.observe(attempt.elapsed.as_secs_f64());
    }

    /// A provider reported what became of a text, and it was news.
    pub fn reported(&self, provider: Option<&'static str>, status: DeliveryStatus) {
        let labels = ReportLabels { provider: provider.unwrap_or("unknown"), status: status.as_str() };
        self.texts.reports.get_or_create(&labels).inc();
    }
}
