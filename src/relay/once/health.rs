//! Whether the store works, as far as is known: from what it is used for, and from a check where that tells
//! too little.
//!
//! However many ask, one check runs at a time, and its result stands for a while. A store that sleeps while
//! nobody needs it, as Neon's compute does, is not woken to be asked how it is: the last known state stands
//! for half an hour.

use crate::store::{Store, StoreError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A load balancer waits little longer than this.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long what is known stands for a store that costs nothing to ask, or that failed.
const FRESH: Duration = Duration::from_secs(2);
/// How long it stands for a store that works and would have to wake up.
const RESTING: Duration = Duration::from_secs(30 * 60);

/// What is known of the store.
#[derive(Default)]
pub(super) struct Health {
    known: Mutex<Option<Known>>,
    checking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy)]
struct Known {
    works: bool,
    since: Instant,
}

impl Health {
    /// The store did, or did not, what it was used for.
    pub fn learn(&self, works: bool) {
        let known = Known { works, since: Instant::now() };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }

    /// Whether the store works; asks it if too little is known, and tells `failed` if it fails then.
    pub async fn of(&self, store: &dyn Store, failed: impl FnOnce(&StoreError)) -> bool {
        if let Some(works) = self.known(store) {
            return works;
        }
        let _one_at_a_time = self.checking.lock().await;
        if let Some(works) = self.known(store) {
            return works;
        }
        let checked = tokio::time::timeout(CHECK_TIMEOUT, store.ping()).await;
        let checked = checked.unwrap_or_else(|_| Err(StoreError::timed_out()));
        self.learn(checked.is_ok());
        checked.inspect_err(failed).is_ok()
    }

    /// When the store was last used, as far as that was told.
    pub fn last_use(&self) -> Option<Instant> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).map(|known| known.since)
    }

    fn known(&self, store: &dyn Store) -> Option<bool> {
        let known = (*self.known.lock().unwrap_or_else(PoisonError::into_inner))?;
        let stands = if known.works && store.sleeps() { RESTING } else { FRESH };
        (known.since.elapsed() < stands).then_some(known.works)
    }
}
