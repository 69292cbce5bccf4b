//! Connections that may have fallen silent: a router that forgets them tells nobody, and whoever uses one next waits
//! for an answer that does not come.
//!
//! One that was idle for long is asked first, and so is every other one after a statement that was not answered. If
//! one says nothing, the others of its age are not asked any more but replaced: one delivery waits, not all.

use super::StoreError;
use deadpool_postgres::{ClientWrapper, HookError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shorter than any router's memory. Where deliveries are so rare, one more round trip is no matter.
const IDLE: Duration = Duration::from_secs(3);
/// A connection that lives answers within milliseconds.
const ANSWER: Duration = Duration::from_millis(500);

/// Since when connections are doubted.
#[derive(Default)]
pub(super) struct Doubt(Mutex<Since>);

#[derive(Default, Clone, Copy)]
struct Since {
    /// What was used last before then is asked.
    ask: Option<Instant>,
    /// What was used last before then is replaced.
    replace: Option<Instant>,
}

impl Doubt {
    /// A statement was not answered in time.
    pub fn one_was_slow(&self) {
        self.since().ask = Some(Instant::now());
    }

    fn one_was_silent(&self) {
        self.since().replace = Some(Instant::now());
    }

    fn since(&self) -> MutexGuard<'_, Since> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a connection that was used so long ago is used again.
pub(super) async fn ask(doubt: &Doubt, client: &ClientWrapper, unused: Duration) -> Result<(), HookError> {
    let Since { ask, replace } = *doubt.since();
    let last_use = Instant::now().checked_sub(unused);
    let before = |since: Option<Instant>| since.is_some_and(|since| last_use.is_none_or(|used| used < since));
    if before(replace) {
        return Err(HookError::message("others of its age are silent"));
    }
    if unused < IDLE && !before(ask) {
        return Ok(());
    }
    match tokio::time::timeout(ANSWER, client.simple_query("")).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(HookError::message("it is closed")),
        Err(_) => {
            doubt.one_was_silent();
            Err(HookError::message(StoreError::timed_out().to_string()))
        }
    }
}
