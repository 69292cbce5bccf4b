//! Deliveries as an operator sees them.

use super::StoreError;
use crate::domain::{DeliveryRef, EndpointId, EventId, Region, TextRef, TextStatus, Timestamp};
use crate::store::row::{read_provider, read_reply};
use crate::store::texts::{Delivery, LoggedText, Only, Query, Text};
use rusqlite::{Connection, Row, params};
use sms_providers::Price;

/// Whether the delivery `d` ended in a certain way, by the parameter `?5`; `?6` is when.
const ENDED: &str = "CASE ?5
    WHEN 'failed' THEN d.refused_by IS NULL AND EXISTS (SELECT 1 FROM texts WHERE delivery_ref = d.delivery_ref)
        AND NOT EXISTS (
            SELECT 1 FROM texts WHERE delivery_ref = d.delivery_ref AND number = (
                SELECT max(number) FROM texts WHERE delivery_ref = d.delivery_ref AND verdict = 'accepted')
            AND status NOT IN ('undelivered', 'failed', 'expired'))
    WHEN 'unverified' THEN d.verified_at IS NULL AND coalesce(d.expires_at, d.first_claimed_at + 300000) < ?6
        AND EXISTS (SELECT 1 FROM texts WHERE delivery_ref = d.delivery_ref AND verdict = 'accepted')
    WHEN 'refused' THEN d.decision LIKE '%\"refused\"%'
    ELSE TRUE END";

pub(super) fn find(db: &Connection, query: &Query, limit: u32) -> Result<Vec<Delivery>, StoreError> {
    let (only, dead_at) = match query.only {
        Some(Only::Failed) => (Some("failed"), None),
        Some(Only::Unverified(now)) => (Some("unverified"), Some(now.as_millis())),
        Some(Only::Refused) => (Some("refused"), None),
        None => (None, None),
    };
    let mut select = db.prepare_cached(&format!(
        "SELECT event_id, event_type, endpoint_id, delivery_ref, recipient_last_two, region, linked, decision,
             reply, expires_at, verified_at, first_claimed_at
         FROM deliveries AS d
         WHERE (?1 IS NULL OR event_id = ?1) AND (?2 IS NULL OR recipient_hash = ?2)
             AND (?3 IS NULL OR first_claimed_at >= ?3) AND (?4 IS NULL OR first_claimed_at < ?4) AND {ENDED}
         ORDER BY first_claimed_at DESC, event_id LIMIT ?7"
    ))?;
    let parameters = params![
        query.event.as_ref().map(EventId::as_str),
        query.recipient_hash,
        query.since.map(Timestamp::as_millis),
        query.before.map(Timestamp::as_millis),
        only,
        dead_at,
        limit
    ];
    let mut rows = select.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(delivery(db, row)?);
    }
    found.reverse();
    Ok(found)
}

fn delivery(db: &Connection, row: &Row<'_>) -> Result<Delivery, StoreError> {
    let time = |column| Ok::<_, StoreError>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    let reference = DeliveryRef::parse(row.get_ref(3)?.as_str()?).ok_or(StoreError::Corrupt)?;
    Ok(Delivery {
        event: EventId::new(row.get_ref(0)?.as_str()?).ok_or(StoreError::Corrupt)?,
        event_type: row.get(1)?,
        endpoint: row.get::<_, Option<String>>(2)?.as_deref().and_then(EndpointId::new),
        last_two: row.get(4)?,
        region: row.get::<_, Option<String>>(5)?.as_deref().and_then(Region::from_iso),
        linked: row.get(6)?,
        decision: row.get(7)?,
        reply: row.get::<_, Option<String>>(8)?.as_deref().map(read_reply).transpose()?,
        expires_at: time(9)?,
        verified_at: time(10)?,
        came_at: time(11)?.ok_or(StoreError::Corrupt)?,
        texts: texts(db, &reference)?,
        reference,
    })
}

fn texts(db: &Connection, delivery: &DeliveryRef) -> Result<Vec<LoggedText>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT number, provider, verdict, code, message_id, sent_at, elapsed_ms, segments, price_micros,
             currency, status, status_code, status_at, word
         FROM texts WHERE delivery_ref = ?1 ORDER BY number",
    )?;
    let mut rows = select.query([delivery.as_str()])?;
    let mut texts = Vec::new();
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let price: (Option<i64>, Option<String>) = (row.get(8)?, row.get(9)?);
        let request = match (row.get::<_, Option<String>>(2)?, row.get::<_, Option<i64>>(5)?) {
            (Some(verdict), Some(sent_at)) => Some(Text {
                number,
                provider: read_provider(row.get_ref(1)?.as_str()?)?,
                verdict,
                code: row.get(3)?,
                message_id: row.get(4)?,
                sent_at: Timestamp::from_millis(sent_at),
                elapsed_ms: row.get::<_, Option<u32>>(6)?.unwrap_or_default(),
                segments: row.get(7)?,
                price: price.0.zip(price.1).and_then(|(micros, code)| Price::from_micros(micros, &code)),
            }),
            _ => None,
        };
        let status = row.get::<_, Option<String>>(10)?;
        texts.push(LoggedText {
            reference: TextRef { delivery: delivery.clone(), number },
            request,
            status: status.map(|name| TextStatus::from_name(&name).ok_or(StoreError::Corrupt)).transpose()?,
            status_code: row.get(11)?,
            status_at: row.get::<_, Option<i64>>(12)?.map(Timestamp::from_millis),
            word: row.get(13)?,
        });
    }
    Ok(texts)
}
