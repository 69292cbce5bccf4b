//! Remembers deliveries in PostgreSQL: any number of machines, the user's Neon database included.
//!
//! Every operation is one statement, sent unnamed and with its types, so that it works behind a pooler
//! in transaction mode, where the next statement may meet another session. How connections come and go
//! is in `session.rs`.

pub mod address;
mod certificates;
mod doubt;
mod failure;
mod outbox;
mod session;

use super::row::{StoredOutcome, read_provider, read_reply};
use super::{
    Claim, DeliveryStore, Held, LONGEST_LEASE, Lease, NewDelivery, Outcome, StatusChange, StoreError,
};
use crate::domain::{DeliveryRef, EndpointId, HashKey, Timestamp};
use address::Address;
use session::Sessions;
use sms_providers::{DeliveryStatus, StatusUpdate};
use std::time::Duration;
use tokio_postgres::types::{ToSql, Type};

/// As many rows are forgotten in one step, so that none is locked for long.
const PURGE_BATCH: i64 = 1000;

/// The store in a PostgreSQL database.
pub struct PostgresStore {
    sessions: Sessions,
}

/// A parameter with its type, as unnamed statements want it.
type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

impl PostgresStore {
    /// A store at this address. Nothing is connected yet; tables are made with the first operation.
    ///
    /// # Errors
    /// If the file that names the server's authorities cannot be read.
    pub fn open(address: Address, tls: rustls::ClientConfig) -> Result<Self, StoreError> {
        Ok(Self { sessions: Sessions::new(address, tls)? })
    }

    async fn change(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Held, StoreError> {
        let changed = self.sessions.query(statement, parameters).await?;
        Ok(if changed.is_empty() { Held::Lost } else { Held::Yes })
    }
}

#[async_trait::async_trait]
impl DeliveryStore for PostgresStore {
    async fn claim(
        &self,
        delivery: &NewDelivery,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        let NewDelivery { id, event_type, endpoint, recipient } = delivery;
        let reference = DeliveryRef::random();
        let rows = self
            .sessions
            .query(
                "WITH claimed AS (
                     INSERT INTO neon_sms_relay_deliveries AS d (event_id, event_type, endpoint_id,
                         delivery_ref, recipient_hash, recipient_last_two, token, leased_until,
                         possible_sends, first_claimed_at)
                     VALUES ($1, $2, $3, $4, $5, $6, 1, $7, 1, $8)
                     ON CONFLICT (event_id) DO UPDATE SET token = d.token + 1, leased_until = $7,
                         possible_sends = least(d.possible_sends + 1, 255)
                     WHERE d.reply IS NULL AND d.leased_until NOT BETWEEN $8 AND $9
                     RETURNING token, delivery_ref, first_claimed_at, possible_sends)
                 SELECT token, delivery_ref, first_claimed_at, possible_sends, NULL AS reply FROM claimed
                 UNION ALL
                 SELECT NULL, NULL, NULL, NULL, reply FROM neon_sms_relay_deliveries
                 WHERE event_id = $1 AND NOT EXISTS (SELECT FROM claimed)",
                &[
                    (&id.as_str(), Type::TEXT),
                    (event_type, Type::TEXT),
                    (&endpoint.as_ref().map(|endpoint| endpoint.as_str()), Type::TEXT),
                    (&reference.as_str(), Type::TEXT),
                    (&recipient.as_ref().map(|recipient| recipient.hash.as_str()), Type::TEXT),
                    (&recipient.as_ref().map(|recipient| recipient.last_two.as_str()), Type::TEXT),
                    (&now.plus(lease).as_millis(), Type::INT8),
                    (&now.as_millis(), Type::INT8),
                    (&now.plus(LONGEST_LEASE).as_millis(), Type::INT8),
                ],
            )
            .await?;
        // No row at all: somebody claimed the event for the first time while this statement waited for
        // them, and its snapshot is older than their row.
        let Some(row) = rows.first() else { return Ok(Claim::InFlight) };
        let Some(token) = row.try_get::<_, Option<i64>>(0)? else {
            return match row.try_get::<_, Option<&str>>(4)? {
                Some(reply) => Ok(Claim::Finished(read_reply(reply)?)),
                None => Ok(Claim::InFlight),
            };
        };
        Ok(Claim::Acquired(Lease {
            id: id.clone(),
            token,
            delivery_ref: DeliveryRef::parse(row.try_get(1)?).ok_or(StoreError::Corrupt)?,
            first_claimed_at: Timestamp::from_millis(row.try_get(2)?),
            possible_sends: u8::try_from(row.try_get::<_, i16>(3)?).map_err(|_| StoreError::Corrupt)?,
        }))
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<Held, StoreError> {
        self.change(
            "UPDATE neon_sms_relay_deliveries SET leased_until = $3, possible_sends = $4
             WHERE event_id = $1 AND token = $2 AND reply IS NULL RETURNING 1",
            &[
                (&lease.id.as_str(), Type::TEXT),
                (&lease.token, Type::INT8),
                (&until.as_millis(), Type::INT8),
                (&i16::from(lease.possible_sends), Type::INT2),
            ],
        )
        .await
    }

    async fn finish(&self, lease: Lease, outcome: &Outcome, now: Timestamp) -> Result<Held, StoreError> {
        let StoredOutcome { reply, provider, message_id, attempts } =
            StoredOutcome::of(outcome).ok_or(StoreError::NotFinal)?;
        let item = outcome.queued.as_ref();
        self.change(
            "WITH finished AS (
                 UPDATE neon_sms_relay_deliveries SET reply = $3, provider = $4, message_id = $5,
                     attempts = $6, finished_at = $7, possible_sends = $8
                 WHERE event_id = $1 AND token = $2 AND reply IS NULL RETURNING event_id),
             queued AS (
                 INSERT INTO neon_sms_relay_outbox (event_id, event_type, endpoint_id, lane, sealed,
                     queued_at, give_up_at, due_at)
                 SELECT event_id, $9, $10, $11, $12, $13, $14, CASE WHEN EXISTS (
                     SELECT FROM neon_sms_relay_outbox WHERE lane = $11 AND dead_at IS NULL)
                     THEN NULL ELSE $13 END
                 FROM finished WHERE $9 IS NOT NULL
                 ON CONFLICT DO NOTHING)
             SELECT 1 FROM finished",
            &[
                (&lease.id.as_str(), Type::TEXT),
                (&lease.token, Type::INT8),
                (&reply, Type::TEXT),
                (&provider, Type::TEXT),
                (&message_id, Type::TEXT),
                (&attempts, Type::TEXT),
                (&now.as_millis(), Type::INT8),
                (&i16::from(lease.possible_sends), Type::INT2),
                (&item.map(|item| item.event_type.as_str()), Type::TEXT),
                (&item.and_then(|item| item.endpoint.as_ref()).map(EndpointId::as_str), Type::TEXT),
                (&item.map(|item| item.lane.as_str()), Type::TEXT),
                (&item.map(|item| item.sealed.as_slice()), Type::BYTEA),
                (&item.map(|item| item.queued_at.as_millis()), Type::INT8),
                (&item.map(|item| item.give_up_at.as_millis()), Type::INT8),
            ],
        )
        .await
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.renew(&lease, Timestamp::from_millis(i64::MIN)).await.map(drop)
    }

    async fn record_status(
        &self,
        delivery: &DeliveryRef,
        update: &StatusUpdate,
    ) -> Result<StatusChange, StoreError> {
        let reference: Parameter<'_> = (&delivery.as_str(), Type::TEXT);
        let select = "SELECT status, provider FROM neon_sms_relay_deliveries WHERE delivery_ref = $1";
        let rows = self.sessions.query(select, std::slice::from_ref(&reference)).await?;
        let Some(row) = rows.first() else { return Ok(StatusChange::NotFound) };
        let known: &str = row.try_get(0)?;
        if !DeliveryStatus::from_name(known).ok_or(StoreError::Corrupt)?.may_become(update.status) {
            return Ok(StatusChange::Unchanged);
        }
        // Somebody else's report may come between the two statements; then this one waits for nothing.
        let changed = self
            .change(
                "UPDATE neon_sms_relay_deliveries SET status = $2, status_code = $3
                 WHERE delivery_ref = $1 AND status = $4 RETURNING 1",
                &[
                    reference,
                    (&update.status.as_str(), Type::TEXT),
                    (&update.code.as_ref().map(|code| code.as_str()), Type::TEXT),
                    (&known, Type::TEXT),
                ],
            )
            .await?;
        match changed {
            Held::Yes => {
                Ok(StatusChange::Raised(row.try_get::<_, Option<&str>>(1)?.map(read_provider).transpose()?))
            }
            Held::Lost => self.record_status(delivery, update).await,
        }
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let forgotten = self
                .sessions
                .query(
                    "DELETE FROM neon_sms_relay_deliveries WHERE event_id IN (
                         SELECT event_id FROM neon_sms_relay_deliveries
                         WHERE first_claimed_at < $1 AND (reply IS NOT NULL OR leased_until < $1)
                         LIMIT $2 FOR UPDATE SKIP LOCKED)
                     RETURNING 1",
                    &[(&before.as_millis(), Type::INT8), (&PURGE_BATCH, Type::INT8)],
                )
                .await?;
            all += forgotten.len() as u64;
            if (forgotten.len() as i64) < PURGE_BATCH {
                return Ok(all);
            }
        }
    }

    async fn hash_key(&self) -> Result<HashKey, StoreError> {
        let key = hex::encode(HashKey::random().expose());
        let insert = "INSERT INTO neon_sms_relay_settings (name, value) VALUES ('hash_key', $1)
                      ON CONFLICT DO NOTHING RETURNING 1";
        self.sessions.query(insert, &[(&key, Type::TEXT)]).await?;
        let select = "SELECT value FROM neon_sms_relay_settings WHERE name = 'hash_key'";
        let rows = self.sessions.query(select, &[]).await?;
        let key: &str = rows.first().ok_or(StoreError::Corrupt)?.try_get(0)?;
        Ok(HashKey::new(&hex::decode(key).map_err(|_| StoreError::Corrupt)?))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // Written, since a replica or a full disk can still be read.
        let update =
            "INSERT INTO neon_sms_relay_settings (name, value) VALUES ('checked', md5(random()::text))
                      ON CONFLICT (name) DO UPDATE SET value = excluded.value RETURNING 1";
        self.sessions.query(update, &[]).await.map(drop)
    }

    fn sleeps(&self) -> bool {
        true
    }
}
