//! Remembers deliveries in this process: for development, tests, and as a stand-in while a durable
//! store is down. Forgets everything on a restart.

mod claim;
mod closings;
mod deliveries;
mod erasure;
mod numbers;
mod outbox;
mod tallies;
mod test_codes;
mod texts;

use super::{Claim, DeliveryStore, Held, Lease, NewDelivery, Outcome, StoreError, Text};
use crate::domain::{DeliveryRef, EventId, HashKey, Reply, TextRef, Timestamp};
use closings::Closed;
use erasure::Announced;
use numbers::Numbers;
use outbox::Items;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tallies::Counts;
use test_codes::Codes;
use texts::{Row as TextRow, Texts};

/// The store in memory.
pub struct MemoryStore {
    rows: Mutex<Rows>,
    outbox: Mutex<Items>,
    tallies: Mutex<Counts>,
    closed: Mutex<Closed>,
    test_codes: Mutex<Codes>,
    forgotten: Mutex<Announced>,
    key: Vec<u8>,
}

#[derive(Default)]
struct Rows {
    /// In boxes, so that the table can grow in a moment.
    by_id: HashMap<EventId, Box<Row>>,
    /// Every event, the oldest first.
    ages: BTreeSet<(Timestamp, EventId)>,
    /// Reports name a delivery by its reference alone.
    ids: HashMap<DeliveryRef, EventId>,
    /// Some of MessageBird's name a text by its id.
    messages: HashMap<String, TextRef>,
    /// When texts were reported as failed, the latest ones.
    failed: VecDeque<(Timestamp, TextRef)>,
    numbers: Numbers,
}

struct Row {
    delivery: NewDelivery,
    delivery_ref: DeliveryRef,
    first_claimed_at: Timestamp,
    token: i64,
    leased_until: Timestamp,
    possible_sends: u8,
    /// How many numbers of requests are given away.
    numbered: u8,
    refused_by: Option<String>,
    verified_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    reply: Option<Reply>,
    decision: Option<String>,
    texts: Texts,
}

/// As many events, or numbers, are forgotten in one step; others are served between two of them.
const PURGE_BATCH: usize = 500;

/// A lease that was given up has lapsed at any time.
const NEVER: Timestamp = Timestamp::from_millis(i64::MIN);

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            rows: Mutex::default(),
            outbox: Mutex::default(),
            tallies: Mutex::default(),
            closed: Mutex::default(),
            test_codes: Mutex::default(),
            forgotten: Mutex::default(),
            key: HashKey::random().expose().to_vec(),
        }
    }
}

impl MemoryStore {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        // Every change of a row is one assignment after the other, so a panic leaves it usable.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reply of an event that was finished here.
    pub fn finished(&self, id: &EventId) -> Option<Reply> {
        self.rows().by_id.get(id)?.reply.clone()
    }

    fn change(&self, lease: &Lease, change: impl FnOnce(&mut Row)) -> Held {
        self.rows().change(lease, change)
    }
}

impl Rows {
    fn change(&mut self, lease: &Lease, change: impl FnOnce(&mut Row)) -> Held {
        match self.by_id.get_mut(&lease.id) {
            Some(row)
                if row.token == lease.token
                    && row.delivery_ref == lease.delivery_ref
                    && row.reply.is_none() =>
            {
                row.possible_sends = lease.possible_sends;
                change(row);
                Held::Yes
            }
            _ => Held::Lost,
        }
    }

    /// Forgets some of the events that were claimed before `before` and behind `from`, which goes on to the last one
    /// that was looked at; `None` if there were none.
    fn purge(&mut self, before: Timestamp, from: &mut Option<(Timestamp, EventId)>) -> Option<u64> {
        let start = from.take().map_or(Bound::Unbounded, Bound::Excluded);
        let old: Vec<_> = self.ages.range((start, Bound::Unbounded)).take(PURGE_BATCH).cloned().collect();
        let old: Vec<_> = old.into_iter().take_while(|(came_at, _)| *came_at < before).collect();
        *from = Some(old.last()?.clone());
        let mut gone = 0;
        for place in old {
            let id = &place.1;
            // One that was erased is here no more.
            let is_over = |row: &Row| row.reply.is_some() || row.leased_until < before;
            if self.by_id.get(id).map(Box::as_ref).is_none_or(is_over) {
                gone += u64::from(self.forget(id));
                self.ages.remove(&place);
            }
        }
        Some(gone)
    }

    /// Forgets an event; says whether it was known.
    fn forget(&mut self, id: &EventId) -> bool {
        let Some(row) = self.by_id.remove(id) else { return false };
        self.ids.remove(&row.delivery_ref);
        for id in row.texts.all().iter().filter_map(TextRow::of_messagebird) {
            self.messages.remove(id);
        }
        if let Some(recipient) = &row.delivery.recipient {
            self.numbers.rest(&recipient.hash, &row.delivery_ref);
        }
        true
    }

    fn by_ref(&mut self, reference: &DeliveryRef) -> Option<&mut Row> {
        self.by_id.get_mut(self.ids.get(reference)?).map(Box::as_mut)
    }
}

#[async_trait::async_trait]
impl DeliveryStore for MemoryStore {
    async fn claim(
        &self,
        delivery: &NewDelivery,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        Ok(self.rows().claim(delivery, now, now.plus(lease)))
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<Held, StoreError> {
        Ok(self.change(lease, |row| row.leased_until = until))
    }

    async fn finish(&self, lease: Lease, outcome: &Outcome, now: Timestamp) -> Result<Held, StoreError> {
        if !outcome.reply.is_final() {
            return Err(StoreError::NotFinal);
        }
        let mut rows = self.rows();
        let held = rows.change(&lease, |row| {
            row.reply = Some(outcome.reply.clone());
            row.finished_at = Some(now);
            row.decision.clone_from(&outcome.decision);
            row.numbered = lease.numbered(&outcome.texts);
        });
        if held == Held::Yes {
            rows.write(&lease.delivery_ref, &outcome.texts);
        }
        drop(rows);
        if let (Held::Yes, Some(item)) = (held, &outcome.queued) {
            self.items().add(&lease.id, item.clone());
        }
        Ok(held)
    }

    async fn release(&self, lease: Lease, texts: &[Text]) -> Result<(), StoreError> {
        let mut rows = self.rows();
        let held = rows.change(&lease, |row| {
            row.leased_until = NEVER;
            row.numbered = lease.numbered(texts);
        });
        if held == Held::Yes {
            rows.write(&lease.delivery_ref, texts);
        }
        Ok(())
    }

    async fn purge(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let (mut all, mut from) = (0, None);
        // One batch after the other, so that nobody who delivers waits for long.
        while let Some(batch) = self.rows().purge(before, &mut from) {
            all += batch;
        }
        while self.rows().numbers.forget(now) {}
        Ok(all)
    }

    async fn hash_key(&self) -> Result<HashKey, StoreError> {
        Ok(HashKey::new(&self.key))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
