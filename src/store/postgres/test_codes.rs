//! Codes of test numbers in the database.

use super::{Parameter, PostgresStore, StoreError};
use crate::domain::{EventId, Timestamp};
use crate::store::{KeptCode, TestCodes};
use tokio_postgres::types::Type;

#[async_trait::async_trait]
impl TestCodes for PostgresStore {
    async fn keep_test_code(&self, code: &KeptCode) -> Result<(), StoreError> {
        let keep = "INSERT INTO neon_sms_relay_test_codes AS t (recipient_hash, event_id, sealed, came_at, expires_at)
                    VALUES ($1, $2, $3, $4, $5)
                    ON CONFLICT (recipient_hash) DO UPDATE
                    SET event_id = $2, sealed = $3, came_at = $4, expires_at = $5 WHERE t.came_at <= $4
                    RETURNING 1";
        let parameters: [Parameter<'_>; 5] = [
            (&code.recipient_hash, Type::TEXT),
            (&code.event.as_str(), Type::TEXT),
            (&code.sealed, Type::BYTEA),
            (&code.came_at.as_millis(), Type::INT8),
            (&code.expires_at.as_millis(), Type::INT8),
        ];
        self.sessions.query(keep, &parameters).await.map(drop)
    }

    async fn test_code(&self, recipient_hash: &str, now: Timestamp) -> Result<Option<KeptCode>, StoreError> {
        let select = "SELECT event_id, sealed, came_at, expires_at FROM neon_sms_relay_test_codes
                      WHERE recipient_hash = $1 AND expires_at > $2";
        let parameters: [Parameter<'_>; 2] = [(&recipient_hash, Type::TEXT), (&now.as_millis(), Type::INT8)];
        let rows = self.sessions.query(select, &parameters).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(KeptCode {
            recipient_hash: recipient_hash.to_owned(),
            event: EventId::new(row.try_get(0)?).ok_or(StoreError::Corrupt)?,
            sealed: row.try_get(1)?,
            came_at: Timestamp::from_millis(row.try_get(2)?),
            expires_at: Timestamp::from_millis(row.try_get(3)?),
        }))
    }

    async fn forget_test_codes(&self, now: Timestamp) -> Result<(), StoreError> {
        let delete = "DELETE FROM neon_sms_relay_test_codes WHERE expires_at <= $1 RETURNING 1";
        self.sessions.query(delete, &[(&now.as_millis(), Type::INT8)]).await.map(drop)
    }
}
