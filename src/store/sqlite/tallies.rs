//! Tallies in the file.

use super::{SqliteStore, StoreError};
use crate::store::{Batch, Tallies, Tally};
use rusqlite::{Connection, params};

#[async_trait::async_trait]
impl Tallies for SqliteStore {
    async fn tally(&self, tallies: &[Tally], batch: &Batch) -> Result<(), StoreError> {
        let (tallies, Batch { writer, number, hour }) = (tallies.to_vec(), batch.clone());
        self.writer
            .run(move |db| {
                let mut begin = db.prepare_cached(
                    "INSERT INTO tally_writers (writer, batch, hour) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET batch = ?2, hour = ?3 WHERE batch < ?2",
                )?;
                if begin.execute(params![writer, number, hour])? == 0 {
                    return Ok(());
                }
                let mut add = db.prepare_cached(
                    "INSERT INTO tallies (hour, kind, region, detail, count) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT DO UPDATE SET count = count + ?5",
                )?;
                for Tally { hour, kind, region, detail, count } in &tallies {
                    add.execute(params![hour, kind, region, detail, count])?;
                }
                Ok(())
            })
            .await
    }

    async fn tallies(&self, since_hour: i64) -> Result<Vec<Tally>, StoreError> {
        self.writer.run(move |db| since(db, since_hour)).await
    }

    async fn forget_tallies(&self, before_hour: i64, kind: Option<&str>) -> Result<(), StoreError> {
        let kind = kind.map(str::to_owned);
        self.writer
            .run(move |db| {
                db.prepare_cached("DELETE FROM tallies WHERE hour < ?1 AND (?2 IS NULL OR kind = ?2)")?
                    .execute(params![before_hour, kind])?;
                db.prepare_cached("DELETE FROM tally_writers WHERE hour < ?1 AND ?2 IS NULL")?
                    .execute(params![before_hour, kind])?;
                Ok(())
            })
            .await
    }
}

/// All tallies of this hour and later ones.
pub(super) fn since(db: &Connection, hour: i64) -> Result<Vec<Tally>, StoreError> {
    let mut select =
        db.prepare_cached("SELECT hour, kind, region, detail, count FROM tallies WHERE hour >= ?1")?;
    let mut rows = select.query([hour])?;
    let mut tallies = Vec::new();
    while let Some(row) = rows.next()? {
        tallies.push(Tally {
            hour: row.get(0)?,
            kind: row.get(1)?,
            region: row.get(2)?,
            detail: row.get(3)?,
            count: row.get(4)?,
        });
    }
    Ok(tallies)
}
