//! Remembers which provider keeps failing, so that a run of bad luck does not cost every message a slice
//! of its time.
//!
//! It only advises on the order. Nothing here refuses a send: a provider in disgrace is asked last, and
//! where it is the only one it is asked all the same.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// After so many failures in a row a provider is put last.
const FAILURES: u32 = 5;

/// For so long; then one message probes it.
const REST: Duration = Duration::from_secs(30);

/// The record of one provider.
#[derive(Default)]
pub(crate) struct Breaker {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures_in_a_row: u32,
    /// Set while the provider is put last.
    last_until: Option<Instant>,
}

impl Breaker {
    /// Whether the provider may be asked in its turn: it works, or this message is to probe it.
    ///
    /// A probe is taken by starting the next rest right away, so that others still see the provider
    /// last, and a probe whose sender went away is followed by another one after that rest.
    pub fn admits(&self, now: Instant) -> bool {
        let mut state = self.lock();
        match state.last_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                state.last_until = Some(now + REST);
                true
            }
        }
    }

    /// Whether the provider is put last, or about to be probed.
    pub fn is_open(&self) -> bool {
        self.lock().last_until.is_some()
    }

    /// The provider gave a verdict, be it a refusal: it works.
    pub fn worked(&self) {
        *self.lock() = State::default();
    }

    /// The provider could not be reached or gave no verdict.
    pub fn failed(&self, now: Instant) {
        let mut state = self.lock();
        state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
        if state.failures_in_a_row >= FAILURES {
            state.last_until = Some(now + REST);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        (0..FAILURES).for_each(|_| breaker.failed(now));
        breaker
    }

    #[test]
    fn only_failures_in_a_row_put_a_provider_last() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..3 {
            (1..FAILURES).for_each(|_| breaker.failed(now));
            breaker.worked();
        }
        assert!(breaker.admits(now));
        assert!(!open(now).admits(now));
    }

    #[test]
    fn after_the_rest_exactly_one_message_probes() {
        let start = Instant::now();
        let breaker = open(start);
        let due = start + REST;
        assert!(!breaker.admits(due - Duration::from_millis(1)));
        assert!(breaker.admits(due), "the probe");
        assert!(!breaker.admits(due), "everybody else");
    }

    #[test]
    fn a_lost_probe_is_followed_by_another_one() {
        let start = Instant::now();
        let breaker = open(start);
        assert!(breaker.admits(start + REST));
        assert!(breaker.admits(start + 2 * REST));
    }

    #[test]
    fn a_failed_probe_starts_another_rest_and_a_good_one_ends_it() {
        let start = Instant::now();
        let (breaker, due) = (open(start), start + REST);
        assert!(breaker.admits(due));
        breaker.failed(due + Duration::from_secs(3));
        assert!(!breaker.admits(due + REST));
        assert!(breaker.admits(due + Duration::from_secs(3) + REST));
        breaker.worked();
        assert!(breaker.admits(due) && breaker.admits(due));
    }
}
