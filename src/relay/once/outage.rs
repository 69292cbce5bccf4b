//! A store that is down fails every request: all are counted, one line a minute stands for them, and one says that it
//! is over.

use crate::store::StoreError;
use crate::telemetry::OnceAMinute;
use crate::telemetry::metrics::Metrics;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A store that has done what it was asked to for so long since its last failure works again. One that fails now and
/// then is not well in between.
const WELL: Duration = Duration::from_secs(10);

/// Counts every failure of the store and logs one a minute.
pub struct Outage {
    metrics: Metrics,
    log: OnceAMinute,
    /// When it failed last, until it is well again.
    last: Mutex<Option<Instant>>,
}

impl Outage {
    /// Nothing has failed yet.
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, log: OnceAMinute::default(), last: Mutex::default() }
    }

    /// Takes note of a failure.
    pub fn failed(&self, error: &StoreError) {
        self.metrics.store_failed();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if let Some(failures) = self.log.due(Instant::now()) {
            tracing::error!(%error, failures, "the store fails; see STORE_FAILURE for what becomes of deliveries");
        }
    }

    /// Takes note that the store did what it was asked to.
    pub fn worked(&self) {
        if self.is_over(Instant::now()) {
            tracing::info!("the store works again");
        }
    }

    /// Whether an outage has just come to its end.
    fn is_over(&self, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.take_if(|last| now.duration_since(*last) >= WELL).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_over_once_and_only_after_a_while_without_a_failure() {
        let outage = Outage::new(Metrics::default());
        assert!(!outage.is_over(Instant::now() + WELL), "nothing has failed");
        outage.failed(&StoreError::timed_out());
        assert!(!outage.is_over(Instant::now()), "it fails now and then");
        assert!(outage.is_over(Instant::now() + WELL));
        assert!(!outage.is_over(Instant::now() + WELL * 2), "told twice");
    }
}
