//! Erasing numbers in the database.

use super::{Parameter, PostgresStore, StoreError};
use crate::domain::{DeliveryRef, EventId, Timestamp};
use crate::store::{ErasedEvents, ErasedNumber, Erasure, Forgotten, SealedItem};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

/// Reports of providers find an event under its new reference no more; the owner of one that is worked on knows it by
/// its old one.
const ERASE: &str = "
    WITH meant AS (
        SELECT d.event_id, d.delivery_ref, n.reference,
            d.reply IS NOT NULL AS finished, d.reply IS NOT NULL AND d.first_claimed_at < $3 AS over
        FROM neon_sms_relay_deliveries AS d
        JOIN unnest($1, $2) AS n (event_id, reference) ON n.event_id = d.event_id),
    texts AS (
        DELETE FROM neon_sms_relay_texts AS t USING meant WHERE t.delivery_ref = meant.delivery_ref RETURNING 1),
    gone AS (
        DELETE FROM neon_sms_relay_deliveries AS d USING meant WHERE d.event_id = meant.event_id AND meant.over
        RETURNING 1),
    blank AS (
        UPDATE neon_sms_relay_deliveries AS d SET recipient_hash = NULL, recipient_last_two = NULL, provider = NULL,
            message_id = NULL, attempts = NULL, status_code = NULL,
            delivery_ref = CASE WHEN meant.finished THEN meant.reference ELSE d.delivery_ref END,
            reply = CASE WHEN d.reply::jsonb ->> 'kind' = 'accepted'
                THEN (d.reply::jsonb || '{\"message_id\": null}')::text ELSE d.reply END
        FROM meant WHERE d.event_id = meant.event_id AND NOT meant.over
        RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM blank), (SELECT count(*) FROM texts)";

#[async_trait::async_trait]
impl Erasure for PostgresStore {
    async fn erase_events(
        &self,
        events: &[EventId],
        replayable_since: Timestamp,
    ) -> Result<ErasedEvents, StoreError> {
        let ids: Vec<_> = events.iter().map(EventId::as_str).collect();
        let references: Vec<_> = events.iter().map(|_| DeliveryRef::random()).collect();
        let references: Vec<_> = references.iter().map(DeliveryRef::as_str).collect();
        let parameters: [Parameter<'_>; 3] = [
            (&ids, Type::TEXT_ARRAY),
            (&references, Type::TEXT_ARRAY),
            (&replayable_since.as_millis(), Type::INT8),
        ];
        let rows = self.sessions.query(ERASE, &parameters).await?;
        let [events, texts] = counts(&rows)?;
        Ok(ErasedEvents { events, texts })
    }

    async fn erase_number(&self, recipient_hash: &str) -> Result<ErasedNumber, StoreError> {
        let delete = "
            WITH numbers AS (DELETE FROM neon_sms_relay_numbers WHERE recipient_hash = $1 RETURNING 1),
            codes AS (DELETE FROM neon_sms_relay_test_codes WHERE recipient_hash = $1 RETURNING 1)
            SELECT (SELECT count(*) FROM numbers), (SELECT count(*) FROM codes)";
        let rows = self.sessions.query(delete, &[(&recipient_hash, Type::TEXT)]).await?;
        let [numbers, test_codes] = counts(&rows)?;
        Ok(ErasedNumber { numbers, test_codes })
    }

    async fn sealed_behind(&self, after: i64, limit: u32) -> Result<Vec<SealedItem>, StoreError> {
        let select =
            "SELECT seq, event_id, sealed FROM neon_sms_relay_outbox WHERE seq > $1 ORDER BY seq LIMIT $2";
        let item = |row: &Row| {
            Ok(SealedItem {
                place: row.try_get(0)?,
                id: EventId::new(row.try_get(1)?).ok_or(StoreError::Corrupt)?,
                sealed: row.try_get(2)?,
            })
        };
        let parameters: [Parameter<'_>; 2] = [(&after, Type::INT8), (&i64::from(limit), Type::INT8)];
        self.sessions.query(select, &parameters).await?.iter().map(item).collect()
    }

    async fn announce(&self, forgotten: &Forgotten) -> Result<(), StoreError> {
        let insert = "INSERT INTO neon_sms_relay_forgotten (recipient_hash, until) VALUES ($1, $2)
                      ON CONFLICT (recipient_hash) DO UPDATE SET until = $2 RETURNING 1";
        let parameters: [Parameter<'_>; 2] =
            [(&forgotten.recipient_hash, Type::TEXT), (&forgotten.until.as_millis(), Type::INT8)];
        self.sessions.query(insert, &parameters).await.map(drop)
    }

    async fn forgotten(&self) -> Result<Vec<Forgotten>, StoreError> {
        let select = "SELECT recipient_hash, until FROM neon_sms_relay_forgotten";
        let one = |row: &Row| {
            let until = Timestamp::from_millis(row.try_get(1)?);
            Ok(Forgotten { recipient_hash: row.try_get(0)?, until })
        };
        self.sessions.query(select, &[]).await?.iter().map(one).collect()
    }

    async fn forget_announcements(&self, before: Timestamp) -> Result<(), StoreError> {
        let delete = "DELETE FROM neon_sms_relay_forgotten WHERE until < $1 RETURNING 1";
        self.sessions.query(delete, &[(&before.as_millis(), Type::INT8)]).await.map(drop)
    }
}

/// The two counts of the only row.
fn counts(rows: &[Row]) -> Result<[u64; 2], StoreError> {
    let row = rows.first().ok_or(StoreError::Corrupt)?;
    let count = |column| u64::try_from(row.try_get::<_, i64>(column)?).map_err(|_| StoreError::Corrupt);
    Ok([count(0)?, count(1)?])
}
