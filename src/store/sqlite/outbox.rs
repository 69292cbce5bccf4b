//! The outbox in the file.

use super::{SqliteStore, StoreError};
use crate::domain::{EndpointId, EventId, Timestamp};
use crate::store::{Counts, Entry, EntryState, Item, Lease, NewItem, Next, Outbox, Selection, Taken};
use rusqlite::{Connection, Row, params};
use std::time::Duration;

#[async_trait::async_trait]
impl Outbox for SqliteStore {
    async fn take_due(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Taken, StoreError> {
        self.writer.run(move |db| take_due(db, now, now.plus(lease), limit)).await
    }

    async fn delivered(&self, id: &EventId) -> Result<(), StoreError> {
        let id = id.clone();
        self.writer
            .run(move |db| {
                db.prepare_cached("DELETE FROM outbox WHERE event_id = ?1")?.execute([id.as_str()])?;
                Ok(())
            })
            .await
    }

    async fn failed(&self, item: &Item, failure: &str, next: Next) -> Result<(), StoreError> {
        let (id, attempt, failure) = (item.id.clone(), item.attempt, failure.to_owned());
        let (due_at, dead_at) = match next {
            Next::At(due_at) => (due_at, None),
            Next::Dead(at) => (at, Some(at.as_millis())),
        };
        self.writer
            .run(move |db| {
                let mut update = db.prepare_cached(
                    "UPDATE outbox SET failure = ?3, due_at = ?4, dead_at = ?5, leased_until = 0
                     WHERE event_id = ?1 AND attempts = ?2 AND dead_at IS NULL",
                )?;
                update.execute(params![id.as_str(), attempt, failure, due_at.as_millis(), dead_at])?;
                Ok(())
            })
            .await
    }

    async fn list(&self, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.writer
            .run(move |db| {
                let mut select = db.prepare_cached(
                    "SELECT event_id, event_type, endpoint_id, attempts, queued_at, due_at, dead_at, failure,
                         sealed
                     FROM outbox ORDER BY seq LIMIT ?1",
                )?;
                let mut rows = select.query([limit])?;
                let mut entries = Vec::new();
                while let Some(row) = rows.next()? {
                    entries.push(entry(row)?);
                }
                Ok(entries)
            })
            .await
    }

    async fn retry(
        &self,
        selection: &Selection,
        now: Timestamp,
        give_up_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let selection = selection.clone();
        self.writer
            .run(move |db| {
                let (id, only_dead) = selection.condition();
                let mut update = db.prepare_cached(
                    "UPDATE outbox SET due_at = ?3, give_up_at = ?4, dead_at = NULL,
                         attempts = iif(dead_at IS NULL, attempts, 0)
                     WHERE (?1 IS NULL OR event_id = ?1) AND (NOT ?2 OR dead_at IS NOT NULL)",
                )?;
                Ok(update.execute(params![id, only_dead, now.as_millis(), give_up_at.as_millis()])? as u64)
            })
            .await
    }

    async fn discard(&self, selection: &Selection) -> Result<u64, StoreError> {
        let selection = selection.clone();
        self.writer
            .run(move |db| {
                let (id, only_dead) = selection.condition();
                let mut delete = db.prepare_cached(
                    "DELETE FROM outbox
                     WHERE (?1 IS NULL OR event_id = ?1) AND (NOT ?2 OR dead_at IS NOT NULL)",
                )?;
                Ok(delete.execute(params![id, only_dead])? as u64)
            })
            .await
    }

    async fn purge_dead(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.writer
            .run(move |db| {
                Ok(db.execute("DELETE FROM outbox WHERE dead_at < ?1", [before.as_millis()])? as u64)
            })
            .await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.writer
            .run(|db| {
                let mut select =
                    db.prepare_cached("SELECT count(*) - count(dead_at), count(dead_at) FROM outbox")?;
                let (waiting, dead): (u32, u32) =
                    select.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(Counts { waiting: waiting.into(), dead: dead.into() })
            })
            .await
    }
}

/// Puts an event in, unless it is there or the lease is lost.
pub(super) fn add(db: &Connection, lease: &Lease, item: &NewItem) -> Result<(), StoreError> {
    let NewItem { event_type, endpoint, lane, sealed, queued_at, give_up_at } = item;
    let mut insert = db.prepare_cached(
        "INSERT INTO outbox (event_id, event_type, endpoint_id, lane, sealed, queued_at, give_up_at, due_at)
         SELECT event_id, ?3, ?4, ?5, ?6, ?7, ?8, ?7 FROM deliveries
         WHERE event_id = ?1 AND token = ?2 AND reply IS NULL
         ON CONFLICT DO NOTHING",
    )?;
    let endpoint = endpoint.as_ref().map(EndpointId::as_str);
    let (queued_at, give_up_at) = (queued_at.as_millis(), give_up_at.as_millis());
    let (id, token) = (lease.id.as_str(), lease.token);
    insert.execute(params![id, token, event_type, endpoint, lane, sealed, queued_at, give_up_at])?;
    Ok(())
}

fn take_due(db: &Connection, now: Timestamp, until: Timestamp, limit: u32) -> Result<Taken, StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE outbox SET attempts = attempts + 1, leased_until = ?2
         WHERE seq IN (
             SELECT seq FROM outbox AS oldest
             WHERE dead_at IS NULL AND due_at <= ?1 AND leased_until < ?1 AND NOT EXISTS (
                 SELECT 1 FROM outbox AS older
                 WHERE older.lane = oldest.lane AND older.seq < oldest.seq AND older.dead_at IS NULL)
             ORDER BY seq LIMIT ?3)
         RETURNING event_id, endpoint_id, sealed, attempts, give_up_at",
    )?;
    let mut rows = update.query(params![now.as_millis(), until.as_millis(), limit])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(Item {
            id: event_id(row, 0)?,
            endpoint: endpoint_id(row, 1)?,
            sealed: row.get(2)?,
            attempt: row.get(3)?,
            give_up_at: Timestamp::from_millis(row.get(4)?),
        });
    }
    let mut any = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE dead_at IS NULL)")?;
    Ok(Taken { items, waiting: any.query_row([], |row| row.get(0))? })
}

fn entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    let dead_at: Option<i64> = row.get(6)?;
    Ok(Entry {
        id: event_id(row, 0)?,
        event_type: row.get(1)?,
        endpoint: endpoint_id(row, 2)?,
        attempts: row.get(3)?,
        queued_at: Timestamp::from_millis(row.get(4)?),
        state: match dead_at {
            Some(at) => EntryState::Dead(Timestamp::from_millis(at)),
            None => EntryState::Waiting(Timestamp::from_millis(row.get(5)?)),
        },
        failure: row.get(7)?,
        sealed: row.get(8)?,
    })
}

fn event_id(row: &Row<'_>, column: usize) -> Result<EventId, StoreError> {
    EventId::new(row.get_ref(column)?.as_str().map_err(|_| StoreError::Corrupt)?).ok_or(StoreError::Corrupt)
}

fn endpoint_id(row: &Row<'_>, column: usize) -> Result<Option<EndpointId>, StoreError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| EndpointId::new(&text).ok_or(StoreError::Corrupt)).transpose()
}
