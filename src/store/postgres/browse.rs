//! Pages of deliveries in the database. A condition that is not asked for is left out before the planner looks, since
//! it plans each statement anew with its parameters.

use super::deliveries::{add_texts, delivery};
use super::{Parameter, PostgresLog, StoreError};
use crate::domain::{DeliveryRef, EventId, Region, Timestamp};
use crate::store::Tally;
use crate::store::browse::{Browse, Filter, LONGEST_LIFE, Place, State};
use crate::store::texts::{Delivery, Only};
use sms_providers::ProviderName;
use tokio_postgres::types::Type;

const PAGE: &str = "
    SELECT event_id, event_type, endpoint_id, delivery_ref, recipient_last_two, region, linked, decision,
        reply, expires_at, verified_at, first_claimed_at, finished_at,
        recipient_hash
    FROM neon_sms_relay_deliveries AS d
    WHERE ($1 IS NULL OR delivery_ref = $1) AND ($2 IS NULL OR recipient_hash = $2)
        AND ($3 IS NULL OR region = $3) AND ($4 IS NULL OR event_type = $4)
        AND ($5 IS NULL OR first_claimed_at >= $5)
        AND ($6 IS NULL OR (first_claimed_at, event_id) < ($6, $7))
        AND ($8 IS NULL OR EXISTS (
            SELECT FROM neon_sms_relay_texts WHERE delivery_ref = d.delivery_ref AND provider = $8))";

const FAILED: &str = "
    AND EXISTS (SELECT FROM neon_sms_relay_texts WHERE delivery_ref = d.delivery_ref)
    AND NOT EXISTS (
        SELECT FROM neon_sms_relay_texts WHERE delivery_ref = d.delivery_ref AND number = (
            SELECT max(number) FROM neon_sms_relay_texts
            WHERE delivery_ref = d.delivery_ref AND verdict = 'accepted')
        AND status NOT IN ('undelivered', 'failed', 'expired'))";
const UNVERIFIED: &str = "AND d.verified_at IS NULL
    AND coalesce(d.expires_at, d.first_claimed_at + 300000) < $9 AND EXISTS (
        SELECT FROM neon_sms_relay_texts WHERE delivery_ref = d.delivery_ref AND verdict = 'accepted')";
/// Its first condition follows from the others, and can be looked up.
const WAITING: &str = "AND first_claimed_at >= $10 AND d.verified_at IS NULL
    AND coalesce(d.expires_at, d.first_claimed_at + 300000) >= $9 AND EXISTS (
        SELECT FROM neon_sms_relay_texts WHERE delivery_ref = d.delivery_ref AND verdict = 'accepted')";
/// As the index on them has it.
const REFUSED: &str = "AND d.decision LIKE '%\"refused\"%'";
const VERIFIED: &str = "AND d.verified_at IS NOT NULL";
/// A parameter has to stand somewhere, or it has no type.
const END: &str = "AND ($9 IS NULL OR TRUE) AND ($10 IS NULL OR TRUE)
    ORDER BY first_claimed_at DESC, event_id DESC LIMIT $11";

#[async_trait::async_trait]
impl Browse for PostgresLog {
    async fn page(
        &self,
        filter: &Filter,
        behind: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let rows = self.run("", filter, behind, limit).await?;
        let mut found = rows.iter().map(delivery).collect::<Result<Vec<_>, _>>()?;
        add_texts(&self.sessions, &mut found).await?;
        Ok(found)
    }

    async fn tallies_since(&self, hour: i64) -> Result<Vec<Tally>, StoreError> {
        super::tallies::since(&self.sessions, hour).await
    }

    async fn other_types(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        let select =
            "SELECT DISTINCT event_type FROM neon_sms_relay_deliveries WHERE event_type <> 'send.otp'
                      ORDER BY event_type LIMIT $1";
        let rows = self.sessions.query(select, &[(&i64::from(limit), Type::INT8)]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn plan(&self, filter: &Filter, behind: Option<&Place>) -> Result<Vec<String>, StoreError> {
        let rows = self.run("EXPLAIN", filter, behind, 50).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}

impl PostgresLog {
    async fn run(
        &self,
        how: &str,
        filter: &Filter,
        behind: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let Filter { reference, recipient_hash, region, provider, event_type, since, state } = filter;
        let (condition, now) = match state {
            Some(State::Ended(Only::Failed)) => (FAILED, None),
            Some(State::Ended(Only::Unverified(now))) => (UNVERIFIED, Some(*now)),
            Some(State::Ended(Only::Refused)) => (REFUSED, None),
            Some(State::Waiting(now)) => (WAITING, Some(*now)),
            Some(State::Verified) => (VERIFIED, None),
            None => ("", None),
        };
        let now = now.map(Timestamp::as_millis);
        let (came_at, event) =
            behind.map(|place| (place.came_at.as_millis(), EventId::as_str(&place.event))).unzip();
        let parameters: [Parameter<'_>; 11] = [
            (&reference.as_ref().map(DeliveryRef::as_str), Type::TEXT),
            (recipient_hash, Type::TEXT),
            (&region.as_ref().map(Region::as_str), Type::TEXT),
            (event_type, Type::TEXT),
            (&since.map(Timestamp::as_millis), Type::INT8),
            (&came_at, Type::INT8),
            (&event, Type::TEXT),
            (&provider.map(ProviderName::as_str), Type::TEXT),
            (&now, Type::INT8),
            (&now.map(|now| now - LONGEST_LIFE), Type::INT8),
            (&i64::from(limit), Type::INT8),
        ];
        self.sessions.query(&format!("{how} {PAGE} {condition} {END}"), &parameters).await
    }
}
