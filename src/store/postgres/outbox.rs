//! The outbox in the database. Instances share the work: a row that one of them is taking is passed over by
//! the others.

use super::{PURGE_BATCH, Parameter, PostgresStore, StoreError};
use crate::domain::{EndpointId, EventId, Timestamp};
use crate::store::{Counts, Entry, EntryState, Item, Next, Outbox, Selection, Taken, Whose};
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

#[async_trait::async_trait]
impl Outbox for PostgresStore {
    async fn take_due(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
        whose: Whose<'_>,
    ) -> Result<Taken, StoreError> {
        let only: Option<Vec<&str>> = whose.only.map(|ids| ids.iter().map(EndpointId::as_str).collect());
        let except: Vec<_> =
            whose.except.iter().map(|id| id.as_ref().map_or("", EndpointId::as_str)).collect();
        let (only, except): (Parameter<'_>, Parameter<'_>) =
            ((&only, Type::TEXT_ARRAY), (&except, Type::TEXT_ARRAY));
        let rows = self
            .sessions
            .query(
                &format!(
                    "WITH due AS (
                         SELECT seq FROM neon_sms_relay_outbox AS oldest
                         WHERE due_at <= $1 AND {FREE}
                         ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED),
                     ahead AS (
                         SELECT seq FROM neon_sms_relay_outbox AS oldest
                         WHERE due_at > {LATEST_DUE} AND {FREE} AND seq IN (
                             SELECT seq FROM neon_sms_relay_outbox WHERE dead_at IS NULL AND due_at > $1
                             ORDER BY due_at DESC LIMIT {FURTHEST})
                         LIMIT $3 FOR UPDATE SKIP LOCKED)
                     UPDATE neon_sms_relay_outbox AS item
                     SET attempts = attempts + 1, leased_until = $2, due_at = least(due_at, $1)
                     FROM (SELECT seq FROM due UNION ALL SELECT seq FROM ahead LIMIT $3) AS given
                     WHERE item.seq = given.seq
                     RETURNING event_id, endpoint_id, sealed, attempts, give_up_at"
                ),
                &[
                    (&now.as_millis(), Type::INT8),
                    (&now.plus(lease).as_millis(), Type::INT8),
                    (&i64::from(limit), Type::INT8),
                    only.clone(),
                    except.clone(),
                ],
            )
            .await?;
        let item = |row: &Row| {
            Ok(Item {
                id: event_id(row, 0)?,
                endpoint: endpoint_id(row, 1)?,
                sealed: row.try_get(2)?,
                attempt: count(row, 3)?,
                give_up_at: Timestamp::from_millis(row.try_get(4)?),
            })
        };
        let items = rows.iter().map(item).collect::<Result<_, StoreError>>()?;
        // Leased ones are among the longest due, and there are few of them.
        let next = "SELECT min(greatest(due_at, leased_until)) FROM (
                        SELECT due_at, leased_until FROM neon_sms_relay_outbox
                        WHERE dead_at IS NULL AND due_at IS NOT NULL
                            AND (endpoint_id IS NULL OR $1 IS NULL OR endpoint_id = ANY ($1))
                            AND coalesce(endpoint_id, '') <> ALL ($2)
                        ORDER BY due_at LIMIT 100) AS turns";
        let rows = self.sessions.query(next, &[only, except]).await?;
        let next_due: Option<i64> = rows.first().ok_or(StoreError::Corrupt)?.try_get(0)?;
        Ok(Taken { items, next_due: next_due.map(Timestamp::from_millis) })
    }

    async fn delivered(&self, id: &EventId, now: Timestamp) -> Result<(), StoreError> {
        let delete = "WITH gone AS (
                          DELETE FROM neon_sms_relay_outbox WHERE event_id = $1 RETURNING seq, lane)";
        let parameters = [(&id.as_str() as _, Type::TEXT), (&now.as_millis() as _, Type::INT8)];
        self.sessions.query(&format!("{delete} {GIVE_TURN}"), &parameters).await.map(drop)
    }

    async fn failed(&self, item: &Item, failure: &str, next: Next) -> Result<(), StoreError> {
        let attempt = i32::try_from(item.attempt).map_err(|_| StoreError::Corrupt)?;
        let (at, set, then) = match next {
            Next::At(at) => (at, "due_at = $2", "SELECT 1"),
            Next::Dead(at) => (at, "due_at = $2, dead_at = $2", GIVE_TURN),
        };
        let update = format!(
            "WITH gone AS (
                 UPDATE neon_sms_relay_outbox SET {set}, failure = $4, leased_until = 0
                 WHERE event_id = $1 AND attempts = $3 AND dead_at IS NULL RETURNING seq, lane)
             {then}"
        );
        let parameters: [Parameter<'_>; 4] = [
            (&item.id.as_str(), Type::TEXT),
            (&at.as_millis(), Type::INT8),
            (&attempt, Type::INT4),
            (&failure, Type::TEXT),
        ];
        self.sessions.query(&update, &parameters).await.map(drop)
    }

    async fn give_turns(&self, now: Timestamp) -> Result<u64, StoreError> {
        let update = format!(
            "UPDATE neon_sms_relay_outbox AS oldest SET due_at = $1
             WHERE dead_at IS NULL AND (due_at > {LATEST_DUE} OR due_at IS NULL AND NOT EXISTS (
                 SELECT FROM neon_sms_relay_outbox AS older
                 WHERE older.lane = oldest.lane AND older.seq < oldest.seq AND older.dead_at IS NULL))
             RETURNING 1"
        );
        Ok(self.sessions.query(&update, &[(&now.as_millis(), Type::INT8)]).await?.len() as u64)
    }

    async fn list(&self, selection: &Selection, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let (id, only_dead) = selection.condition();
        let select = "SELECT event_id, event_type, endpoint_id, attempts, queued_at, due_at, dead_at, failure
                      FROM neon_sms_relay_outbox
                      WHERE ($1 IS NULL OR event_id = $1) AND (NOT $2 OR dead_at IS NOT NULL)
                      ORDER BY seq LIMIT $3";
        let parameters: [Parameter<'_>; 3] =
            [(&id, Type::TEXT), (&only_dead, Type::BOOL), (&i64::from(limit), Type::INT8)];
        self.sessions.query(select, &parameters).await?.iter().map(entry).collect()
    }

    async fn sealed(&self, id: &EventId) -> Result<Option<Vec<u8>>, StoreError> {
        let select = "SELECT sealed FROM neon_sms_relay_outbox WHERE event_id = $1";
        let rows = self.sessions.query(select, &[(&id.as_str(), Type::TEXT)]).await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
    }

    async fn retry(
        &self,
        selection: &Selection,
        now: Timestamp,
        give_up_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let (id, only_dead) = selection.condition();
        let update = "UPDATE neon_sms_relay_outbox SET dead_at = NULL, give_up_at = $5,
                          due_at = CASE WHEN due_at IS NULL THEN NULL ELSE $4 END,
                          attempts = CASE WHEN dead_at IS NULL THEN attempts ELSE 0 END
                      WHERE seq IN (
                          SELECT seq FROM neon_sms_relay_outbox
                          WHERE seq > $3 AND ($1 IS NULL OR event_id = $1) AND (NOT $2 OR dead_at IS NOT NULL)
                          ORDER BY seq LIMIT $6)
                      RETURNING seq";
        let (mut all, mut last) = (0, 0_i64);
        loop {
            let parameters: [Parameter<'_>; 6] = [
                (&id, Type::TEXT),
                (&only_dead, Type::BOOL),
                (&last, Type::INT8),
                (&now.as_millis(), Type::INT8),
                (&give_up_at.as_millis(), Type::INT8),
                (&PURGE_BATCH, Type::INT8),
            ];
            let revived = self.sessions.query(update, &parameters).await?;
            all += revived.len() as u64;
            let places = revived.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
            match places.into_iter().max() {
                Some(seq) => last = seq,
                None => return Ok(all),
            }
        }
    }

    async fn discard(&self, selection: &Selection, now: Timestamp) -> Result<u64, StoreError> {
        let (id, only_dead) = selection.condition();
        let which = "($1 IS NULL OR event_id = $1) AND (NOT $2 OR dead_at IS NOT NULL)";
        let gone = self.delete_batches(which, &[(&id, Type::TEXT), (&only_dead, Type::BOOL)]).await?;
        self.give_turns(now).await?;
        Ok(gone)
    }

    async fn purge_dead(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.delete_batches("dead_at < $1", &[(&before.as_millis(), Type::INT8)]).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let select = "SELECT count(*) - count(dead_at), count(dead_at) FROM neon_sms_relay_outbox";
        let rows = self.sessions.query(select, &[]).await?;
        let row = rows.first().ok_or(StoreError::Corrupt)?;
        let number = |column| u64::try_from(row.try_get::<_, i64>(column)?).map_err(|_| StoreError::Corrupt);
        Ok(Counts { waiting: number(0)?, dead: number(1)? })
    }

    async fn oldest(&self) -> Result<Option<Timestamp>, StoreError> {
        let select = "SELECT min(queued_at) FROM neon_sms_relay_outbox WHERE dead_at IS NULL";
        let rows = self.sessions.query(select, &[]).await?;
        let row = rows.first().ok_or(StoreError::Corrupt)?;
        Ok(row.try_get::<_, Option<i64>>(0)?.map(Timestamp::from_millis))
    }
}

/// When an item can be due at the latest, by [`latest_due`](crate::store::outbox); `$1` is the time now.
const LATEST_DUE: &str = "$1 + 60000 + least(3600000, 1000 << least(attempts, 12))";

/// What else must hold of an item that is given out: its lease lapsed, it is of an endpoint that is meant, and, of two
/// that are due in one lane, as after a retry, it is the older one.
const FREE: &str = "dead_at IS NULL AND leased_until NOT BETWEEN $1 AND $1 + 60000
    AND (endpoint_id IS NULL OR $4 IS NULL OR endpoint_id = ANY ($4))
    AND coalesce(endpoint_id, '') <> ALL ($5)
    AND NOT EXISTS (
        SELECT FROM neon_sms_relay_outbox AS older
        WHERE older.lane = oldest.lane AND older.seq < oldest.seq AND older.dead_at IS NULL)";

/// As many items that wait longest are looked at for times that cannot be; `give_turns` looks at all.
const FURTHEST: u32 = 100;

/// Behind a `WITH gone AS (…)`, whose `$2` is the time now: the next of the lane has its turn. The snapshot still
/// shows what is gone.
const GIVE_TURN: &str = "
    UPDATE neon_sms_relay_outbox SET due_at = $2 WHERE due_at IS NULL AND seq = (
        SELECT min(next.seq) FROM neon_sms_relay_outbox AS next, gone
        WHERE next.lane = gone.lane AND next.seq <> gone.seq AND next.dead_at IS NULL)";

impl PostgresStore {
    async fn delete_batches(&self, which: &str, parameters: &[Parameter<'_>]) -> Result<u64, StoreError> {
        let delete = format!(
            "DELETE FROM neon_sms_relay_outbox WHERE seq IN (
                 SELECT seq FROM neon_sms_relay_outbox WHERE {which} LIMIT {PURGE_BATCH}) RETURNING 1"
        );
        let mut all = 0;
        loop {
            let gone = self.sessions.query(&delete, parameters).await?.len();
            all += gone as u64;
            if (gone as i64) < PURGE_BATCH {
                return Ok(all);
            }
        }
    }
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        id: event_id(row, 0)?,
        event_type: row.try_get(1)?,
        endpoint: endpoint_id(row, 2)?,
        attempts: count(row, 3)?,
        queued_at: Timestamp::from_millis(row.try_get(4)?),
        state: EntryState::of(row.try_get(5)?, row.try_get(6)?),
        failure: row.try_get(7)?,
    })
}

fn event_id(row: &Row, column: usize) -> Result<EventId, StoreError> {
    EventId::new(row.try_get(column)?).ok_or(StoreError::Corrupt)
}

fn endpoint_id(row: &Row, column: usize) -> Result<Option<EndpointId>, StoreError> {
    let text: Option<&str> = row.try_get(column)?;
    text.map(|text| EndpointId::new(text).ok_or(StoreError::Corrupt)).transpose()
}

fn count(row: &Row, column: usize) -> Result<u32, StoreError> {
    u32::try_from(row.try_get::<_, i32>(column)?).map_err(|_| StoreError::Corrupt)
}
