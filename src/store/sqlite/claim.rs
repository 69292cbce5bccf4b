//! Who owns an event.

use super::{StoreError, numbers};
use crate::domain::{DeliveryRef, Timestamp};
use crate::store::row::read_reply;
use crate::store::{Claim, LONGEST_LEASE, Lease, NUMBERS, NewDelivery};
use rusqlite::{Connection, OptionalExtension, Row, params};

pub(super) fn claim(
    db: &Connection,
    delivery: &NewDelivery,
    now: Timestamp,
    until: Timestamp,
) -> Result<Claim, StoreError> {
    let NewDelivery { id, event_type, endpoint, recipient, region, linked, expires_at, .. } = delivery;
    let mut insert = db.prepare_cached(
        "INSERT INTO deliveries (event_id, event_type, endpoint_id, delivery_ref, recipient_hash,
             recipient_last_two, region, linked, expires_at, token, leased_until, possible_sends, numbered,
             first_claimed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?10, 1, ?13, ?11)
         ON CONFLICT (event_id) DO UPDATE SET token = token + 1, leased_until = ?10,
             possible_sends = min(possible_sends + 1, 255), numbered = min(numbered + ?13, 255)
         WHERE reply IS NULL AND leased_until NOT BETWEEN ?11 AND ?12
         RETURNING token, delivery_ref, first_claimed_at, possible_sends, numbered, refused_by",
    )?;
    let reference = DeliveryRef::new(now);
    let parameters = params![
        id.as_str(),
        event_type,
        endpoint.as_ref().map(|endpoint| endpoint.as_str()),
        reference.as_str(),
        recipient.as_ref().map(|recipient| &*recipient.hash),
        recipient.as_ref().map(|recipient| recipient.last_two.as_str()),
        region.as_ref().map(|region| region.as_str()),
        linked,
        expires_at.map(Timestamp::as_millis),
        until.as_millis(),
        now.as_millis(),
        now.plus(LONGEST_LEASE).as_millis(),
        NUMBERS,
    ];
    let columns = |row: &Row<'_>| {
        let owner: (i64, String, i64, u8) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((owner, row.get::<_, u8>(4)?, row.get(5)?))
    };
    let Some(((token, reference, first, possible_sends), numbered, refused_by)) =
        insert.query_row(parameters, columns).optional()?
    else {
        let mut select = db.prepare_cached("SELECT reply FROM deliveries WHERE event_id = ?1")?;
        return match select.query_row([id.as_str()], |row| row.get::<_, Option<String>>(0))? {
            Some(reply) => Ok(Claim::Finished(read_reply(&reply)?)),
            None => Ok(Claim::InFlight),
        };
    };
    let mut history = match recipient {
        // Only the first owner finds the event new; the others find what it decided.
        Some(recipient) if token == 1 => numbers::note(db, delivery, &recipient.hash, &reference, now)?,
        Some(recipient) => numbers::history(db, &recipient.hash)?,
        None => Default::default(),
    };
    history.refused_by = history.refused_by.or(refused_by);
    Ok(Claim::Acquired(Lease {
        id: id.clone(),
        token,
        delivery_ref: DeliveryRef::parse(&reference).ok_or(StoreError::Corrupt)?,
        first_claimed_at: Timestamp::from_millis(first),
        possible_sends,
        next_number: numbered.saturating_sub(NUMBERS).saturating_add(1),
        history,
    }))
}
