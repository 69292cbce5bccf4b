//! A store or an app that is down fails every request; the operator wants to read it once a minute.

use crate::domain::{Clock, Timestamp};
use crate::store::StoreError;
use crate::telemetry::metrics::Metrics;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long one line stands for all.
const QUIET: Duration = Duration::from_secs(60);

/// Counts every failure of the store and logs one a minute.
pub struct Outage {
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    log: OnceAMinute,
}

/// Says when it is time for a log line, and for how many it stands.
#[derive(Default)]
pub struct OnceAMinute(Mutex<Log>);

#[derive(Default)]
struct Log {
    last: Option<Timestamp>,
    since: u64,
}

impl Outage {
    /// Nothing has failed yet.
    pub fn new(metrics: Metrics, clock: Arc<dyn Clock>) -> Self {
        Self { metrics, clock, log: OnceAMinute::default() }
    }

    /// Takes note of a failure.
    pub fn failed(&self, error: &StoreError) {
        self.metrics.store_failed();
        if let Some(failures) = self.log.due(self.clock.now()) {
            tracing::error!(%error, failures, "the store fails; see STORE_FAILURE for what becomes of deliveries");
        }
    }
}

impl OnceAMinute {
    /// Counts one, and says for how many the next line stands, if it is time for one.
    pub fn due(&self, now: Timestamp) -> Option<u64> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.since += 1;
        if log.last.is_some_and(|last| now.distance(last) < QUIET) {
            return None;
        }
        log.last = Some(now);
        Some(std::mem::take(&mut log.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ManualClock;

    #[test]
    fn one_line_a_minute_says_how_many_failures_it_stands_for() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(0)));
        let log = OnceAMinute::default();
        assert_eq!(log.due(clock.now()), Some(1));
        assert_eq!((log.due(clock.now()), log.due(clock.now())), (None, None));
        clock.advance(QUIET);
        assert_eq!(log.due(clock.now()), Some(3));
    }
}
