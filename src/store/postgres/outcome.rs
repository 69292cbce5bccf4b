//! How an owner leaves an event, and when it is forgotten.

use super::{PURGE_BATCH, Parameter, PostgresStore, StoreError, texts};
use crate::domain::pace::DAY;
use crate::domain::{EndpointId, Timestamp};
use crate::store::row::write_reply;
use crate::store::{Held, Lease, Outcome, Text, VERIFIED_FOR};
use tokio_postgres::types::Type;

const FINISH: &str =
    "SELECT 1 FROM neon_sms_relay_finish($1, $2, $3, $4, $5, $6, $7, $8::json, $9) AS held WHERE held";

const FINISH_AND_QUEUE: &str = "
    WITH changed AS (
        SELECT FROM neon_sms_relay_finish($1, $2, $3, $4, $5, $6, $7, $8::json, $9) AS held WHERE held),
    queued AS (
        INSERT INTO neon_sms_relay_outbox (event_id, event_type, endpoint_id, lane, sealed, queued_at, give_up_at, due_at)
        SELECT $1, $10, $11, $12, $13, $14, $15, CASE WHEN EXISTS (
            SELECT FROM neon_sms_relay_outbox WHERE lane = $12 AND dead_at IS NULL)
            THEN NULL ELSE $14 END
        FROM changed
        ON CONFLICT DO NOTHING)
    SELECT 1 FROM changed";

const RELEASE: &str = "
    WITH changed AS (
        UPDATE neon_sms_relay_deliveries SET leased_until = $3, possible_sends = $4, numbered = $5
        WHERE event_id = $1 AND token = $2 AND delivery_ref = $7 AND reply IS NULL RETURNING delivery_ref)
    SELECT neon_sms_relay_write_texts(delivery_ref, $6::json) FROM changed";

pub(super) async fn finish(
    store: &PostgresStore,
    lease: &Lease,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<Held, StoreError> {
    let reply = write_reply(&outcome.reply).ok_or(StoreError::NotFinal)?;
    let texts = (!outcome.texts.is_empty()).then(|| texts::as_json(&outcome.texts));
    let ended: [Parameter<'_>; 9] = [
        (&lease.id.as_str(), Type::TEXT),
        (&lease.token, Type::INT8),
        (&reply, Type::TEXT),
        (&now.as_millis(), Type::INT8),
        (&i16::from(lease.possible_sends), Type::INT2),
        (&i16::from(lease.numbered(&outcome.texts)), Type::INT2),
        (&outcome.decision, Type::TEXT),
        (&texts, Type::TEXT),
        (&lease.delivery_ref.as_str(), Type::TEXT),
    ];
    let Some(item) = &outcome.queued else { return store.change(FINISH, &ended).await };
    let queued: [Parameter<'_>; 6] = [
        (&item.event_type, Type::TEXT),
        (&item.endpoint.as_ref().map(EndpointId::as_str), Type::TEXT),
        (&item.lane, Type::TEXT),
        (&item.sealed, Type::BYTEA),
        (&item.queued_at.as_millis(), Type::INT8),
        (&item.give_up_at.as_millis(), Type::INT8),
    ];
    store.change(FINISH_AND_QUEUE, &[ended.as_slice(), &queued].concat()).await
}

pub(super) async fn release(store: &PostgresStore, lease: &Lease, made: &[Text]) -> Result<(), StoreError> {
    let parameters: [Parameter<'_>; 7] = [
        (&lease.id.as_str(), Type::TEXT),
        (&lease.token, Type::INT8),
        (&i64::MIN, Type::INT8),
        (&i16::from(lease.possible_sends), Type::INT2),
        (&i16::from(lease.numbered(made)), Type::INT2),
        (&texts::as_json(made), Type::TEXT),
        (&lease.delivery_ref.as_str(), Type::TEXT),
    ];
    store.change(RELEASE, &parameters).await.map(drop)
}

pub(super) async fn purge(
    store: &PostgresStore,
    before: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let statement = format!(
        "WITH gone AS (
             DELETE FROM neon_sms_relay_deliveries WHERE event_id IN (
                 SELECT event_id FROM neon_sms_relay_deliveries
                 WHERE first_claimed_at < $1 AND (reply IS NOT NULL OR leased_until < $1)
                 LIMIT $2 FOR UPDATE SKIP LOCKED)
             RETURNING delivery_ref, recipient_hash),
         texts AS (DELETE FROM neon_sms_relay_texts AS t USING gone WHERE t.delivery_ref = gone.delivery_ref),
         at_rest AS (
             UPDATE neon_sms_relay_numbers AS n SET latest_ref = NULL, latest_event = NULL, previous_ref = NULL,
                 keep_until = greatest(n.recent[cardinality(n.recent)] + {}, n.verified_at + {}, 0)
             FROM gone WHERE n.recipient_hash = gone.recipient_hash AND n.latest_ref = gone.delivery_ref)
         SELECT count(*) FROM gone",
        DAY.as_millis(),
        VERIFIED_FOR.as_millis()
    );
    let mut all = 0;
    loop {
        let parameters: [Parameter<'_>; 2] = [(&before.as_millis(), Type::INT8), (&PURGE_BATCH, Type::INT8)];
        let rows = store.sessions.query(&statement, &parameters).await?;
        let gone: i64 = rows.first().ok_or(StoreError::Corrupt)?.try_get(0)?;
        all += u64::try_from(gone).unwrap_or_default();
        if gone < PURGE_BATCH {
            break;
        }
    }
    let forget = "DELETE FROM neon_sms_relay_numbers WHERE recipient_hash IN (
                      SELECT recipient_hash FROM neon_sms_relay_numbers WHERE keep_until < $1
                      LIMIT $2 FOR UPDATE SKIP LOCKED)
                  RETURNING 1";
    let parameters: [Parameter<'_>; 2] = [(&now.as_millis(), Type::INT8), (&PURGE_BATCH, Type::INT8)];
    while store.sessions.query(forget, &parameters).await?.len() as i64 == PURGE_BATCH {}
    Ok(all)
}
