//! Who owns an event, and whether its number gets a text: one statement.

use super::StoreError;
use super::session::Sessions;
use crate::domain::pace::{CLOCKS_DIFFER, DAY, TEN_MINUTES};
use crate::domain::{DeliveryRef, Timestamp, TooMany};
use crate::store::row::{read_provider, read_reply};
use crate::store::{Claim, History, LONGEST_LEASE, Lease, NUMBERS, NewDelivery, VERIFIED_FOR};
use std::time::Duration;
use tokio_postgres::types::Type;

/// The row of the number is what events of one number wait for each other at: each sees what those before it left.
/// Its new values are worked out from the old ones in steps, since they all depend on why it is refused, as
/// `NewDelivery::judge` does it.
const CLAIM: &str = "
    WITH known AS (SELECT FROM neon_sms_relay_deliveries WHERE event_id = $1),
    number AS (
        INSERT INTO neon_sms_relay_numbers AS n (recipient_hash, recent, latest_ref, latest_event)
        SELECT $5, ARRAY[$11], $4, $1
        WHERE $5 IS NOT NULL AND NOT EXISTS (SELECT FROM known)
            AND ($18 IS NULL OR EXISTS (SELECT FROM neon_sms_relay_numbers WHERE recipient_hash = $5))
        ON CONFLICT (recipient_hash) DO UPDATE SET
            (recent, previous_ref, latest_ref, latest_event, superseded, keep_until, refused_by) = (
                SELECT CASE WHEN counts THEN (today || $11)[greatest(cardinality(today) + 2 - $26, 1):]
                        ELSE n.recent END,
                    CASE WHEN counts THEN n.latest_ref ELSE n.previous_ref END,
                    CASE WHEN counts THEN $4 ELSE n.latest_ref END,
                    CASE WHEN counts THEN $1 ELSE n.latest_event END,
                    NOT counts,
                    CASE WHEN counts THEN NULL ELSE n.keep_until END,
                    coalesce(untrusted, too_many)
                FROM (
                    SELECT today, untrusted, too_many, untrusted IS NULL AND (too_many IS NULL OR NOT $17) AS counts
                    FROM (
                        SELECT today,
                            CASE WHEN n.verified_at > $22 THEN NULL ELSE $18 END AS untrusted,
                            CASE
                                WHEN $11 < today[cardinality(today)]
                                    + $14[least(cardinality(today), cardinality($14))] THEN $23
                                WHEN (SELECT count(*) FROM unnest(today) AS at WHERE at > $19) >= $15 THEN $24
                                WHEN cardinality(today) >= $16 THEN $25
                            END AS too_many
                        FROM (SELECT ARRAY(
                            SELECT at FROM unnest(n.recent) WITH ORDINALITY AS noted (at, i)
                            WHERE at > $20 AND at <= $21 ORDER BY i) AS today) AS remembered
                    ) AS asked
                ) AS judged)
        -- Another claim of this event may have noted it while this one waited.
        WHERE n.latest_event IS DISTINCT FROM $1
        RETURNING verified_at, refused_by, latest_ref, previous_ref),
    claimed AS (
        INSERT INTO neon_sms_relay_deliveries AS d (event_id, event_type, endpoint_id, delivery_ref, recipient_hash,
            recipient_last_two, region, linked, expires_at, token, leased_until, possible_sends, numbered,
            first_claimed_at, refused_by)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, 1, $13, $11,
            CASE WHEN EXISTS (SELECT FROM number) THEN (SELECT refused_by FROM number)
                WHEN $5 IS NOT NULL THEN $18 END
        ON CONFLICT (event_id) DO UPDATE SET token = d.token + 1, leased_until = $10,
            possible_sends = least(d.possible_sends + 1, 255), numbered = least(d.numbered + $13, 255)
        WHERE d.reply IS NULL AND d.leased_until NOT BETWEEN $11 AND $12
        RETURNING token, delivery_ref, first_claimed_at, possible_sends, numbered, refused_by)
    SELECT c.token, c.delivery_ref, c.first_claimed_at, c.possible_sends, c.numbered, c.refused_by,
        coalesce(number.verified_at, before.verified_at), in_vain.provider, NULL AS reply
    FROM claimed AS c
        LEFT JOIN number ON TRUE
        LEFT JOIN neon_sms_relay_numbers AS before ON before.recipient_hash = $5
        LEFT JOIN LATERAL (
            SELECT provider FROM neon_sms_relay_texts AS t
            WHERE verdict = 'accepted' AND delivery_ref = coalesce(
                    CASE WHEN number.latest_ref = $4 THEN number.previous_ref ELSE number.latest_ref END,
                    before.previous_ref)
                AND NOT EXISTS (
                    SELECT FROM neon_sms_relay_deliveries AS d
                    WHERE d.delivery_ref = t.delivery_ref AND d.verified_at IS NOT NULL)
            ORDER BY t.number DESC LIMIT 1) AS in_vain ON TRUE
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, reply FROM neon_sms_relay_deliveries
    WHERE event_id = $1 AND NOT EXISTS (SELECT FROM claimed)";

pub(super) async fn claim(
    sessions: &Sessions,
    delivery: &NewDelivery,
    now: Timestamp,
    lease: Duration,
) -> Result<Claim, StoreError> {
    let NewDelivery {
        id,
        event_type,
        endpoint,
        recipient,
        region,
        linked,
        expires_at,
        pace,
        unless_verified,
    } = delivery;
    let reference = DeliveryRef::new(now);
    let pauses: Vec<_> =
        pace.pauses.iter().map(|pause| i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)).collect();
    let [pause, per_10_min, per_day] = TooMany::ALL.map(TooMany::as_str);
    let rows = sessions
        .query(
            CLAIM,
            &[
                (&id.as_str(), Type::TEXT),
                (event_type, Type::TEXT),
                (&endpoint.as_ref().map(|endpoint| endpoint.as_str()), Type::TEXT),
                (&reference.as_str(), Type::TEXT),
                (&recipient.as_ref().map(|recipient| &*recipient.hash), Type::TEXT),
                (&recipient.as_ref().map(|recipient| recipient.last_two.as_str()), Type::TEXT),
                (&region.as_ref().map(|region| region.as_str()), Type::TEXT),
                (linked, Type::BOOL),
                (&expires_at.map(Timestamp::as_millis), Type::INT8),
                (&now.plus(lease).as_millis(), Type::INT8),
                (&now.as_millis(), Type::INT8),
                (&now.plus(LONGEST_LEASE).as_millis(), Type::INT8),
                (&i16::from(NUMBERS), Type::INT2),
                (&pauses, Type::INT8_ARRAY),
                (&i32::from(pace.per_10_min), Type::INT4),
                (&i32::from(pace.per_day), Type::INT4),
                (&pace.enforced, Type::BOOL),
                (unless_verified, Type::TEXT),
                (&now.minus(TEN_MINUTES).as_millis(), Type::INT8),
                (&now.minus(DAY).as_millis(), Type::INT8),
                (&now.plus(CLOCKS_DIFFER).as_millis(), Type::INT8),
                (&now.minus(VERIFIED_FOR).as_millis(), Type::INT8),
                (&pause, Type::TEXT),
                (&per_10_min, Type::TEXT),
                (&per_day, Type::TEXT),
                (&i32::try_from(pace.memory()).unwrap_or(i32::MAX), Type::INT4),
            ],
        )
        .await?;
    // No row at all: somebody claimed the event for the first time while this statement waited for
    // them, and its snapshot is older than their row.
    let Some(row) = rows.first() else { return Ok(Claim::InFlight) };
    let Some(token) = row.try_get::<_, Option<i64>>(0)? else {
        return match row.try_get::<_, Option<&str>>(8)? {
            Some(reply) => Ok(Claim::Finished(read_reply(reply)?)),
            None => Ok(Claim::InFlight),
        };
    };
    let small = |column| u8::try_from(row.try_get::<_, i16>(column)?).map_err(|_| StoreError::Corrupt);
    Ok(Claim::Acquired(Lease {
        id: id.clone(),
        token,
        delivery_ref: DeliveryRef::parse(row.try_get(1)?).ok_or(StoreError::Corrupt)?,
        first_claimed_at: Timestamp::from_millis(row.try_get(2)?),
        possible_sends: small(3)?,
        next_number: small(4)?.saturating_sub(NUMBERS).saturating_add(1),
        history: History {
            verified_at: row.try_get::<_, Option<i64>>(6)?.map(Timestamp::from_millis),
            previous: row.try_get::<_, Option<&str>>(7)?.map(read_provider).transpose()?,
            refused_by: row.try_get(5)?,
        },
    }))
}
