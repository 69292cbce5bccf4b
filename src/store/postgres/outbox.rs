//! The outbox in the database. Instances share the work: a row that one of them is taking is passed over by
//! the others.

use super::{Parameter, PostgresStore, StoreError};
use crate::domain::{EndpointId, EventId, Timestamp};
use crate::store::{Counts, Entry, EntryState, Item, Next, Outbox, Selection, Taken};
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

#[async_trait::async_trait]
impl Outbox for PostgresStore {
    async fn take_due(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Taken, StoreError> {
        let limit = i64::from(limit);
        let rows = self
            .sessions
            .query(
                "WITH due AS (
                     SELECT seq FROM neon_sms_relay_outbox AS oldest
                     WHERE dead_at IS NULL AND due_at <= $1 AND leased_until < $1 AND NOT EXISTS (
                         SELECT FROM neon_sms_relay_outbox AS older
                         WHERE older.lane = oldest.lane AND older.seq < oldest.seq
                             AND older.dead_at IS NULL)
                     ORDER BY seq LIMIT $3 FOR UPDATE SKIP LOCKED)
                 UPDATE neon_sms_relay_outbox AS item SET attempts = attempts + 1, leased_until = $2
                 FROM due WHERE item.seq = due.seq
                 RETURNING event_id, endpoint_id, sealed, attempts, give_up_at",
                &[
                    (&now.as_millis(), Type::INT8),
                    (&now.plus(lease).as_millis(), Type::INT8),
                    (&limit, Type::INT8),
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
        let items: Vec<_> = rows.iter().map(item).collect::<Result<_, StoreError>>()?;
        let any = "SELECT 1 FROM neon_sms_relay_outbox WHERE dead_at IS NULL LIMIT 1";
        let waiting = !items.is_empty() || !self.sessions.query(any, &[]).await?.is_empty();
        Ok(Taken { items, waiting })
    }

    async fn delivered(&self, id: &EventId) -> Result<(), StoreError> {
        let delete = "DELETE FROM neon_sms_relay_outbox WHERE event_id = $1";
        self.sessions.query(delete, &[(&id.as_str(), Type::TEXT)]).await.map(drop)
    }

    async fn failed(&self, item: &Item, failure: &str, next: Next) -> Result<(), StoreError> {
        let (due_at, dead_at) = match next {
            Next::At(due_at) => (due_at, None),
            Next::Dead(at) => (at, Some(at.as_millis())),
        };
        let attempt = i32::try_from(item.attempt).map_err(|_| StoreError::Corrupt)?;
        self.change(
            "UPDATE neon_sms_relay_outbox SET failure = $3, due_at = $4, dead_at = $5, leased_until = 0
             WHERE event_id = $1 AND attempts = $2 AND dead_at IS NULL RETURNING 1",
            &[
                (&item.id.as_str(), Type::TEXT),
                (&attempt, Type::INT4),
                (&failure, Type::TEXT),
                (&due_at.as_millis(), Type::INT8),
                (&dead_at, Type::INT8),
            ],
        )
        .await
        .map(drop)
    }

    async fn list(&self, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let select =
            "SELECT event_id, event_type, endpoint_id, attempts, queued_at, due_at, dead_at, failure,
                          sealed
                      FROM neon_sms_relay_outbox ORDER BY seq LIMIT $1";
        let limit = i64::from(limit);
        self.sessions.query(select, &[(&limit, Type::INT8)]).await?.iter().map(entry).collect()
    }

    async fn retry(
        &self,
        selection: &Selection,
        now: Timestamp,
        give_up_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let (id, only_dead) = selection.condition();
        let parameters: [Parameter<'_>; 4] = [
            (&id, Type::TEXT),
            (&only_dead, Type::BOOL),
            (&now.as_millis(), Type::INT8),
            (&give_up_at.as_millis(), Type::INT8),
        ];
        let update = "UPDATE neon_sms_relay_outbox SET due_at = $3, give_up_at = $4, dead_at = NULL,
                          attempts = CASE WHEN dead_at IS NULL THEN attempts ELSE 0 END
                      WHERE ($1 IS NULL OR event_id = $1) AND (NOT $2 OR dead_at IS NOT NULL) RETURNING 1";
        Ok(self.sessions.query(update, &parameters).await?.len() as u64)
    }

    async fn discard(&self, selection: &Selection) -> Result<u64, StoreError> {
        let (id, only_dead) = selection.condition();
        let delete = "DELETE FROM neon_sms_relay_outbox
                      WHERE ($1 IS NULL OR event_id = $1) AND (NOT $2 OR dead_at IS NOT NULL) RETURNING 1";
        let parameters: [Parameter<'_>; 2] = [(&id, Type::TEXT), (&only_dead, Type::BOOL)];
        Ok(self.sessions.query(delete, &parameters).await?.len() as u64)
    }

    async fn purge_dead(&self, before: Timestamp) -> Result<u64, StoreError> {
        let delete = "DELETE FROM neon_sms_relay_outbox WHERE dead_at < $1 RETURNING 1";
        Ok(self.sessions.query(delete, &[(&before.as_millis(), Type::INT8)]).await?.len() as u64)
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let select = "SELECT count(*) - count(dead_at), count(dead_at) FROM neon_sms_relay_outbox";
        let rows = self.sessions.query(select, &[]).await?;
        let row = rows.first().ok_or(StoreError::Corrupt)?;
        let number = |column| u64::try_from(row.try_get::<_, i64>(column)?).map_err(|_| StoreError::Corrupt);
        Ok(Counts { waiting: number(0)?, dead: number(1)? })
    }
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        id: event_id(row, 0)?,
        event_type: row.try_get(1)?,
        endpoint: endpoint_id(row, 2)?,
        attempts: count(row, 3)?,
        queued_at: Timestamp::from_millis(row.try_get(4)?),
        state: match row.try_get::<_, Option<i64>>(6)? {
            Some(at) => EntryState::Dead(Timestamp::from_millis(at)),
            None => EntryState::Waiting(Timestamp::from_millis(row.try_get(5)?)),
        },
        failure: row.try_get(7)?,
        sealed: row.try_get(8)?,
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
