//! Remembers deliveries in this process: for development, tests, and as a stand-in while a durable
//! store is down. Forgets everything on a restart.

mod outbox;

use super::{
    Claim, DeliveryStore, Held, LONGEST_LEASE, Lease, NewDelivery, Outcome, StatusChange, StoreError,
};
use crate::domain::{DeliveryRef, EventId, HashKey, Reply, Timestamp};
use outbox::Items;
use sms_providers::{DeliveryStatus, StatusUpdate};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The store in memory.
pub struct MemoryStore {
    rows: Mutex<Rows>,
    outbox: Mutex<Items>,
    key: Vec<u8>,
}

#[derive(Default)]
struct Rows {
    by_id: HashMap<EventId, Row>,
    /// Reports name a delivery by its reference alone.
    ids: HashMap<DeliveryRef, EventId>,
}

struct Row {
    delivery_ref: DeliveryRef,
    first_claimed_at: Timestamp,
    token: i64,
    leased_until: Timestamp,
    possible_sends: u8,
    status: DeliveryStatus,
    outcome: Option<Outcome>,
}

/// A lease that was given up has lapsed at any time.
const NEVER: Timestamp = Timestamp::from_millis(i64::MIN);

impl Default for MemoryStore {
    fn default() -> Self {
        Self { rows: Mutex::default(), outbox: Mutex::default(), key: HashKey::random().expose().to_vec() }
    }
}

impl MemoryStore {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        // Every change of a row is one assignment after the other, so a panic leaves it usable.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reply of an event that was finished here.
    pub fn finished(&self, id: &EventId) -> Option<Reply> {
        self.rows().by_id.get(id)?.outcome.as_ref().map(|outcome| outcome.reply.clone())
    }

    fn change(&self, lease: &Lease, change: impl FnOnce(&mut Row)) -> Held {
        match self.rows().by_id.get_mut(&lease.id) {
            Some(row) if row.token == lease.token && row.outcome.is_none() => {
                row.possible_sends = lease.possible_sends;
                change(row);
                Held::Yes
            }
            _ => Held::Lost,
        }
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
        let mut rows = self.rows();
        let Rows { by_id, ids } = &mut *rows;
        let row = by_id.entry(delivery.id.clone()).or_insert_with(|| {
            let delivery_ref = DeliveryRef::random();
            ids.insert(delivery_ref.clone(), delivery.id.clone());
            Row {
                delivery_ref,
                first_claimed_at: now,
                token: 0,
                leased_until: NEVER,
                possible_sends: 0,
                status: DeliveryStatus::Accepted,
                outcome: None,
            }
        });
        if let Some(outcome) = &row.outcome {
            return Ok(Claim::Finished(outcome.reply.clone()));
        }
        if (now..=now.plus(LONGEST_LEASE)).contains(&row.leased_until) {
            return Ok(Claim::InFlight);
        }
        row.token += 1;
        row.leased_until = now.plus(lease);
        row.possible_sends = row.possible_sends.saturating_add(1);
        Ok(Claim::Acquired(Lease {
            id: delivery.id.clone(),
            token: row.token,
            delivery_ref: row.delivery_ref.clone(),
            first_claimed_at: row.first_claimed_at,
            possible_sends: row.possible_sends,
        }))
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<Held, StoreError> {
        Ok(self.change(lease, |row| row.leased_until = until))
    }

    async fn finish(&self, lease: Lease, outcome: &Outcome, _now: Timestamp) -> Result<Held, StoreError> {
        if !outcome.reply.is_final() {
            return Err(StoreError::NotFinal);
        }
        let mut outcome = outcome.clone();
        let queued = outcome.queued.take();
        let held = self.change(&lease, |row| row.outcome = Some(outcome));
        if let (Held::Yes, Some(item)) = (held, queued) {
            self.items().add(&lease.id, item);
        }
        Ok(held)
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.change(&lease, |row| row.leased_until = NEVER);
        Ok(())
    }

    async fn record_status(
        &self,
        delivery: &DeliveryRef,
        update: &StatusUpdate,
    ) -> Result<StatusChange, StoreError> {
        let mut rows = self.rows();
        let Rows { by_id, ids } = &mut *rows;
        let Some(row) = ids.get(delivery).and_then(|id| by_id.get_mut(id)) else {
            return Ok(StatusChange::NotFound);
        };
        if !row.status.may_become(update.status) {
            return Ok(StatusChange::Unchanged);
        }
        row.status = update.status;
        let provider = row.outcome.as_ref().and_then(|outcome| match &outcome.reply {
            Reply::Done(accepted) => accepted.as_ref().map(|accepted| accepted.provider),
            Reply::App { .. } | Reply::Refused(_) | Reply::TryAgain(_) => None,
        });
        Ok(StatusChange::Raised(provider))
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut rows = self.rows();
        let Rows { by_id, ids } = &mut *rows;
        let all = by_id.len();
        by_id.retain(|_, row| {
            let keep =
                row.first_claimed_at >= before || (row.outcome.is_none() && row.leased_until >= before);
            if !keep {
                ids.remove(&row.delivery_ref);
            }
            keep
        });
        Ok((all - by_id.len()) as u64)
    }

    async fn hash_key(&self) -> Result<HashKey, StoreError> {
        Ok(HashKey::new(&self.key))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
