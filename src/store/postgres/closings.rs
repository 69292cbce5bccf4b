//! What is closed, in the database.

use super::{Parameter, PostgresStore, StoreError};
use crate::domain::Timestamp;
use crate::store::{Closing, Closings};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

#[async_trait::async_trait]
impl Closings for PostgresStore {
    async fn close(&self, closing: &Closing) -> Result<(), StoreError> {
        let close = "INSERT INTO neon_sms_relay_closings (prefix, reason, since, until, closed_by)
                     VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (prefix) DO UPDATE SET reason = $2, since = $3, until = $4, closed_by = $5
                     RETURNING 1";
        let parameters: [Parameter<'_>; 5] = [
            (&closing.prefix, Type::TEXT),
            (&closing.reason, Type::TEXT),
            (&closing.since.as_millis(), Type::INT8),
            (&closing.until.map(Timestamp::as_millis), Type::INT8),
            (&closing.by, Type::TEXT),
        ];
        self.sessions.query(close, &parameters).await.map(drop)
    }

    async fn open(&self, prefix: &str) -> Result<bool, StoreError> {
        let open = "DELETE FROM neon_sms_relay_closings WHERE prefix = $1 RETURNING 1";
        Ok(!self.sessions.query(open, &[(&prefix, Type::TEXT)]).await?.is_empty())
    }

    async fn closings(&self) -> Result<Vec<Closing>, StoreError> {
        let select = "SELECT prefix, reason, since, until, closed_by FROM neon_sms_relay_closings
                      ORDER BY prefix COLLATE \"C\"";
        let closing = |row: &Row| {
            Ok(Closing {
                prefix: row.try_get(0)?,
                reason: row.try_get(1)?,
                since: Timestamp::from_millis(row.try_get(2)?),
                until: row.try_get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
                by: row.try_get(4)?,
            })
        };
        self.sessions.query(select, &[]).await?.iter().map(closing).collect()
    }

    async fn forget_closings(&self, now: Timestamp) -> Result<(), StoreError> {
        let delete = "DELETE FROM neon_sms_relay_closings WHERE until < $1 RETURNING 1";
        self.sessions.query(delete, &[(&now.as_millis(), Type::INT8)]).await.map(drop)
    }
}
