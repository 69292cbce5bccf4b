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
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tallies::Counts;
use test_codes::Codes;
use texts::Row as TextRow;

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
    by_id: HashMap<EventId, Row>,
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
    texts: BTreeMap<u8, TextRow>,
}

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

    fn by_ref(&mut self, reference: &DeliveryRef) -> Option<&mut Row> {
        self.by_id.get_mut(self.ids.get(reference)?)
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
        let mut rows = self.rows();
        let Rows { by_id, ids, messages, numbers, .. } = &mut *rows;
        let all = by_id.len();
        by_id.retain(|_, row| {
            let keep = row.first_claimed_at >= before || (row.reply.is_none() && row.leased_until >= before);
            if !keep {
                ids.remove(&row.delivery_ref);
                for id in row.texts.values().filter_map(TextRow::of_messagebird) {
                    messages.remove(id);
                }
                if let Some(recipient) = &row.delivery.recipient {
                    numbers.rest(&recipient.hash, &row.delivery_ref);
                }
            }
            keep
        });
        numbers.forget(now);
        Ok((all - by_id.len()) as u64)
    }

    async fn hash_key(&self) -> Result<HashKey, StoreError> {
        Ok(HashKey::new(&self.key))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
