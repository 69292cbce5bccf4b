//! Erasing numbers in the file.

use super::{SqliteStore, StoreError};
use crate::domain::{DeliveryRef, EventId, Timestamp};
use crate::store::{ErasedEvents, ErasedNumber, Erasure, Forgotten, SealedItem};
use rusqlite::{Connection, OptionalExtension, Row, params};

#[async_trait::async_trait]
impl Erasure for SqliteStore {
    async fn erase_events(
        &self,
        events: &[EventId],
        replayable_since: Timestamp,
    ) -> Result<ErasedEvents, StoreError> {
        let events = events.to_vec();
        self.overwrite(move |db| {
            let mut erased = ErasedEvents::default();
            for event in &events {
                if let Some(texts) = erase(db, event, replayable_since)? {
                    erased.events += 1;
                    erased.texts += texts;
                }
            }
            Ok(erased)
        })
        .await
    }

    async fn erase_number(&self, recipient_hash: &str) -> Result<ErasedNumber, StoreError> {
        let hash = recipient_hash.to_owned();
        self.overwrite(move |db| {
            let numbers = db.execute("DELETE FROM numbers WHERE recipient_hash = ?1", [&hash])?;
            let test_codes = db.execute("DELETE FROM test_codes WHERE recipient_hash = ?1", [&hash])?;
            Ok(ErasedNumber { numbers: numbers as u64, test_codes: test_codes as u64 })
        })
        .await
    }

    async fn sealed_behind(&self, after: i64, limit: u32) -> Result<Vec<SealedItem>, StoreError> {
        self.writer
            .run(move |db| {
                let mut select = db.prepare_cached(
                    "SELECT seq, event_id, sealed FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                )?;
                let mut rows = select.query(params![after, limit])?;
                let mut items = Vec::new();
                while let Some(row) = rows.next()? {
                    let id = EventId::new(row.get_ref(1)?.as_str()?).ok_or(StoreError::Corrupt)?;
                    items.push(SealedItem { place: row.get(0)?, id, sealed: row.get(2)? });
                }
                Ok(items)
            })
            .await
    }

    async fn announce(&self, forgotten: &Forgotten) -> Result<(), StoreError> {
        let Forgotten { recipient_hash, until } = forgotten.clone();
        self.writer
            .run(move |db| {
                let insert = "INSERT INTO forgotten (recipient_hash, until) VALUES (?1, ?2)
                              ON CONFLICT (recipient_hash) DO UPDATE SET until = ?2";
                db.execute(insert, params![recipient_hash, until.as_millis()])?;
                Ok(())
            })
            .await
    }

    async fn forgotten(&self) -> Result<Vec<Forgotten>, StoreError> {
        self.writer
            .run(|db| {
                let mut select = db.prepare_cached("SELECT recipient_hash, until FROM forgotten")?;
                let columns = |row: &Row<'_>| {
                    let until = Timestamp::from_millis(row.get(1)?);
                    Ok(Forgotten { recipient_hash: row.get(0)?, until })
                };
                Ok(select.query_map([], columns)?.collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn forget_announcements(&self, before: Timestamp) -> Result<(), StoreError> {
        self.overwrite(move |db| {
            db.prepare_cached("DELETE FROM forgotten WHERE until < ?1")?.execute([before.as_millis()])?;
            Ok(())
        })
        .await
    }
}

impl SqliteStore {
    /// Does `work`, and overwrites in the file what it deletes. SQLite otherwise leaves it where it was until its place
    /// is needed.
    async fn overwrite<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer
            .run(move |db| {
                db.pragma_update(None, "secure_delete", true)?;
                let done = work(db);
                db.pragma_update(None, "secure_delete", false)?;
                done
            })
            .await
    }
}

/// Erases the number from an event; returns how many texts that were, `None` if there is no such event.
fn erase(db: &Connection, event: &EventId, replayable_since: Timestamp) -> Result<Option<u64>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT delivery_ref, reply IS NOT NULL, first_claimed_at FROM deliveries WHERE event_id = ?1",
    )?;
    let columns = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?));
    let found = select.query_row([event.as_str()], columns).optional()?;
    let Some((reference, is_finished, came_at)) = found else { return Ok(None) };
    let texts = db.prepare_cached("DELETE FROM texts WHERE delivery_ref = ?1")?.execute([&reference])?;
    if is_finished && came_at < replayable_since.as_millis() {
        db.prepare_cached("DELETE FROM deliveries WHERE event_id = ?1")?.execute([event.as_str()])?;
        return Ok(Some(texts as u64));
    }
    // Reports of providers find it no more. The owner of one that is worked on knows it by its reference.
    let reference = if is_finished { DeliveryRef::random().as_str().to_owned() } else { reference };
    db.prepare_cached(
        "UPDATE deliveries SET delivery_ref = ?2, recipient_hash = NULL, recipient_last_two = NULL, provider = NULL,
             message_id = NULL, attempts = NULL, status_code = NULL,
             reply = iif(reply ->> 'kind' = 'accepted', json_set(reply, '$.message_id', NULL), reply)
         WHERE event_id = ?1",
    )?
    .execute(params![event.as_str(), reference])?;
    Ok(Some(texts as u64))
}
