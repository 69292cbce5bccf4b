//! Codes of test numbers in the file.

use super::{SqliteStore, StoreError};
use crate::domain::{EventId, Timestamp};
use crate::store::{KeptCode, TestCodes};
use rusqlite::{OptionalExtension, Row, params};

#[async_trait::async_trait]
impl TestCodes for SqliteStore {
    async fn keep_test_code(&self, code: &KeptCode) -> Result<(), StoreError> {
        let KeptCode { recipient_hash, event, sealed, came_at, expires_at } = code.clone();
        self.writer
            .run(move |db| {
                db.prepare_cached(
                    "INSERT INTO test_codes (recipient_hash, event_id, sealed, came_at, expires_at)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (recipient_hash) DO UPDATE
                     SET event_id = ?2, sealed = ?3, came_at = ?4, expires_at = ?5 WHERE came_at <= ?4",
                )?
                .execute(params![
                    recipient_hash,
                    event.as_str(),
                    sealed,
                    came_at.as_millis(),
                    expires_at.as_millis()
                ])?;
                Ok(())
            })
            .await
    }

    async fn test_code(&self, recipient_hash: &str, now: Timestamp) -> Result<Option<KeptCode>, StoreError> {
        let recipient_hash = recipient_hash.to_owned();
        self.writer
            .run(move |db| {
                let mut select = db.prepare_cached(
                    "SELECT event_id, sealed, came_at, expires_at FROM test_codes
                     WHERE recipient_hash = ?1 AND expires_at > ?2",
                )?;
                let columns = |row: &Row<'_>| {
                    Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
                };
                let found = select.query_row(params![recipient_hash, now.as_millis()], columns).optional()?;
                let Some((event, sealed, came_at, expires_at)) = found else { return Ok(None) };
                Ok(Some(KeptCode {
                    recipient_hash,
                    event: EventId::new(&event).ok_or(StoreError::Corrupt)?,
                    sealed,
                    came_at: Timestamp::from_millis(came_at),
                    expires_at: Timestamp::from_millis(expires_at),
                }))
            })
            .await
    }

    async fn forget_test_codes(&self, now: Timestamp) -> Result<(), StoreError> {
        self.writer
            .run(move |db| {
                db.prepare_cached("DELETE FROM test_codes WHERE expires_at <= ?1")?
                    .execute([now.as_millis()])?;
                Ok(())
            })
            .await
    }
}
