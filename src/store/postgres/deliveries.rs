//! Deliveries as an operator sees them.

use super::session::Sessions;
use super::{Parameter, StoreError, texts};
use crate::domain::{DeliveryRef, EndpointId, EventId, Region, TextRef, Timestamp};
use crate::store::row::{read_provider, read_reply};
use crate::store::texts::{Delivery, LoggedText, Only, Query, Text};
use sms_providers::Price;
use std::collections::HashMap;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

/// Which delivery's texts have changed is asked one by one: an `EXISTS` would be planned as a look at all texts there are,
/// each second that somebody follows.
const FIND: &str = "
    SELECT event_id, event_type, endpoint_id, delivery_ref, recipient_last_two, region, linked, decision,
        reply, expires_at, verified_at, first_claimed_at, finished_at,
        recipient_hash
    FROM neon_sms_relay_deliveries AS d
    WHERE ($1 IS NULL OR event_id = $1) AND ($2 IS NULL OR recipient_hash = $2)
        AND ($3 IS NULL OR first_claimed_at >= $3) AND ($4 IS NULL OR first_claimed_at < $4)
        AND CASE $5
            WHEN 'failed' THEN EXISTS (SELECT FROM neon_sms_relay_texts WHERE delivery_ref = d.delivery_ref)
                AND NOT EXISTS (
                    SELECT FROM neon_sms_relay_texts WHERE delivery_ref = d.delivery_ref AND number = (
                        SELECT max(number) FROM neon_sms_relay_texts
                        WHERE delivery_ref = d.delivery_ref AND verdict = 'accepted')
                    AND status NOT IN ('undelivered', 'failed', 'expired'))
            WHEN 'unverified' THEN d.verified_at IS NULL
                AND coalesce(d.expires_at, d.first_claimed_at + 300000) < $6
                AND EXISTS (
                    SELECT FROM neon_sms_relay_texts
                    WHERE delivery_ref = d.delivery_ref AND verdict = 'accepted')
            WHEN 'refused' THEN d.decision LIKE '%\"refused\"%'
            ELSE TRUE END
        AND ($8 IS NULL OR (first_claimed_at, event_id) > ($8, $9))
        AND ($10 IS NULL OR first_claimed_at >= $10 OR finished_at >= $10 OR verified_at >= $10
            OR $5 = 'unverified' AND coalesce(d.expires_at, d.first_claimed_at + 300000) >= $10
            OR (SELECT max(greatest(status_at, sent_at)) FROM neon_sms_relay_texts
                WHERE delivery_ref = d.delivery_ref) >= $10)";

const LATEST: &str = "ORDER BY first_claimed_at DESC, event_id LIMIT $7";
const FIRST: &str = "ORDER BY first_claimed_at, event_id LIMIT $7";

const TEXTS: &str = "
    SELECT delivery_ref, number, provider, verdict, code, message_id, sent_at, elapsed_ms, segments, price_micros,
        currency, status, status_code, status_at, word
    FROM neon_sms_relay_texts WHERE delivery_ref = ANY ($1) ORDER BY number";

pub(super) async fn find(
    sessions: &Sessions,
    query: &Query,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let (only, dead_at) = match query.only {
        Some(Only::Failed) => (Some("failed"), None),
        Some(Only::Unverified(now)) => (Some("unverified"), Some(now.as_millis())),
        Some(Only::Refused) => (Some("refused"), None),
        None => (None, None),
    };
    let (after, id) = query
        .after
        .as_ref()
        .map(|(at, id)| (at.as_millis(), id.as_ref().map_or("", EventId::as_str)))
        .unzip();
    let parameters: [Parameter<'_>; 10] = [
        (&query.event.as_ref().map(EventId::as_str), Type::TEXT),
        (&query.recipient_hash, Type::TEXT),
        (&query.since.map(Timestamp::as_millis), Type::INT8),
        (&query.before.map(Timestamp::as_millis), Type::INT8),
        (&only, Type::TEXT),
        (&dead_at, Type::INT8),
        (&i64::from(limit), Type::INT8),
        (&after, Type::INT8),
        (&id, Type::TEXT),
        (&query.changed_since.map(Timestamp::as_millis), Type::INT8),
    ];
    let order = if after.is_some() { FIRST } else { LATEST };
    let rows = sessions.query(&format!("{FIND} {order}"), &parameters).await?;
    let mut found = rows.iter().map(delivery).collect::<Result<Vec<_>, _>>()?;
    if after.is_none() {
        found.reverse();
    }
    add_texts(sessions, &mut found).await?;
    Ok(found)
}

/// Fills the texts of deliveries in.
pub(super) async fn add_texts(sessions: &Sessions, found: &mut [Delivery]) -> Result<(), StoreError> {
    let references: Vec<_> = found.iter().map(|delivery| delivery.reference.as_str()).collect();
    let rows = sessions.query(TEXTS, &[(&references, Type::TEXT_ARRAY)]).await?;
    let mut texts: HashMap<DeliveryRef, Vec<LoggedText>> = HashMap::new();
    for text in rows.iter().map(text) {
        let text = text?;
        texts.entry(text.reference.delivery.clone()).or_default().push(text);
    }
    for delivery in found {
        delivery.texts = texts.remove(&delivery.reference).unwrap_or_default();
    }
    Ok(())
}

fn time(row: &Row, column: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.try_get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

pub(super) fn delivery(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        reference: DeliveryRef::parse(row.try_get(3)?).ok_or(StoreError::Corrupt)?,
        event: EventId::new(row.try_get(0)?).ok_or(StoreError::Corrupt)?,
        event_type: row.try_get(1)?,
        endpoint: row.try_get::<_, Option<&str>>(2)?.and_then(EndpointId::new),
        came_at: time(row, 11)?.ok_or(StoreError::Corrupt)?,
        recipient_hash: row.try_get(13)?,
        last_two: row.try_get(4)?,
        region: row.try_get::<_, Option<&str>>(5)?.and_then(Region::from_iso),
        linked: row.try_get(6)?,
        decision: row.try_get(7)?,
        reply: row.try_get::<_, Option<&str>>(8)?.map(read_reply).transpose()?,
        answered_at: time(row, 12)?,
        expires_at: time(row, 9)?,
        verified_at: time(row, 10)?,
        texts: Vec::new(),
    })
}

fn text(row: &Row) -> Result<LoggedText, StoreError> {
    let reference = TextRef {
        delivery: DeliveryRef::parse(row.try_get(0)?).ok_or(StoreError::Corrupt)?,
        number: u8::try_from(row.try_get::<_, i16>(1)?).map_err(|_| StoreError::Corrupt)?,
    };
    let price: (Option<i64>, Option<&str>) = (row.try_get(9)?, row.try_get(10)?);
    let elapsed = row.try_get::<_, Option<i64>>(7)?.and_then(|elapsed| u32::try_from(elapsed).ok());
    let provider = read_provider(row.try_get(2)?)?;
    let request = match (row.try_get::<_, Option<String>>(3)?, time(row, 6)?) {
        (Some(verdict), Some(sent_at)) => Some(Text {
            number: reference.number,
            provider,
            verdict,
            code: row.try_get(4)?,
            message_id: row.try_get(5)?,
            sent_at,
            elapsed_ms: elapsed.unwrap_or_default(),
            segments: row.try_get::<_, Option<i16>>(8)?.and_then(|count| u8::try_from(count).ok()),
            price: price.0.zip(price.1).and_then(|(micros, code)| Price::from_micros(micros, code)),
        }),
        _ => None,
    };
    Ok(LoggedText {
        reference,
        provider,
        request,
        status: texts::status(row.try_get(11)?)?,
        status_code: row.try_get(12)?,
        status_at: time(row, 13)?,
        word: row.try_get(14)?,
    })
}
