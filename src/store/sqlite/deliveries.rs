//! Deliveries as an operator sees them.

use super::StoreError;
use crate::domain::{DeliveryRef, EndpointId, EventId, Region, TextRef, TextStatus, Timestamp};
use crate::store::row::{read_provider, read_reply};
use crate::store::texts::{Delivery, LoggedText, Only, Query, Text};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use sms_providers::Price;

pub(super) const FAILED: &str = "EXISTS (SELECT 1 FROM texts WHERE delivery_ref = d.delivery_ref)
    AND NOT EXISTS (
        SELECT 1 FROM texts WHERE delivery_ref = d.delivery_ref AND number = (
            SELECT max(number) FROM texts WHERE delivery_ref = d.delivery_ref AND verdict = 'accepted')
        AND status NOT IN ('undelivered', 'failed', 'expired'))";
pub(super) const UNVERIFIED: &str =
    "d.verified_at IS NULL AND coalesce(d.expires_at, d.first_claimed_at + 300000) < ?
    AND EXISTS (SELECT 1 FROM texts WHERE delivery_ref = d.delivery_ref AND verdict = 'accepted')";
/// As the index on them has it.
pub(super) const REFUSED: &str = "instr(d.decision, '\"refused\"') > 0";

const CHANGED: &str = "(first_claimed_at >= ? OR finished_at >= ? OR verified_at >= ? OR EXISTS (
    SELECT 1 FROM texts WHERE delivery_ref = d.delivery_ref AND (status_at >= ? OR sent_at >= ?)))";
/// Also those whose code has died.
const CHANGED_OR_DEAD: &str = "(coalesce(d.expires_at, d.first_claimed_at + 300000) >= ?
    OR first_claimed_at >= ? OR finished_at >= ? OR verified_at >= ? OR EXISTS (
        SELECT 1 FROM texts WHERE delivery_ref = d.delivery_ref AND (status_at >= ? OR sent_at >= ?)))";

/// What is asked for, and nothing else: SQLite plans before it knows the parameters, and would use no index for a
/// condition that one of them may switch off.
#[derive(Default)]
struct Conditions {
    text: String,
    parameters: Vec<Value>,
}

impl Conditions {
    fn of(query: &Query) -> Self {
        let mut all = Self::default();
        let number = |at: Timestamp| Value::from(at.as_millis());
        if let Some(event) = &query.event {
            all.add("event_id = ?", [event.as_str().to_owned().into()]);
        }
        if let Some(hash) = &query.recipient_hash {
            all.add("recipient_hash = ?", [hash.clone().into()]);
        }
        if let Some(since) = query.since {
            all.add("first_claimed_at >= ?", [number(since)]);
        }
        if let Some(before) = query.before {
            all.add("first_claimed_at < ?", [number(before)]);
        }
        if let Some((at, id)) = &query.after {
            let id = id.as_ref().map_or("", EventId::as_str);
            all.add("(first_claimed_at, event_id) > (?, ?)", [number(*at), id.to_owned().into()]);
        }
        match (query.changed_since, query.only) {
            (Some(since), Some(Only::Unverified(_))) => {
                all.add(CHANGED_OR_DEAD, [(); 6].map(|()| number(since)))
            }
            (Some(since), _) => all.add(CHANGED, [(); 5].map(|()| number(since))),
            (None, _) => {}
        }
        match query.only {
            Some(Only::Failed) => all.add(FAILED, []),
            Some(Only::Unverified(now)) => all.add(UNVERIFIED, [number(now)]),
            Some(Only::Refused) => all.add(REFUSED, []),
            None => {}
        }
        all
    }

    fn add<const N: usize>(&mut self, condition: &str, parameters: [Value; N]) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
        self.parameters.extend(parameters);
    }
}

/// What [`delivery`] reads.
pub(super) const COLUMNS: &str =
    "event_id, event_type, endpoint_id, delivery_ref, recipient_last_two, region, linked, decision, reply, expires_at,
     verified_at, first_claimed_at, finished_at, recipient_hash";

pub(super) fn find(db: &Connection, query: &Query, limit: u32) -> Result<Vec<Delivery>, StoreError> {
    let Conditions { text, mut parameters } = Conditions::of(query);
    let order = if query.after.is_some() { "ASC" } else { "DESC" };
    let mut select = db.prepare(&format!(
        "SELECT {COLUMNS} FROM deliveries AS d WHERE TRUE{text} ORDER BY first_claimed_at {order}, event_id LIMIT ?"
    ))?;
    parameters.push(limit.into());
    let mut rows = select.query(params_from_iter(parameters))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(delivery(db, row)?);
    }
    if query.after.is_none() {
        found.reverse();
    }
    Ok(found)
}

pub(super) fn delivery(db: &Connection, row: &Row<'_>) -> Result<Delivery, StoreError> {
    let time = |column| Ok::<_, StoreError>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    let reference = DeliveryRef::parse(row.get_ref(3)?.as_str()?).ok_or(StoreError::Corrupt)?;
    Ok(Delivery {
        event: EventId::new(row.get_ref(0)?.as_str()?).ok_or(StoreError::Corrupt)?,
        event_type: row.get(1)?,
        endpoint: row.get::<_, Option<String>>(2)?.as_deref().and_then(EndpointId::new),
        recipient_hash: row.get(13)?,
        last_two: row.get(4)?,
        region: row.get::<_, Option<String>>(5)?.as_deref().and_then(Region::from_iso),
        linked: row.get(6)?,
        decision: row.get(7)?,
        reply: row.get::<_, Option<String>>(8)?.as_deref().map(read_reply).transpose()?,
        answered_at: time(12)?,
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
        let provider = read_provider(row.get_ref(1)?.as_str()?)?;
        let request = match (row.get::<_, Option<String>>(2)?, row.get::<_, Option<i64>>(5)?) {
            (Some(verdict), Some(sent_at)) => Some(Text {
                number,
                provider,
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
            provider,
            request,
            status: status.map(|name| TextStatus::from_name(&name).ok_or(StoreError::Corrupt)).transpose()?,
            status_code: row.get(11)?,
            status_at: row.get::<_, Option<i64>>(12)?.map(Timestamp::from_millis),
            word: row.get(13)?,
        });
    }
    Ok(texts)
}
