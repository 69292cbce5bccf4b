//! A store that is down fails every request: all are counted, and one line a minute stands for them.

use crate::store::StoreError;
use crate::telemetry::OnceAMinute;
use crate::telemetry::metrics::Metrics;
use tokio::time::Instant;

/// Counts every failure of the store and logs one a minute.
pub struct Outage {
    metrics: Metrics,
    log: OnceAMinute,
}

impl Outage {
    /// Nothing has failed yet.
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, log: OnceAMinute::default() }
    }

    /// Takes note of a failure.
    pub fn failed(&self, error: &StoreError) {
        self.metrics.store_failed();
        if let Some(failures) = self.log.due(Instant::now()) {
            tracing::error!(%error, failures, "the store fails; see STORE_FAILURE for what becomes of deliveries");
        }
    }
}
