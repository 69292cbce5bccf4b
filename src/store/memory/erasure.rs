//! Erasing numbers in memory.

use super::{MemoryStore, Rows, StoreError, TextRow};
use crate::domain::{Accepted, DeliveryRef, EventId, Reply, Timestamp};
use crate::store::{ErasedEvents, ErasedNumber, Erasure, Forgotten, SealedItem};
use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

/// What servers are to forget, by the hashes of the numbers.
pub(super) type Announced = HashMap<String, Timestamp>;

impl MemoryStore {
    /// Erases what came of the number of this hash until then; a stand-in has nobody else to do it.
    pub fn erase_all_of(&self, recipient_hash: &str, until: Timestamp) {
        let mut rows = self.rows();
        let meant = rows.by_id.values().filter(|row| {
            let recipient = row.delivery.recipient.as_ref();
            row.first_claimed_at <= until && recipient.is_some_and(|to| *to.hash == *recipient_hash)
        });
        let meant: Vec<_> = meant.map(|row| row.delivery.id.clone()).collect();
        for id in &meant {
            // How long an event can be replayed is known to nobody here: its reply stays as long as any other.
            rows.erase(id, Timestamp::from_millis(i64::MIN));
        }
        rows.numbers.erase(recipient_hash);
    }

    /// Whether any number is known here.
    pub fn knows_numbers(&self) -> bool {
        let rows = self.rows();
        !rows.numbers.is_empty() || rows.by_id.values().any(|row| row.delivery.recipient.is_some())
    }

    fn announced(&self) -> MutexGuard<'_, Announced> {
        self.forgotten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    /// Erases the number from an event; returns how many texts that were, `None` if there is no such event.
    fn erase(&mut self, id: &EventId, replayable_since: Timestamp) -> Option<u64> {
        let Self { by_id, ids, messages, .. } = self;
        let row = by_id.get_mut(id)?;
        let texts = std::mem::take(&mut row.texts);
        for id in texts.all().iter().filter_map(TextRow::of_messagebird) {
            messages.remove(id);
        }
        row.delivery.recipient = None;
        match &mut row.reply {
            // Its owner knows it by its reference.
            None => {}
            Some(_) if row.first_claimed_at < replayable_since => {
                ids.remove(&row.delivery_ref);
                by_id.remove(id);
            }
            Some(reply) => {
                if let Reply::Done(Some(Accepted { message_id, .. })) = reply {
                    *message_id = None;
                }
                ids.remove(&row.delivery_ref);
                // Reports of providers find it no more.
                row.delivery_ref = DeliveryRef::random();
                ids.insert(row.delivery_ref.clone(), id.clone());
            }
        }
        Some(texts.all().len() as u64)
    }
}

#[async_trait::async_trait]
impl Erasure for MemoryStore {
    async fn erase_events(
        &self,
        events: &[EventId],
        replayable_since: Timestamp,
    ) -> Result<ErasedEvents, StoreError> {
        let mut rows = self.rows();
        let mut erased = ErasedEvents::default();
        for texts in events.iter().filter_map(|id| rows.erase(id, replayable_since)) {
            erased.events += 1;
            erased.texts += texts;
        }
        Ok(erased)
    }

    async fn erase_number(&self, recipient_hash: &str) -> Result<ErasedNumber, StoreError> {
        let numbers = u64::from(self.rows().numbers.erase(recipient_hash));
        Ok(ErasedNumber { numbers, test_codes: u64::from(self.erase_test_code(recipient_hash)) })
    }

    async fn sealed_behind(&self, after: i64, limit: u32) -> Result<Vec<SealedItem>, StoreError> {
        Ok(self.items().behind(after, limit))
    }

    async fn announce(&self, forgotten: &Forgotten) -> Result<(), StoreError> {
        self.announced().insert(forgotten.recipient_hash.clone(), forgotten.until);
        Ok(())
    }

    async fn forgotten(&self) -> Result<Vec<Forgotten>, StoreError> {
        let one = |(recipient_hash, until): (&String, &Timestamp)| Forgotten {
            recipient_hash: recipient_hash.clone(),
            until: *until,
        };
        Ok(self.announced().iter().map(one).collect())
    }

    async fn forget_announcements(&self, before: Timestamp) -> Result<(), StoreError> {
        self.announced().retain(|_, until| *until >= before);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{HashKey, Recipient};
    use crate::store::{Claim, DeliveryStore, NewDelivery, Outcome};
    use std::time::Duration;

    const THEN: Timestamp = Timestamp::from_millis(1_770_000_000_000);
    const LEASE: Duration = Duration::from_secs(4);

    fn event(id: &str, recipient: &Recipient) -> NewDelivery {
        let id = EventId::new(id).unwrap();
        NewDelivery { recipient: Some(recipient.clone()), ..NewDelivery::new(id, "send.otp") }
    }

    #[tokio::test]
    async fn a_stand_in_forgets_what_came_in_time_and_still_knows_the_event() {
        let store = MemoryStore::default();
        let recipient = HashKey::new(b"key").recipient(&"+15551234567".parse().unwrap());
        for (id, at) in [("earlier", THEN), ("later", THEN.plus(LEASE))] {
            let claim = store.claim(&event(id, &recipient), at, LEASE).await.unwrap();
            let Claim::Acquired(lease) = claim else { panic!("{id} is known") };
            store.finish(lease, &Outcome::of(Reply::Done(None)), at).await.unwrap();
        }
        store.erase_all_of(&recipient.hash, THEN);
        assert!(store.knows_numbers(), "the later one stays");
        store.erase_all_of(&recipient.hash, THEN.plus(LEASE));
        assert!(!store.knows_numbers());
        let again = store.claim(&event("earlier", &recipient), THEN.plus(LEASE * 9), LEASE).await.unwrap();
        assert!(matches!(again, Claim::Finished(Reply::Done(None))));
    }
}
