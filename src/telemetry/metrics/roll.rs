//! What is registered, by name: for Prometheus, and for the documentation, which has a row for each.

use prometheus_client::encoding::text;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::{Metric, Registry, Unit};

/// What each name begins with.
const PREFIX: &str = "neon_sms_relay";

/// One series, as it is described to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The name under which Prometheus finds it; of a histogram, without `_bucket`, `_sum` and `_count`.
    pub name: String,
    /// `counter`, `gauge`, `histogram` or `info`.
    pub kind: &'static str,
    /// What it says, in a sentence without a full stop.
    pub help: &'static str,
}

/// Takes series on.
pub(super) struct Roll {
    registry: Registry,
    series: Vec<Series>,
}

impl Default for Roll {
    fn default() -> Self {
        Self { registry: Registry::with_prefix(PREFIX), series: Vec::new() }
    }
}

impl Roll {
    /// A number without a unit. `name` is without the prefix, and without the `_total` of a counter.
    pub(super) fn add<M: Metric + TypedMetric>(&mut self, name: &str, help: &'static str, metric: M) {
        self.note::<M>(name, help);
        self.registry.register(name, help, metric);
    }

    /// Seconds; `name` is without `_seconds`.
    pub(super) fn seconds<M: Metric + TypedMetric>(&mut self, name: &str, help: &'static str, metric: M) {
        self.note::<M>(&format!("{name}_seconds"), help);
        self.registry.register_with_unit(name, help, Unit::Seconds, metric);
    }

    fn note<M: TypedMetric>(&mut self, name: &str, help: &'static str) {
        let (kind, suffix) = match M::TYPE {
            MetricType::Counter => ("counter", "_total"),
            MetricType::Gauge => ("gauge", ""),
            MetricType::Histogram => ("histogram", ""),
            MetricType::Info => ("info", "_info"),
            MetricType::Unknown => ("unknown", ""),
        };
        self.series.push(Series { name: format!("{PREFIX}_{name}{suffix}"), kind, help });
    }

    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }

    pub(super) fn into_series(self) -> Vec<Series> {
        self.series
    }
}
