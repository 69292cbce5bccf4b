//! Texts, and what is learnt of them, in the database.

use super::{Parameter, PostgresStore, StoreError, deliveries};
use crate::domain::{DeliveryRef, Region, TextRef, TextStatus, Timestamp};
use crate::store::row::read_provider;
use crate::store::texts::{
    About, Again, Delivery, Failure, Query, Report, Reported, ReportedText, Resend, Text, TextLog, Verified,
    Why,
};
use crate::store::{Held, VERIFIED_FOR};
use serde_json::json;
use sms_providers::{DeliveryStatus, Price, ProviderName};
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

/// Requests as `neon_sms_relay_write_texts` reads them.
pub(super) fn as_json(texts: &[Text]) -> String {
    let texts = texts.iter().map(|text| {
        json!({
            "number": text.number,
            "provider": text.provider.as_str(),
            "verdict": text.verdict,
            "code": text.code,
            "message_id": text.message_id,
            "sent_at": text.sent_at.as_millis(),
            "elapsed_ms": text.elapsed_ms,
            "segments": text.segments,
            "price_micros": text.price.map(Price::micros),
            "currency": text.price.as_ref().map(Price::currency),
        })
    });
    serde_json::Value::Array(texts.collect()).to_string()
}

const REPORT: &str = "
    WITH about AS (
        SELECT $1 AS delivery_ref, $2::smallint AS number WHERE $1 IS NOT NULL
        UNION ALL
        SELECT delivery_ref, number FROM neon_sms_relay_texts WHERE provider = 'messagebird' AND message_id = $13),
    delivery AS (
        SELECT d.delivery_ref, about.number, d.region FROM neon_sms_relay_deliveries AS d JOIN about USING (delivery_ref)
        WHERE d.numbered >= about.number AND NOT EXISTS (
            SELECT FROM neon_sms_relay_texts AS other
            WHERE other.delivery_ref = about.delivery_ref AND other.number = about.number AND other.provider <> $3)),
    told AS (
        INSERT INTO neon_sms_relay_texts AS t (delivery_ref, number, provider, status, status_code, status_at, word,
            again_life_s, transient, segments, price_micros, currency)
        SELECT delivery_ref, number, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM delivery
        ON CONFLICT (delivery_ref, number) DO UPDATE SET word = coalesce($7, t.word),
            segments = coalesce($10, t.segments), price_micros = coalesce($11, t.price_micros),
            currency = coalesce($12, t.currency),
            status = coalesce($4, t.status),
            status_code = CASE WHEN $4 IS NULL THEN t.status_code ELSE $5 END,
            status_at = CASE WHEN $4 IS NULL THEN t.status_at ELSE $6 END,
            again_life_s = CASE WHEN $4 IS NULL THEN t.again_life_s ELSE $8 END,
            transient = CASE WHEN $4 IS NULL THEN t.transient ELSE $9 END
        WHERE CASE WHEN $4 IS NULL THEN $7 IS NOT NULL ELSE t.status IS NULL OR t.status = ANY ($14) END
        RETURNING verdict, sent_at)
    SELECT delivery.delivery_ref, delivery.number, delivery.region, EXISTS (SELECT FROM told),
        (SELECT sent_at FROM told WHERE verdict IS NOT NULL)
    FROM delivery";

#[async_trait::async_trait]
impl TextLog for PostgresStore {
    async fn report(&self, about: &About, report: &Report, now: Timestamp) -> Result<Reported, StoreError> {
        let (text, provider, message) = match about {
            About::Text(text, provider) => (Some(text), *provider, None),
            About::Message(id) => (None, ProviderName::MessageBird, Some(id.as_str())),
        };
        // A word that says nothing is all that a report without a status has to tell.
        let status = report.status.map(DeliveryStatus::as_str);
        let may_precede = |next| {
            let known = DeliveryStatus::ALL.into_iter().filter(move |known| known.may_become(next));
            known.map(DeliveryStatus::as_str).collect()
        };
        let before: Vec<_> = report.status.map(may_precede).unwrap_or_default();
        let life = report.again.map(|again| i64::try_from(again.life.as_secs()).unwrap_or(i64::MAX));
        let parameters: [Parameter<'_>; 14] = [
            (&text.map(|text| text.delivery.as_str()), Type::TEXT),
            (&text.map(|text| i16::from(text.number)), Type::INT2),
            (&provider.as_str(), Type::TEXT),
            (&status, Type::TEXT),
            (&report.code, Type::TEXT),
            (&now.as_millis(), Type::INT8),
            (&report.word, Type::TEXT),
            (&life, Type::INT8),
            (&report.again.is_some_and(|again| again.transient), Type::BOOL),
            (&report.segments.map(i16::from), Type::INT2),
            (&report.price.map(Price::micros), Type::INT8),
            (&report.price.as_ref().map(Price::currency), Type::TEXT),
            (&message, Type::TEXT),
            (&before, Type::TEXT_ARRAY),
        ];
        let rows = self.sessions.query(REPORT, &parameters).await?;
        let Some(row) = rows.first() else { return Ok(Reported::NotFound) };
        if status.is_none() || !row.try_get::<_, bool>(3)? {
            return Ok(Reported::Unchanged);
        }
        let sent_at = row.try_get::<_, Option<i64>>(4)?;
        Ok(Reported::Raised(ReportedText {
            text: reference(row)?,
            region: row.try_get::<_, Option<&str>>(2)?.and_then(Region::from_iso),
            sent: sent_at.map(|at| (provider, Timestamp::from_millis(at))),
        }))
    }

    async fn failures(&self, since: Timestamp, limit: u32) -> Result<Vec<Failure>, StoreError> {
        let select =
            "SELECT delivery_ref, number, provider, again_life_s, transient FROM neon_sms_relay_texts
                      WHERE again_life_s IS NOT NULL AND status_at >= $1 ORDER BY status_at DESC LIMIT $2";
        let parameters: [Parameter<'_>; 2] =
            [(&since.as_millis(), Type::INT8), (&i64::from(limit), Type::INT8)];
        let failure = |row: &Row| {
            let life = u64::try_from(row.try_get::<_, i64>(3)?).map_err(|_| StoreError::Corrupt)?;
            Ok(Failure {
                text: reference(row)?,
                provider: read_provider(row.try_get(2)?)?,
                again: Again { life: Duration::from_secs(life), transient: row.try_get(4)? },
            })
        };
        self.sessions.query(select, &parameters).await?.iter().map(failure).collect()
    }

    async fn begin_resend(
        &self,
        failed: &TextRef,
        why: Why,
        requests: u8,
        max_sends: u8,
    ) -> Result<Option<Resend>, StoreError> {
        let update = "UPDATE neon_sms_relay_deliveries AS d
             SET possible_sends = d.possible_sends + 1, numbered = least(d.numbered + $3 + 1, 255)
             WHERE delivery_ref = $1 AND reply IS NOT NULL AND verified_at IS NULL AND possible_sends < $4
                 AND numbered = $2
                 AND NOT EXISTS (
                     SELECT FROM neon_sms_relay_texts
                     WHERE delivery_ref = $1
                         AND status IN ('delivered', 'verified', 'undelivered', 'failed', 'expired')
                         AND (again_life_s IS NULL OR $5 AND number = $2))
                 AND EXISTS (
                     SELECT FROM neon_sms_relay_numbers AS n
                     WHERE n.recipient_hash = d.recipient_hash AND latest_ref = $1 AND NOT superseded)
             RETURNING numbered";
        let parameters: [Parameter<'_>; 5] = [
            (&failed.delivery.as_str(), Type::TEXT),
            (&i16::from(failed.number), Type::INT2),
            (&i16::from(requests), Type::INT2),
            (&i16::from(max_sends), Type::INT2),
            (&(why == Why::Silent), Type::BOOL),
        ];
        let rows = self.sessions.query(update, &parameters).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let numbered = u8::try_from(row.try_get::<_, i16>(0)?).map_err(|_| StoreError::Corrupt)?;
        Ok(Some(Resend::of(numbered, requests)))
    }

    async fn record_resend(
        &self,
        delivery: &DeliveryRef,
        resend: Resend,
        texts: &[Text],
        may_have_sent: bool,
    ) -> Result<(), StoreError> {
        let statement = "
            WITH delivery AS (
                UPDATE neon_sms_relay_deliveries
                SET possible_sends = greatest(possible_sends - $2, 0), numbered = $4
                WHERE delivery_ref = $1 AND numbered = $5 RETURNING delivery_ref)
            SELECT neon_sms_relay_write_texts(delivery_ref, $3::json) FROM delivery";
        let parameters: [Parameter<'_>; 5] = [
            (&delivery.as_str(), Type::TEXT),
            (&i16::from(!may_have_sent), Type::INT2),
            (&as_json(texts), Type::TEXT),
            (&i16::from(resend.numbered(texts)), Type::INT2),
            (&i16::from(resend.end), Type::INT2),
        ];
        self.change(statement, &parameters).await.map(|_: Held| ())
    }

    async fn verified(
        &self,
        recipient_hash: &str,
        alive_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Verified>, StoreError> {
        let statement = "
            WITH before AS (
                SELECT recent, verified_at FROM neon_sms_relay_numbers WHERE recipient_hash = $1),
            number AS (
                INSERT INTO neon_sms_relay_numbers AS n (recipient_hash, verified_at, keep_until)
                VALUES ($1, $2, $3)
                ON CONFLICT (recipient_hash) DO UPDATE SET verified_at = $2, recent = '{}',
                    keep_until = CASE WHEN n.latest_ref IS NULL THEN $3 END
                RETURNING latest_ref),
            delivery AS (
                UPDATE neon_sms_relay_deliveries AS d SET verified_at = $2 FROM number
                WHERE d.delivery_ref = number.latest_ref AND d.verified_at IS NULL
                    AND (d.expires_at IS NULL OR d.expires_at >= $4)
                RETURNING d.delivery_ref, d.region, d.linked),
            text AS (
                SELECT delivery_ref, number, provider, message_id, sent_at, min(sent_at) OVER () AS first_sent_at,
                    (SELECT count(*) FROM neon_sms_relay_texts JOIN delivery USING (delivery_ref)) AS texts, region,
                    linked
                FROM neon_sms_relay_texts JOIN delivery USING (delivery_ref)
                WHERE verdict IN ('accepted', 'unknown') ORDER BY number DESC LIMIT 1),
            marked AS (
                UPDATE neon_sms_relay_texts AS t SET status = 'verified', status_at = $2 FROM text
                WHERE t.delivery_ref = text.delivery_ref AND t.number = text.number)
            SELECT delivery_ref, number, provider, message_id, region, sent_at, first_sent_at, texts, linked,
                before.recent, before.verified_at
            FROM text LEFT JOIN before ON TRUE";
        let parameters: [Parameter<'_>; 4] = [
            (&recipient_hash, Type::TEXT),
            (&now.as_millis(), Type::INT8),
            (&now.plus(VERIFIED_FOR).as_millis(), Type::INT8),
            (&alive_at.as_millis(), Type::INT8),
        ];
        let rows = self.sessions.query(statement, &parameters).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Verified {
            text: reference(row)?,
            provider: read_provider(row.try_get(2)?)?,
            message_id: row.try_get(3)?,
            region: row.try_get::<_, Option<&str>>(4)?.and_then(Region::from_iso),
            sent_at: Timestamp::from_millis(row.try_get(5)?),
            first_sent_at: Timestamp::from_millis(row.try_get(6)?),
            alone: row.try_get::<_, i64>(7)? == 1,
            linked: row.try_get(8)?,
            cleared: times(row.try_get::<_, Option<Vec<i64>>>(9)?),
            verified_before: row.try_get::<_, Option<i64>>(10)?.map(Timestamp::from_millis),
        }))
    }

    async fn deliveries(&self, query: &Query, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        deliveries::find(&self.sessions, query, limit).await
    }
}

fn times(millis: Option<Vec<i64>>) -> Vec<Timestamp> {
    millis.into_iter().flatten().map(Timestamp::from_millis).collect()
}

/// The reference in the first two columns of a row.
fn reference(row: &Row) -> Result<TextRef, StoreError> {
    let delivery = DeliveryRef::parse(row.try_get(0)?).ok_or(StoreError::Corrupt)?;
    let number = u8::try_from(row.try_get::<_, i16>(1)?).map_err(|_| StoreError::Corrupt)?;
    Ok(TextRef { delivery, number })
}

/// The status in a row.
pub(super) fn status(name: Option<&str>) -> Result<Option<TextStatus>, StoreError> {
    name.map(|name| TextStatus::from_name(name).ok_or(StoreError::Corrupt)).transpose()
}
