//! Texts: requests to providers, and what providers report.

use super::roll::Roll;
use super::{Metrics, seconds};
use crate::domain::Region;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use sms_providers::{Attempt, FailureKind, ProviderName};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

#[derive(Clone)]
pub(super) struct Texts {
    attempts: Family<AttemptLabels, Counter>,
    attempt_time: Family<ProviderLabels, Histogram, fn() -> Histogram>,
    reports: Family<ReportLabels, Counter>,
    first_sends: Family<PlaceLabels, Counter>,
    verified: Family<PlaceLabels, Counter>,
    resends: Family<ResendLabels, Counter>,
    time_to_delivered: Family<PlaceLabels, Histogram, fn() -> Histogram>,
    time_to_verified: Family<PlaceLabels, Histogram, fn() -> Histogram>,
    chances: Family<PlaceLabels, Gauge<f64, AtomicU64>>,
}

/// The bounds in seconds of how long people wait: from a second to a code's longest life.
const WAITS: [f64; 12] = [1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0];

fn waits() -> Histogram {
    Histogram::new(WAITS)
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
struct PlaceLabels {
    provider: &'static str,
    region: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResendLabels {
    provider: &'static str,
    reason: &'static str,
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
            first_sends: Family::default(),
            verified: Family::default(),
            resends: Family::default(),
            time_to_delivered: Family::new_with_constructor(waits),
            time_to_verified: Family::new_with_constructor(waits),
            chances: Family::default(),
        }
    }
}

impl Texts {
    pub(super) fn register(&self, roll: &mut Roll) {
        roll.add("send_attempts", "Requests to providers, by verdict", self.attempts.clone());
        roll.seconds("send_attempt", "Time of a request to a provider", self.attempt_time.clone());
        roll.add("reports", "Status reports of providers that were news, by status", self.reports.clone());
        roll.seconds(
            "time_to_delivered",
            "Time from a request to the provider's report that the text arrived",
            self.time_to_delivered.clone(),
        );
        roll.add("first_sends", "First texts of an event, by provider and country", self.first_sends.clone());
        roll.add("verified", "Texts that led to a verification", self.verified.clone());
        roll.seconds(
            "time_to_verified",
            "Time from a request to the user's success with that text",
            self.time_to_verified.clone(),
        );
        roll.add("resends", "Requests for another text of a code, by reason", self.resends.clone());
        roll.add(
            "provider_chance",
            "How likely the next first text leads to a verification, by what is known; with SMS_ROUTING=adaptive",
            self.chances.clone(),
        );
    }
}

impl Metrics {
    /// These providers may be asked from now on: what they may answer is counted from zero.
    pub fn may_ask(&self, providers: impl Iterator<Item = ProviderName>) {
        for provider in providers.map(ProviderName::as_str) {
            let failures = FailureKind::ALL.into_iter().map(FailureKind::as_str);
            for verdict in failures.chain(["accepted"]) {
                drop(self.texts.attempts.get_or_create(&AttemptLabels { provider, verdict }));
            }
        }
    }

    /// A provider was asked.
    pub fn attempted(&self, attempt: &Attempt) {
        let provider = ProviderName::as_str(attempt.provider);
        let verdict = attempt.verdict();
        self.texts.attempts.get_or_create(&AttemptLabels { provider, verdict }).inc();
        let time = self.texts.attempt_time.get_or_create(&ProviderLabels { provider });
        time.observe(attempt.elapsed.as_secs_f64());
    }

    /// A provider reported on a text, and it was news, or about no text that is known.
    pub fn reported(&self, provider: ProviderName, status: &'static str) {
        let labels = ReportLabels { provider: provider.as_str(), status };
        self.texts.reports.get_or_create(&labels).inc();
    }

    /// A text arrived, so long after its request.
    pub fn delivered(&self, provider: ProviderName, region: Option<Region>, after: Duration) {
        let time = self.texts.time_to_delivered.get_or_create(&place(provider, region));
        time.observe(after.as_secs_f64());
    }

    /// A provider was asked for the first text of an event, and may have sent it.
    pub fn first_sent(&self, provider: ProviderName, region: Option<Region>) {
        self.texts.first_sends.get_or_create(&place(provider, region)).inc();
    }

    /// A user got in, so long after the request for the text.
    pub fn verified(&self, provider: ProviderName, region: Option<Region>, after: Duration) {
        let labels = place(provider, region);
        self.texts.verified.get_or_create(&labels).inc();
        self.texts.time_to_verified.get_or_create(&labels).observe(after.as_secs_f64());
    }

    /// How likely a provider's next first text to a country leads to a verification; `None` if nothing is known any
    /// more.
    pub fn provider_chance(&self, provider: ProviderName, region: Option<Region>, chance: Option<f64>) {
        let labels = place(provider, region);
        match chance {
            Some(chance) => drop(self.texts.chances.get_or_create(&labels).set(chance)),
            None => drop(self.texts.chances.remove(&labels)),
        }
    }

    /// A provider was asked for another text of a code.
    pub fn resent(&self, provider: ProviderName, reason: &'static str) {
        self.texts.resends.get_or_create(&ResendLabels { provider: provider.as_str(), reason }).inc();
    }
}

/// Labels of where a text went; a number of no country has the region `none`.
fn place(provider: ProviderName, region: Option<Region>) -> PlaceLabels {
    let region = region.map_or_else(|| "none".to_owned(), |region| region.to_string());
    PlaceLabels { provider: provider.as_str(), region }
}
