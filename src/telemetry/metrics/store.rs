//! The store.

use super::Metrics;
use super::roll::Roll;
use prometheus_client::metrics::counter::Counter;

#[derive(Clone, Default)]
pub(super) struct Store {
    failures: Counter,
}

impl Store {
    pub(super) fn register(&self, roll: &mut Roll) {
        roll.add("store_failures", "Operations that the store failed", self.failures.clone());
    }
}

impl Metrics {
    /// The store did not do what it was asked to.
    pub fn store_failed(&self) {
        self.store.failures.inc();
    }
}
