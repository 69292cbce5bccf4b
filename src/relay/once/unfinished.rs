//! Outcomes that the store did not take in time, written down once it does: one task for all of them.

use super::{Ledger, Ownership, POLL, in_time, settle};
use crate::domain::Clock;
use crate::store::Outcome;
use crate::tasks::Tasks;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// What is still to be written down. Cheap to clone; clones share it.
#[derive(Clone)]
pub(super) struct Unfinished {
    state: Arc<Mutex<State>>,
    limit: usize,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    tasks: Tasks,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Item>,
    worked_on: bool,
}

struct Item {
    ownership: Arc<Ownership>,
    outcome: Outcome,
    /// Somebody else may have taken the event over from then on.
    lapse: Instant,
}

impl Unfinished {
    /// Keeps no more than `limit`; those who come late are forgotten, as after a crash.
    pub fn new(limit: usize, ledger: Arc<Ledger>, clock: Arc<dyn Clock>, tasks: Tasks) -> Self {
        Self { state: Arc::default(), limit, ledger, clock, tasks }
    }

    /// Goes on trying while nobody else can have taken the event over: a store that restarts is back within
    /// the lease, and then nothing is sent twice.
    pub fn finish_later(&self, ownership: Arc<Ownership>, outcome: Outcome, lapse: Instant) {
        let mut state = self.state();
        if state.waiting.len() >= self.limit {
            return;
        }
        state.waiting.push_back(Item { ownership, outcome, lapse });
        if !std::mem::replace(&mut state.worked_on, true) {
            let unfinished = self.clone();
            self.tasks.spawn(async move { unfinished.work().await });
        }
    }

    async fn work(&self) {
        while let Some(item) = self.next() {
            let finish = settle::finish(&self.ledger, &item.ownership, &item.outcome, self.clock.as_ref());
            if in_time(finish).await.is_err() && Instant::now() < item.lapse {
                // Behind the others: what is wrong may be wrong with this one alone.
                self.state().waiting.push_back(item);
                tokio::time::sleep(POLL.1).await;
            }
        }
    }

    /// The oldest one; nobody works on it any more once there is none.
    fn next(&self) -> Option<Item> {
        let mut state = self.state();
        let item = state.waiting.pop_front();
        state.worked_on = item.is_some();
        item
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EventId, Reply, SystemClock, TryAgainReason};
    use crate::relay::once::Outage;
    use crate::store::memory::MemoryStore;
    use crate::store::{Claim, DeliveryStore, NewDelivery};
    use crate::telemetry::metrics::Metrics;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_down_keeps_one_task_busy_however_many_wait_for_it() {
        let (tasks, store) = (Tasks::current(), Arc::new(MemoryStore::default()));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let outage = Outage::new(Metrics::default());
        let ledger = Arc::new(Ledger::new(store.clone(), None, outage));
        let unfinished = Unfinished::new(50, ledger.clone(), clock.clone(), tasks.clone());
        // No store takes a reply that is not final.
        let reply = Reply::TryAgain(TryAgainReason::Internal);
        let outcome = Outcome::of(reply);
        let lapse = Instant::now() + Duration::from_secs(4);
        for number in 0..100 {
            let id = EventId::new(&format!("event-{number}")).unwrap();
            let delivery = NewDelivery::new(id, "send.otp");
            let claim = store.claim(&delivery, clock.now(), Duration::from_secs(4)).await.unwrap();
            let Claim::Acquired(lease) = claim else { panic!("not new") };
            let ownership = Ownership::new(store.clone(), false, ledger.clone(), clock.clone(), lease);
            unfinished.finish_later(Arc::new(ownership), outcome.clone(), lapse);
            assert_eq!(tasks.running(), 1);
        }
        assert_eq!(unfinished.state().waiting.len(), 50, "what is kept is bounded");
        assert_eq!(tasks.drain(Duration::from_secs(3600)).await, 0, "it ends when the leases have lapsed");
    }
}
