//! Remembers deliveries in PostgreSQL: any number of machines, the user's Neon database included.
//!
//! Every operation is one statement, sent unnamed and with its types, so that it works behind a pooler
//! in transaction mode, where the next statement may meet another session. How connections come and go
//! is in `session.rs`.

pub mod address;
mod browse;
mod certificates;
mod claim;
mod closings;
mod deliveries;
mod doubt;
mod erasure;
mod failure;
mod log;
mod outbox;
mod outcome;
mod session;
mod tallies;
mod test_codes;
mod texts;

use super::{Claim, DeliveryStore, Held, Lease, NewDelivery, Outcome, StoreError, Text};
use crate::domain::{HashKey, Timestamp};
use address::Address;
pub use log::PostgresLog;
use session::Sessions;
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
        claim::claim(&self.sessions, delivery, now, lease).await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<Held, StoreError> {
        self.change(
            "UPDATE neon_sms_relay_deliveries SET leased_until = $3, possible_sends = $4
             WHERE event_id = $1 AND token = $2 AND delivery_ref = $5 AND reply IS NULL RETURNING 1",
            &[
                (&lease.id.as_str(), Type::TEXT),
                (&lease.token, Type::INT8),
                (&until.as_millis(), Type::INT8),
                (&i16::from(lease.possible_sends), Type::INT2),
                (&lease.delivery_ref.as_str(), Type::TEXT),
            ],
        )
        .await
    }

    async fn finish(&self, lease: Lease, outcome: &Outcome, now: Timestamp) -> Result<Held, StoreError> {
        outcome::finish(self, &lease, outcome, now).await
    }

    async fn release(&self, lease: Lease, texts: &[Text]) -> Result<(), StoreError> {
        outcome::release(self, &lease, texts).await
    }

    async fn purge(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        outcome::purge(self, before, now).await
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
