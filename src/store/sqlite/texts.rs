//! Texts, and what is learnt of them, in the file.

use super::{SqliteStore, StoreError};
use crate::domain::{DeliveryRef, Region, TextRef, TextStatus, Timestamp};
use crate::store::log::DeliveryLog;
use crate::store::row::read_provider;
use crate::store::texts::{
    About, Again, Delivery, Failure, Query, Report, Reported, ReportedText, Resend, Text, TextLog, Verified,
    Why,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sms_providers::Price;
use std::time::Duration;

#[async_trait::async_trait]
impl TextLog for SqliteStore {
    async fn report(&self, about: &About, report: &Report, now: Timestamp) -> Result<Reported, StoreError> {
        let (about, told) = (about.clone(), report.clone());
        self.writer.run(move |db| report_of(db, &about, &told, now)).await
    }

    async fn failures(&self, since: Timestamp, limit: u32) -> Result<Vec<Failure>, StoreError> {
        self.writer.run(move |db| failures(db, since, limit)).await
    }

    async fn begin_resend(
        &self,
        failed: &TextRef,
        why: Why,
        requests: u8,
        max_sends: u8,
    ) -> Result<Option<Resend>, StoreError> {
        let failed = failed.clone();
        self.writer.run(move |db| begin_resend(db, &failed, why, requests, max_sends)).await
    }

    async fn record_resend(
        &self,
        delivery: &DeliveryRef,
        resend: Resend,
        texts: &[Text],
        may_have_sent: bool,
    ) -> Result<(), StoreError> {
        let (delivery, texts) = (delivery.clone(), texts.to_vec());
        self.writer
            .run(move |db| {
                let mut update = db.prepare_cached(
                    "UPDATE deliveries SET possible_sends = max(possible_sends - ?2, 0), numbered = ?3
                     WHERE delivery_ref = ?1 AND numbered = ?4",
                )?;
                let numbered = resend.numbered(&texts);
                if update.execute(params![delivery.as_str(), !may_have_sent, numbered, resend.end])? > 0 {
                    write(db, &delivery, &texts)?;
                }
                Ok(())
            })
            .await
    }

    async fn verified(
        &self,
        recipient_hash: &str,
        alive_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Verified>, StoreError> {
        let hash = recipient_hash.to_owned();
        self.writer.run(move |db| verified(db, &hash, alive_at, now)).await
    }

    async fn deliveries(&self, query: &Query, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        // Not in the writer's turn: whoever wants to see a day of them would keep everybody else waiting.
        self.log.deliveries(query, limit).await
    }
}

/// Writes requests down, beside what was reported of them already.
pub(super) fn write(db: &Connection, delivery: &DeliveryRef, texts: &[Text]) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO texts (delivery_ref, number, provider, verdict, code, message_id, sent_at, elapsed_ms,
             segments, price_micros, currency, status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, CASE WHEN ?4 = 'accepted' THEN 'accepted' END)
         ON CONFLICT (delivery_ref, number) DO UPDATE SET provider = ?3, verdict = ?4, code = ?5,
             message_id = ?6, sent_at = ?7, elapsed_ms = ?8, segments = coalesce(segments, ?9),
             price_micros = coalesce(price_micros, ?10), currency = coalesce(currency, ?11),
             status = coalesce(status, excluded.status)",
    )?;
    for text in texts {
        insert.execute(params![
            delivery.as_str(),
            text.number,
            text.provider.as_str(),
            text.verdict,
            text.code,
            text.message_id,
            text.sent_at.as_millis(),
            text.elapsed_ms,
            text.segments,
            text.price.map(Price::micros),
            text.price.as_ref().map(Price::currency),
        ])?;
    }
    Ok(())
}

fn report_of(
    db: &Connection,
    about: &About,
    report: &Report,
    now: Timestamp,
) -> Result<Reported, StoreError> {
    let (delivery, number, provider) = match about {
        About::Text(text, provider) => (text.delivery.to_string(), text.number, provider.as_str()),
        About::Message(id) => {
            let mut select = db.prepare_cached(
                "SELECT delivery_ref, number FROM texts WHERE provider = 'messagebird' AND message_id = ?1",
            )?;
            let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            match select.query_row([id], columns).optional()? {
                Some((delivery, number)) => (delivery, number, "messagebird"),
                None => return Ok(Reported::NotFound),
            }
        }
    };
    let mut select = db.prepare_cached(
        "SELECT d.region, t.provider, t.sent_at, t.status FROM deliveries AS d
         LEFT JOIN texts AS t ON t.delivery_ref = d.delivery_ref AND t.number = ?2
         WHERE d.delivery_ref = ?1 AND d.numbered >= ?2",
    )?;
    let columns = |row: &Row<'_>| {
        let place: (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
        Ok((place, row.get::<_, Option<i64>>(2)?, row.get::<_, Option<String>>(3)?))
    };
    let known = select.query_row(params![delivery, number], columns).optional()?;
    let Some(((region, asked), sent_at, status)) = known else { return Ok(Reported::NotFound) };
    if asked.as_deref().is_some_and(|asked| asked != provider) {
        return Ok(Reported::NotFound);
    }
    let status = status.map(|name| TextStatus::from_name(&name).ok_or(StoreError::Corrupt)).transpose()?;
    let rises = report.status.is_some_and(|next| status.is_none_or(|status| status.may_become(next)));
    if !rises && report.word.is_none() {
        return Ok(Reported::Unchanged);
    }
    let raised = report.status.filter(|_| rises).map(|status| status.as_str());
    let again = report.again.filter(|_| rises);
    db.prepare_cached(
        "INSERT INTO texts (delivery_ref, number, provider, status, status_code, status_at, word, again_life_s,
             transient, segments, price_micros, currency)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (delivery_ref, number) DO UPDATE SET word = coalesce(?7, word),
             segments = coalesce(?10, segments), price_micros = coalesce(?11, price_micros),
             currency = coalesce(?12, currency),
             status = coalesce(?4, status),
             status_code = CASE WHEN ?4 IS NULL THEN status_code ELSE ?5 END,
             status_at = CASE WHEN ?4 IS NULL THEN status_at ELSE ?6 END,
             again_life_s = CASE WHEN ?4 IS NULL THEN again_life_s ELSE ?8 END,
             transient = CASE WHEN ?4 IS NULL THEN transient ELSE ?9 END",
    )?
    .execute(params![
        delivery,
        number,
        provider,
        raised,
        report.code,
        now.as_millis(),
        report.word,
        again.map(|again| u32::try_from(again.life.as_secs()).unwrap_or(u32::MAX)),
        again.is_some_and(|again| again.transient),
        report.segments,
        report.price.map(Price::micros),
        report.price.as_ref().map(Price::currency),
    ])?;
    if !rises {
        return Ok(Reported::Unchanged);
    }
    let sent = match (asked, sent_at) {
        (Some(provider), Some(at)) => Some((read_provider(&provider)?, Timestamp::from_millis(at))),
        _ => None,
    };
    let delivery = DeliveryRef::parse(&delivery).ok_or(StoreError::Corrupt)?;
    Ok(Reported::Raised(ReportedText {
        text: TextRef { delivery, number },
        region: region.as_deref().and_then(Region::from_iso),
        sent,
    }))
}

fn failures(db: &Connection, since: Timestamp, limit: u32) -> Result<Vec<Failure>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT delivery_ref, number, provider, again_life_s, transient FROM texts
         WHERE again_life_s IS NOT NULL AND status_at >= ?1 ORDER BY status_at DESC LIMIT ?2",
    )?;
    let mut rows = select.query(params![since.as_millis(), limit])?;
    let mut failures = Vec::new();
    while let Some(row) = rows.next()? {
        let delivery = DeliveryRef::parse(row.get_ref(0)?.as_str()?).ok_or(StoreError::Corrupt)?;
        failures.push(Failure {
            text: TextRef { delivery, number: row.get(1)? },
            provider: read_provider(row.get_ref(2)?.as_str()?)?,
            again: Again { life: Duration::from_secs(row.get::<_, u32>(3)?.into()), transient: row.get(4)? },
        });
    }
    Ok(failures)
}

fn begin_resend(
    db: &Connection,
    failed: &TextRef,
    why: Why,
    requests: u8,
    max_sends: u8,
) -> Result<Option<Resend>, StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE deliveries SET possible_sends = possible_sends + 1, numbered = min(numbered + ?3 + 1, 255)
         WHERE delivery_ref = ?1 AND reply IS NOT NULL AND verified_at IS NULL AND possible_sends < ?4
             AND numbered = ?2
             AND NOT EXISTS (
                 SELECT 1 FROM texts
                 WHERE delivery_ref = ?1
                     AND status IN ('delivered', 'verified', 'undelivered', 'failed', 'expired')
                     AND (again_life_s IS NULL OR ?5 AND number = ?2))
             AND EXISTS (
                 SELECT 1 FROM numbers
                 WHERE recipient_hash = deliveries.recipient_hash AND latest_ref = ?1 AND NOT superseded)
         RETURNING numbered",
    )?;
    let parameters =
        params![failed.delivery.as_str(), failed.number, requests, max_sends, why == Why::Silent];
    let numbered: Option<u8> = update.query_row(parameters, |row| row.get(0)).optional()?;
    Ok(numbered.map(|numbered| Resend::of(numbered, requests)))
}

fn verified(
    db: &Connection,
    hash: &str,
    alive_at: Timestamp,
    now: Timestamp,
) -> Result<Option<Verified>, StoreError> {
    let (cleared, verified_before) = super::numbers::since_verified(db, hash)?;
    let mut update = db.prepare_cached(
        "INSERT INTO numbers (recipient_hash, verified_at, keep_until) VALUES (?1, ?2, ?3)
         ON CONFLICT (recipient_hash) DO UPDATE SET verified_at = ?2, recent = '',
             keep_until = CASE WHEN latest_ref IS NULL THEN ?3 END
         RETURNING latest_ref",
    )?;
    let keep_until = now.plus(crate::store::VERIFIED_FOR).as_millis();
    let latest: Option<String> =
        update.query_row(params![hash, now.as_millis(), keep_until], |row| row.get(0))?;
    let Some(reference) = latest else { return Ok(None) };
    let mut update = db.prepare_cached(
        "UPDATE deliveries SET verified_at = ?2
         WHERE delivery_ref = ?1 AND verified_at IS NULL AND (expires_at IS NULL OR expires_at >= ?3)
         RETURNING region, linked",
    )?;
    let parameters = params![reference, now.as_millis(), alive_at.as_millis()];
    let delivery: Option<(Option<String>, bool)> =
        update.query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((region, linked)) = delivery else { return Ok(None) };
    let mut select = db.prepare_cached(
        "SELECT number, provider, message_id, sent_at, min(sent_at) OVER (),
             (SELECT count(*) FROM texts WHERE delivery_ref = ?1)
         FROM texts WHERE delivery_ref = ?1 AND verdict IN ('accepted', 'unknown') ORDER BY number DESC LIMIT 1",
    )?;
    let columns = |row: &Row<'_>| {
        let text: (u8, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((text, row.get::<_, i64>(3)?, row.get::<_, i64>(4)?, row.get::<_, u32>(5)?))
    };
    let text = select.query_row([&reference], columns).optional()?;
    let Some(((number, provider, message_id), sent_at, first, texts)) = text else { return Ok(None) };
    db.prepare_cached(
        "UPDATE texts SET status = 'verified', status_at = ?3 WHERE delivery_ref = ?1 AND number = ?2",
    )?
    .execute(params![reference, number, now.as_millis()])?;
    Ok(Some(Verified {
        text: TextRef { delivery: DeliveryRef::parse(&reference).ok_or(StoreError::Corrupt)?, number },
        provider: read_provider(&provider)?,
        message_id,
        region: region.as_deref().and_then(Region::from_iso),
        sent_at: Timestamp::from_millis(sent_at),
        first_sent_at: Timestamp::from_millis(first),
        alone: texts == 1,
        linked,
        cleared,
        verified_before,
    }))
}
