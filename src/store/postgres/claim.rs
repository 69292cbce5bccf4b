//! Who owns an event, and whether its number gets a text: one statement, which calls a function of `0005_functions.sql`.

use super::StoreError;
use super::session::Sessions;
use crate::domain::pace::{CLOCKS_DIFFER, DAY, TEN_MINUTES};
use crate::domain::{DeliveryRef, Timestamp, TooMany};
use crate::store::row::{read_provider, read_reply};
use crate::store::{Claim, History, LONGEST_LEASE, Lease, NUMBERS, NewDelivery, VERIFIED_FOR};
use std::time::Duration;
use tokio_postgres::types::Type;

const CLAIM: &str = "
    SELECT its_token, its_ref, came_at, sends, numbered_to, why_refused, number_verified_at, in_vain, its_reply
    FROM neon_sms_relay_claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21, $22, $23, $24, $25, $26, $27, $28)";

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
        even_if_verified,
    } = delivery;
    let trusted_since = if *even_if_verified { i64::MAX } else { now.minus(VERIFIED_FOR).as_millis() };
    let reference = DeliveryRef::new(now);
    let pauses: Vec<_> =
        pace.pauses.iter().map(|pause| i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)).collect();
    // What a number gets of which nothing is known needs no row to be decided.
    let (unknown_refused_by, unknown_counts) = delivery.judge(None, &[], now);
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
                (&trusted_since, Type::INT8),
                (&pause, Type::TEXT),
                (&per_10_min, Type::TEXT),
                (&per_day, Type::TEXT),
                (&i32::try_from(pace.memory()).unwrap_or(i32::MAX), Type::INT4),
                (&unknown_refused_by, Type::TEXT),
                (&unknown_counts, Type::BOOL),
            ],
        )
        .await?;
    let row = rows.first().ok_or(StoreError::Corrupt)?;
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
