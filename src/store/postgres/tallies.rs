//! Tallies in the database.

use super::session::Sessions;
use super::{Parameter, PostgresStore, StoreError};
use crate::store::{Batch, Tallies, Tally};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

#[async_trait::async_trait]
impl Tallies for PostgresStore {
    async fn tally(&self, tallies: &[Tally], batch: &Batch) -> Result<(), StoreError> {
        // In one order, so that instances which write the same rows wait for each other and in no circle.
        let mut sorted: Vec<_> = tallies.iter().collect();
        sorted.sort_by(|a, b| {
            (a.hour, &a.kind, &a.region, &a.detail).cmp(&(b.hour, &b.kind, &b.region, &b.detail))
        });
        let add = "WITH batch AS (
                       INSERT INTO neon_sms_relay_tally_writers AS w (writer, batch, hour) VALUES ($6, $7, $8)
                       ON CONFLICT (writer) DO UPDATE SET batch = $7, hour = $8 WHERE w.batch < $7
                       RETURNING 1)
                   INSERT INTO neon_sms_relay_tallies AS t (hour, kind, region, detail, count)
                   SELECT * FROM unnest($1, $2, $3, $4, $5) WHERE EXISTS (SELECT FROM batch)
                   ON CONFLICT (hour, kind, region, detail) DO UPDATE SET count = t.count + excluded.count
                   RETURNING 1";
        let numbers = |of: fn(&Tally) -> i64| sorted.iter().map(|tally| of(tally)).collect::<Vec<_>>();
        let texts = |of: fn(&Tally) -> &str| sorted.iter().map(|tally| of(tally)).collect::<Vec<_>>();
        let parameters: [Parameter<'_>; 8] = [
            (&numbers(|tally| tally.hour), Type::INT8_ARRAY),
            (&texts(|tally| &tally.kind), Type::TEXT_ARRAY),
            (&texts(|tally| &tally.region), Type::TEXT_ARRAY),
            (&texts(|tally| &tally.detail), Type::TEXT_ARRAY),
            (&numbers(|tally| tally.count), Type::INT8_ARRAY),
            (&batch.writer, Type::TEXT),
            (&batch.number, Type::INT8),
            (&batch.hour, Type::INT8),
        ];
        self.sessions.query(add, &parameters).await.map(drop)
    }

    async fn tallies(&self, since_hour: i64) -> Result<Vec<Tally>, StoreError> {
        since(&self.sessions, since_hour).await
    }

    async fn forget_tallies(&self, before_hour: i64, kind: Option<&str>) -> Result<(), StoreError> {
        let delete = "WITH writers AS (DELETE FROM neon_sms_relay_tally_writers WHERE hour < $1 AND $2 IS NULL)
                      DELETE FROM neon_sms_relay_tallies WHERE hour < $1 AND ($2 IS NULL OR kind = $2) RETURNING 1";
        let parameters: [Parameter<'_>; 2] = [(&before_hour, Type::INT8), (&kind, Type::TEXT)];
        self.sessions.query(delete, &parameters).await.map(drop)
    }
}

/// All tallies of this hour and later ones.
pub(super) async fn since(sessions: &Sessions, hour: i64) -> Result<Vec<Tally>, StoreError> {
    let select = "SELECT hour, kind, region, detail, count FROM neon_sms_relay_tallies WHERE hour >= $1";
    let tally = |row: &Row| {
        Ok(Tally {
            hour: row.try_get(0)?,
            kind: row.try_get(1)?,
            region: row.try_get(2)?,
            detail: row.try_get(3)?,
            count: row.try_get(4)?,
        })
    };
    sessions.query(select, &[(&hour, Type::INT8)]).await?.iter().map(tally).collect()
}
