//! The store.

use super::Metrics;
use super::roll::Roll;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use std::time::Duration;

/// Up to the three seconds after which a store is as good as down.
const WAITS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0];

#[derive(Clone)]
pub(super) struct Store {
    failures: Counter,
    waits: Histogram,
}

impl Default for Store {
    fn default() -> Self {
        Self { failures: Counter::default(), waits: Histogram::new(WAITS) }
    }
}

impl Store {
    pub(super) fn register(&self, roll: &mut Roll) {
        roll.add("store_failures", "Operations that the store failed", self.failures.clone());
        roll.seconds("store_wait", "Time that an event waits for the store, each time", self.waits.clone());
    }
}

impl Metrics {
    /// The store did not do what it was asked to.
    pub fn store_failed(&self) {
        self.store.failures.inc();
    }

    /// An event waited so long for the store to claim it or to write down what became of it.
    pub fn store_waited(&self, elapsed: Duration) {
        self.store.waits.observe(elapsed.as_secs_f64());
    }
}
