//! The keys that deliveries are verified with.

use super::Metrics;
use super::roll::Roll;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Of a family without a number: a gauge by itself would have one although there are no keys.
type NoLabels = [(&'static str, &'static str); 0];

#[derive(Clone, Default)]
pub(super) struct Keys {
    believed_since: Arc<Mutex<Option<Instant>>>,
}

impl Keys {
    pub(super) fn register(&self, roll: &mut Roll) {
        const NAME: &str = "jwks_age";
        const HELP: &str = "Age of the oldest key set that is believed";
        let believed_since = *self.believed_since.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = believed_since {
            // Its value is that of now, so it is made anew each time.
            let age = Gauge::<f64, AtomicU64>::default();
            age.set(since.elapsed().as_secs_f64());
            roll.seconds(NAME, HELP, age);
        } else {
            roll.seconds(NAME, HELP, Family::<NoLabels, Gauge<f64, AtomicU64>>::default());
        }
    }
}

impl Metrics {
    /// Of the key sets that are believed, the oldest was fetched then.
    pub fn keys_believed_since(&self, fetched_at: Instant) {
        *self.keys.believed_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(fetched_at);
    }
}
