//! The database for somebody who only looks into it.

use super::address::Address;
use super::session::Sessions;
use super::{StoreError, deliveries};
use crate::domain::HashKey;
use crate::store::log::{DeliveryLog, read_key};
use crate::store::texts::{Delivery, Query};

/// What was delivered, in a PostgreSQL database that is left as it is.
pub struct PostgresLog {
    pub(super) sessions: Sessions,
}

impl PostgresLog {
    /// The log at this address. Nothing is connected yet.
    ///
    /// # Errors
    /// If the file that names the server's authorities cannot be read.
    pub fn open(address: Address, tls: rustls::ClientConfig) -> Result<Self, StoreError> {
        Ok(Self { sessions: Sessions::new(address, tls)?.reading() })
    }
}

#[async_trait::async_trait]
impl DeliveryLog for PostgresLog {
    async fn deliveries(&self, query: &Query, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        deliveries::find(&self.sessions, query, limit).await
    }

    async fn kept_key(&self) -> Result<Option<HashKey>, StoreError> {
        let select = "SELECT value FROM neon_sms_relay_settings WHERE name = 'hash_key'";
        let rows = self.sessions.query(select, &[]).await?;
        rows.first().map(|row| read_key(row.try_get(0)?)).transpose()
    }
}
