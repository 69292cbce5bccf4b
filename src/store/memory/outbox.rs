//! The outbox in memory.

use super::MemoryStore;
use crate::domain::{EventId, Timestamp};
use crate::store::outbox::latest_due;
use crate::store::{
    Counts, Entry, EntryState, Item, LONGEST_LEASE, NewItem, Next, Outbox, SealedItem, Selection, StoreError,
    Taken, Whose,
};
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
    due_at: Timestamp,
    dead_at: Option<Timestamp>,
    attempts: u32,
    leased_until: Timestamp,
    failure: Option<String>,
}

/// A lease that has lapsed at any time.
const NEVER: Timestamp = Timestamp::from_millis(i64::MIN);

impl Items {
    /// Puts an event in, unless it is there.
    pub fn add(&mut self, id: &EventId, item: NewItem) {
        if self.rows.values().any(|row| row.id == *id) {
            return;
        }
        self.last += 1;
        let row = Row {
            id: id.clone(),
            due_at: item.queued_at,
            item,
            dead_at: None,
            attempts: 0,
            leased_until: NEVER,
            failure: None,
        };
        self.rows.insert(self.last, row);
    }

    /// The first `limit` items behind this place.
    pub fn behind(&self, after: i64, limit: u32) -> Vec<SealedItem> {
        let all = self.rows.iter().map(|(place, row)| (i64::try_from(*place).unwrap_or(i64::MAX), row));
        let behind = all.filter(|(place, _)| *place > after).take(limit as usize);
        let item = |(place, row): (i64, &Row)| SealedItem {
            place,
            id: row.id.clone(),
            sealed: row.item.sealed.clone(),
        };
        behind.map(item).collect()
    }

    fn forget(&mut self, mut which: impl FnMut(&Row) -> bool) -> u64 {
        let all = self.rows.len();
        self.rows.retain(|_, row| !which(row));
        (all - self.rows.len()) as u64
    }
}

impl Row {
    /// Takes back what was written under a clock that was wrong; whether it was when the item is due.
    fn correct(&mut self, now: Timestamp) -> bool {
        if self.leased_until > now.plus(LONGEST_LEASE) {
            self.leased_until = NEVER;
        }
        let wrong = self.due_at > latest_due(now, self.attempts);
        if wrong {
            self.due_at = now;
        }
        wrong
    }

    fn is_meant_by(&self, selection: &Selection) -> bool {
        match selection {
            Selection::One(id) => self.id == *id,
            Selection::Dead => self.dead_at.is_some(),
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
    async fn take_due(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
        whose: Whose<'_>,
    ) -> Result<Taken, StoreError> {
        let mut items = self.items();
        let mut lanes = HashSet::new();
        let mut turns: Vec<_> = items
            .rows
            .values_mut()
            .filter(|row| row.dead_at.is_none() && lanes.insert(row.item.lane.clone()))
            .filter(|row| whose.includes(row.item.endpoint.as_ref()))
            .collect();
        for row in &mut turns {
            row.correct(now);
        }
        turns.sort_by_key(|row| row.due_at);
        let due = turns.iter_mut().filter(|row| row.due_at <= now && row.leased_until < now);
        let take = |row: &mut &mut Row| {
            row.attempts += 1;
            row.leased_until = now.plus(lease);
            Item {
                id: row.id.clone(),
                endpoint: row.item.endpoint.clone(),
                sealed: row.item.sealed.clone(),
                attempt: row.attempts,
                give_up_at: row.item.give_up_at,
            }
        };
        let items = due.take(limit as usize).map(take).collect();
        Ok(Taken { items, next_due: turns.iter().map(|row| row.due_at.max(row.leased_until)).min() })
    }

    async fn delivered(&self, id: &EventId, _now: Timestamp) -> Result<(), StoreError> {
        self.items().forget(|row| row.id == *id);
        Ok(())
    }

    async fn failed(&self, item: &Item, failure: &str, next: Next) -> Result<(), StoreError> {
        let mut items = self.items();
        let row = items.rows.values_mut().find(|row| row.id == item.id && row.attempts == item.attempt);
        if let Some(row) = row.filter(|row| row.dead_at.is_none()) {
            row.failure = Some(failure.to_owned());
            row.leased_until = NEVER;
            match next {
                Next::At(due_at) => row.due_at = due_at,
                Next::Dead(at) => row.dead_at = Some(at),
            }
        }
        Ok(())
    }

    async fn give_turns(&self, now: Timestamp) -> Result<u64, StoreError> {
        // Whose turn it is is found out anew each time.
        let mut items = self.items();
        let waiting = items.rows.values_mut().filter(|row| row.dead_at.is_none());
        Ok(waiting.map(|row| u64::from(row.correct(now))).sum())
    }

    async fn list(&self, selection: &Selection, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let mut lanes = HashSet::new();
        let items = self.items();
        let entry = |row: &Row| {
            let is_alive = row.dead_at.is_none();
            let is_behind = is_alive && !lanes.insert(row.item.lane.clone());
            let due_at = (!is_behind).then(|| row.due_at.as_millis());
            let state = EntryState::of(due_at, row.dead_at.map(Timestamp::as_millis));
            let entry = Entry {
                id: row.id.clone(),
                event_type: row.item.event_type.clone(),
                endpoint: row.item.endpoint.clone(),
                state,
                attempts: row.attempts,
                queued_at: row.item.queued_at,
                failure: row.failure.clone(),
            };
            row.is_meant_by(selection).then_some(entry)
        };
        Ok(items.rows.values().filter_map(entry).take(limit as usize).collect())
    }

    async fn sealed(&self, id: &EventId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.items().rows.values().find(|row| row.id == *id).map(|row| row.item.sealed.clone()))
    }

    async fn retry(
        &self,
        selection: &Selection,
        now: Timestamp,
        give_up_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut count = 0;
        for row in self.items().rows.values_mut().filter(|row| row.is_meant_by(selection)) {
            if row.dead_at.take().is_some() {
                row.attempts = 0;
            }
            row.due_at = now;
            row.item.give_up_at = give_up_at;
            count += 1;
        }
        Ok(count)
    }

    async fn discard(&self, selection: &Selection, _now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.items().forget(|row| row.is_meant_by(selection)))
    }

    async fn purge_dead(&self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(self.items().forget(|row| row.dead_at.is_some_and(|at| at < before)))
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let items = self.items();
        let dead = items.rows.values().filter(|row| row.dead_at.is_some()).count();
        Ok(Counts { waiting: (items.rows.len() - dead) as u64, dead: dead as u64 })
    }

    async fn oldest(&self) -> Result<Option<Timestamp>, StoreError> {
        let items = self.items();
        let alive = items.rows.values().filter(|row| row.dead_at.is_none());
        Ok(alive.map(|row| row.item.queued_at).min())
    }
}
