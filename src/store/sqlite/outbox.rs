//! The outbox in the file.

mod due;

use super::{PURGE_BATCH, SqliteStore, StoreError};
use crate::domain::{EndpointId, EventId, Timestamp};
use crate::store::{Counts, Entry, EntryState, Item, Lease, NewItem, Next, Outbox, Selection, Taken, Whose};
use due::{LATEST_DUE, take_due};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::time::Duration;

#[async_trait::async_trait]
impl Outbox for SqliteStore {
    async fn take_due(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
        whose: Whose<'_>,
    ) -> Result<Taken, StoreError> {
        let names = |ids: Vec<&str>| serde_json::to_string(&ids).map_err(|_| StoreError::Corrupt);
        let only = whose.only.map(|ids| names(ids.iter().map(EndpointId::as_str).collect())).transpose()?;
        let except =
            names(whose.except.iter().map(|id| id.as_ref().map_or("", EndpointId::as_str)).collect())?;
        self.writer.run(move |db| take_due(db, now, now.plus(lease), limit, only, &except)).await
    }

    async fn delivered(&self, id: &EventId, now: Timestamp) -> Result<(), StoreError> {
        let id = id.clone();
        self.writer
            .run(move |db| {
                let mut delete =
                    db.prepare_cached("DELETE FROM outbox WHERE event_id = ?1 RETURNING lane")?;
                let lane = delete.query_row([id.as_str()], |row| row.get(0)).optional()?;
                lane.map_or(Ok(()), |lane| give_turn(db, lane, now))
            })
            .await
    }

    async fn failed(&self, item: &Item, failure: &str, next: Next) -> Result<(), StoreError> {
        let (id, attempt, failure) = (item.id.clone(), item.attempt, failure.to_owned());
        let (at, dead_at) = match next {
            Next::At(due_at) => (due_at, None),
            Next::Dead(at) => (at, Some(at.as_millis())),
        };
        self.writer
            .run(move |db| {
                let mut update = db.prepare_cached(
                    "UPDATE outbox SET failure = ?3, due_at = ?4, dead_at = ?5, leased_until = 0
                     WHERE event_id = ?1 AND attempts = ?2 AND dead_at IS NULL RETURNING lane",
                )?;
                let parameters = params![id.as_str(), attempt, failure, at.as_millis(), dead_at];
                let lane = update.query_row(parameters, |row| row.get(0)).optional()?;
                lane.filter(|_| dead_at.is_some()).map_or(Ok(()), |lane| give_turn(db, lane, at))
            })
            .await
    }

    async fn give_turns(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.writer
            .run(move |db| {
                let mut correct = db.prepare_cached(&format!(
                    "UPDATE outbox SET due_at = ?1 WHERE dead_at IS NULL AND due_at > {LATEST_DUE}"
                ))?;
                let corrected = correct.execute([now.as_millis()])?;
                let mut update = db.prepare_cached(
                    "UPDATE outbox SET due_at = ?1
                     WHERE due_at IS NULL AND dead_at IS NULL AND NOT EXISTS (
                         SELECT 1 FROM outbox AS older
                         WHERE older.lane = outbox.lane AND older.seq < outbox.seq AND older.dead_at IS NULL)",
                )?;
                Ok((corrected + update.execute([now.as_millis()])?) as u64)
            })
            .await
    }

    async fn list(&self, selection: &Selection, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let selection = selection.clone();
        self.writer
            .run(move |db| {
                let (id, only_dead) = selection.condition();
                let mut select = db.prepare_cached(
                    "SELECT event_id, event_type, endpoint_id, attempts, queued_at, due_at, dead_at, failure
                     FROM outbox WHERE (?1 IS NULL OR event_id = ?1) AND (NOT ?2 OR dead_at IS NOT NULL)
                     ORDER BY seq LIMIT ?3",
                )?;
                let mut rows = select.query(params![id, only_dead, limit])?;
                let mut entries = Vec::new();
                while let Some(row) = rows.next()? {
                    entries.push(entry(row)?);
                }
                Ok(entries)
            })
            .await
    }

    async fn sealed(&self, id: &EventId) -> Result<Option<Vec<u8>>, StoreError> {
        let id = id.clone();
        self.writer
            .run(move |db| {
                let mut select = db.prepare_cached("SELECT sealed FROM outbox WHERE event_id = ?1")?;
                Ok(select.query_row([id.as_str()], |row| row.get(0)).optional()?)
            })
            .await
    }

    async fn retry(
        &self,
        selection: &Selection,
        now: Timestamp,
        give_up_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let (mut all, mut last) = (0, 0);
        loop {
            let selection = selection.clone();
            let revived = self.writer.run(move |db| retry(db, &selection, last, now, give_up_at)).await?;
            all += revived.len() as u64;
            match revived.into_iter().max() {
                Some(seq) => last = seq,
                None => return Ok(all),
            }
        }
    }

    async fn discard(&self, selection: &Selection, now: Timestamp) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let selection = selection.clone();
            let gone = self
                .writer
                .run(move |db| {
                    let (id, only_dead) = selection.condition();
                    let mut delete = db.prepare_cached(
                        "DELETE FROM outbox WHERE seq IN (
                             SELECT seq FROM outbox
                             WHERE (?1 IS NULL OR event_id = ?1) AND (NOT ?2 OR dead_at IS NOT NULL) LIMIT ?3)",
                    )?;
                    Ok(delete.execute(params![id, only_dead, PURGE_BATCH])? as u64)
                })
                .await?;
            all += gone;
            if gone < u64::from(PURGE_BATCH) {
                self.give_turns(now).await?;
                return Ok(all);
            }
        }
    }

    async fn purge_dead(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let gone = self
                .writer
                .run(move |db| {
                    let mut delete = db.prepare_cached(
                        "DELETE FROM outbox
                         WHERE seq IN (SELECT seq FROM outbox WHERE dead_at < ?1 LIMIT ?2)",
                    )?;
                    Ok(delete.execute(params![before.as_millis(), PURGE_BATCH])? as u64)
                })
                .await?;
            all += gone;
            if gone < u64::from(PURGE_BATCH) {
                return Ok(all);
            }
        }
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.writer
            .run(|db| {
                let mut select = db.prepare_cached(
                    "SELECT (SELECT count(*) FROM outbox WHERE dead_at IS NULL),
                         (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL)",
                )?;
                let (waiting, dead): (u32, u32) =
                    select.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(Counts { waiting: waiting.into(), dead: dead.into() })
            })
            .await
    }

    async fn oldest(&self) -> Result<Option<Timestamp>, StoreError> {
        self.writer
            .run(|db| {
                let mut select =
                    db.prepare_cached("SELECT min(queued_at) FROM outbox WHERE dead_at IS NULL")?;
                let queued_at: Option<i64> = select.query_row([], |row| row.get(0))?;
                Ok(queued_at.map(Timestamp::from_millis))
            })
            .await
    }
}

/// Puts an event in, unless it is there or the lease is lost.
pub(super) fn add(db: &Connection, lease: &Lease, item: &NewItem) -> Result<(), StoreError> {
    let NewItem { event_type, endpoint, lane, sealed, queued_at, give_up_at } = item;
    let mut insert = db.prepare_cached(
        "INSERT INTO outbox (event_id, event_type, endpoint_id, lane, sealed, queued_at, give_up_at, due_at)
         SELECT event_id, ?3, ?4, ?5, ?6, ?7, ?8,
             iif(EXISTS (SELECT 1 FROM outbox WHERE lane = ?5 AND dead_at IS NULL), NULL, ?7)
         FROM deliveries WHERE event_id = ?1 AND token = ?2 AND delivery_ref = ?9 AND reply IS NULL
         ON CONFLICT DO NOTHING",
    )?;
    let endpoint = endpoint.as_ref().map(EndpointId::as_str);
    let (queued_at, give_up_at) = (queued_at.as_millis(), give_up_at.as_millis());
    let (id, token, of) = (lease.id.as_str(), lease.token, lease.delivery_ref.as_str());
    insert.execute(params![id, token, event_type, endpoint, lane, sealed, queued_at, give_up_at, of])?;
    Ok(())
}

/// The oldest living item of the lane has its turn.
fn give_turn(db: &Connection, lane: String, now: Timestamp) -> Result<(), StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE outbox SET due_at = ?2 WHERE due_at IS NULL AND seq = (
             SELECT min(seq) FROM outbox WHERE lane = ?1 AND dead_at IS NULL)",
    )?;
    update.execute(params![lane, now.as_millis()])?;
    Ok(())
}

/// Retries a batch of those behind `last`; returns their places.
fn retry(
    db: &Connection,
    selection: &Selection,
    last: i64,
    now: Timestamp,
    give_up_at: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let (id, only_dead) = selection.condition();
    let mut update = db.prepare_cached(
        "UPDATE outbox SET due_at = iif(due_at IS NULL, NULL, ?4), give_up_at = ?5, dead_at = NULL,
             attempts = iif(dead_at IS NULL, attempts, 0)
         WHERE seq IN (
             SELECT seq FROM outbox
             WHERE seq > ?3 AND (?1 IS NULL OR event_id = ?1) AND (NOT ?2 OR dead_at IS NOT NULL)
             ORDER BY seq LIMIT ?6)
         RETURNING seq",
    )?;
    let parameters = params![id, only_dead, last, now.as_millis(), give_up_at.as_millis(), PURGE_BATCH];
    Ok(update.query_map(parameters, |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    Ok(Entry {
        id: event_id(row, 0)?,
        event_type: row.get(1)?,
        endpoint: endpoint_id(row, 2)?,
        attempts: row.get(3)?,
        queued_at: Timestamp::from_millis(row.get(4)?),
        state: EntryState::of(row.get(5)?, row.get(6)?),
        failure: row.get(7)?,
    })
}

fn event_id(row: &Row<'_>, column: usize) -> Result<EventId, StoreError> {
    EventId::new(row.get_ref(column)?.as_str().map_err(|_| StoreError::Corrupt)?).ok_or(StoreError::Corrupt)
}

fn endpoint_id(row: &Row<'_>, column: usize) -> Result<Option<EndpointId>, StoreError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| EndpointId::new(&text).ok_or(StoreError::Corrupt)).transpose()
}
