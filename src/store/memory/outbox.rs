//! The outbox in memory.

use super::MemoryStore;
use crate::domain::{EventId, Timestamp};
use crate::store::{Counts, Entry, EntryState, Item, NewItem, Next, Outbox, Selection, StoreError, Taken};
use std::collections::{BTreeMap, HashSet};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

/// The items by the order in which they came.
#[derive(Default)]
pub(super) struct Items {
    rows: BTreeMap<u64, Row>,
    last: u64,
}

struct Row {
    id: EventId,
    item: NewItem,
    state: EntryState,
    attempts: u32,
    leased_until: Timestamp,
    failure: Option<String>,
}

/// A lease that has lapsed at any time.
const NEVER: Timestamp = Timestamp::from_millis(i64::MIN);

impl Items {
    /// Puts an event in, unless it is there.
    pub fn add(&mut self, id: &EventId, item: &NewItem) {
        if self.rows.values().any(|row| row.id == *id) {
            return;
        }
        self.last += 1;
        let state = EntryState::Waiting(item.queued_at);
        let (id, item) = (id.clone(), item.clone());
        self.rows.insert(self.last, Row { id, item, state, attempts: 0, leased_until: NEVER, failure: None });
    }

    fn forget(&mut self, mut which: impl FnMut(&Row) -> bool) -> u64 {
        let all = self.rows.len();
        self.rows.retain(|_, row| !which(row));
        (all - self.rows.len()) as u64
    }
}

impl Row {
    fn is_dead(&self) -> bool {
        matches!(self.state, EntryState::Dead(_))
    }

    fn is_meant_by(&self, selection: &Selection) -> bool {
        match selection {
            Selection::One(id) => self.id == *id,
            Selection::Dead => self.is_dead(),
            Selection::All => true,
        }
    }
}

impl MemoryStore {
    pub(super) fn items(&self) -> MutexGuard<'_, Items> {
        // Every change of a row is one assignment after the other, so a panic leaves it usable.
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl Outbox for MemoryStore {
    async fn take_due(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Taken, StoreError> {
        let mut lanes = HashSet::new();
        let mut taken = Taken::default();
        for row in self.items().rows.values_mut() {
            let EntryState::Waiting(due_at) = row.state else { continue };
            taken.waiting = true;
            if taken.items.len() == limit as usize {
                break;
            }
            let is_oldest = lanes.insert(row.item.lane.clone());
            if is_oldest && due_at <= now && row.leased_until < now {
                row.attempts += 1;
                row.leased_until = now.plus(lease);
                taken.items.push(Item {
                    id: row.id.clone(),
                    endpoint: row.item.endpoint.clone(),
                    sealed: row.item.sealed.clone(),
                    attempt: row.attempts,
                    give_up_at: row.item.give_up_at,
                });
            }
        }
        Ok(taken)
    }

    async fn delivered(&self, id: &EventId) -> Result<(), StoreError> {
        self.items().forget(|row| row.id == *id);
        Ok(())
    }

    async fn failed(&self, item: &Item, failure: &str, next: Next) -> Result<(), StoreError> {
        let mut items = self.items();
        let row = items.rows.values_mut().find(|row| row.id == item.id && row.attempts == item.attempt);
        if let Some(row) = row.filter(|row| !row.is_dead()) {
            row.failure = Some(failure.to_owned());
            row.leased_until = NEVER;
            row.state = match next {
                Next::At(due_at) => EntryState::Waiting(due_at),
                Next::Dead(at) => EntryState::Dead(at),
            };
        }
        Ok(())
    }

    async fn list(&self, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let entry = |row: &Row| Entry {
            id: row.id.clone(),
            event_type: row.item.event_type.clone(),
            endpoint: row.item.endpoint.clone(),
            state: row.state,
            attempts: row.attempts,
            queued_at: row.item.queued_at,
            failure: row.failure.clone(),
            sealed: row.item.sealed.clone(),
        };
        Ok(self.items().rows.values().take(limit as usize).map(entry).collect())
    }

    async fn retry(
        &self,
        selection: &Selection,
        now: Timestamp,
        give_up_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut count = 0;
        for row in self.items().rows.values_mut().filter(|row| row.is_meant_by(selection)) {
            if row.is_dead() {
                row.attempts = 0;
            }
            row.state = EntryState::Waiting(now);
            row.item.give_up_at = give_up_at;
            count += 1;
        }
        Ok(count)
    }

    async fn discard(&self, selection: &Selection) -> Result<u64, StoreError> {
        Ok(self.items().forget(|row| row.is_meant_by(selection)))
    }

    async fn purge_dead(&self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(self.items().forget(|row| matches!(row.state, EntryState::Dead(at) if at < before)))
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let items = self.items();
        let dead = items.rows.values().filter(|row| row.is_dead()).count();
        Ok(Counts { waiting: (items.rows.len() - dead) as u64, dead: dead as u64 })
    }
}
