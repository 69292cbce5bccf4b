//! What is closed, in the file.

use super::{SqliteStore, StoreError};
use crate::domain::Timestamp;
use crate::store::{Closing, Closings};
use rusqlite::params;

#[async_trait::async_trait]
impl Closings for SqliteStore {
    async fn close(&self, closing: &Closing) -> Result<(), StoreError> {
        let Closing { prefix, reason, since, until, by } = closing.clone();
        self.writer
            .run(move |db| {
                db.prepare_cached(
                    "INSERT OR REPLACE INTO closings (prefix, reason, since, until, closed_by)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    prefix,
                    reason,
                    since.as_millis(),
                    until.map(Timestamp::as_millis),
                    by
                ])?;
                Ok(())
            })
            .await
    }

    async fn open(&self, prefix: &str) -> Result<bool, StoreError> {
        let prefix = prefix.to_owned();
        self.writer
            .run(move |db| {
                Ok(db.prepare_cached("DELETE FROM closings WHERE prefix = ?1")?.execute([prefix])? > 0)
            })
            .await
    }

    async fn closings(&self) -> Result<Vec<Closing>, StoreError> {
        self.writer
            .run(move |db| {
                let mut select = db.prepare_cached(
                    "SELECT prefix, reason, since, until, closed_by FROM closings ORDER BY prefix",
                )?;
                let mut rows = select.query([])?;
                let mut closings = Vec::new();
                while let Some(row) = rows.next()? {
                    closings.push(Closing {
                        prefix: row.get(0)?,
                        reason: row.get(1)?,
                        since: Timestamp::from_millis(row.get(2)?),
                        until: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
                        by: row.get(4)?,
                    });
                }
                Ok(closings)
            })
            .await
    }

    async fn forget_closings(&self, now: Timestamp) -> Result<(), StoreError> {
        self.writer
            .run(move |db| {
                db.prepare_cached("DELETE FROM closings WHERE until < ?1")?.execute([now.as_millis()])?;
                Ok(())
            })
            .await
    }
}
