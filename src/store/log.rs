//! What was delivered, for somebody who looks at it beside the servers: nothing is made, changed or kept from anybody.

use super::texts::{Delivery, Query};
use super::{AddressFault, StoreAddress, StoreError, postgres, sqlite};
use crate::domain::HashKey;
use std::sync::Arc;

/// Deliveries to be read.
#[async_trait::async_trait]
pub trait DeliveryLog: Send + Sync {
    /// As [`TextLog::deliveries`](super::TextLog::deliveries).
    async fn deliveries(&self, query: &Query, limit: u32) -> Result<Vec<Delivery>, StoreError>;

    /// The key under which numbers are hashed; `None` if the store keeps none, since the servers bring their own.
    async fn kept_key(&self) -> Result<Option<HashKey>, StoreError>;
}

/// Opens the store of a `STORE_URL` to look into it. A file that is not there is not made.
///
/// # Errors
/// If the URL cannot be understood, or means the memory of a process. A store that cannot be read is no error here;
/// operations fail then.
pub fn look_into(url: &str, tls: rustls::ClientConfig) -> Result<Arc<dyn DeliveryLog>, StoreError> {
    Ok(match StoreAddress::parse(url)? {
        StoreAddress::Memory => return Err(memory().into()),
        StoreAddress::Sqlite { path, .. } => Arc::new(sqlite::SqliteLog::new(path)),
        StoreAddress::Postgres(address) => Arc::new(postgres::PostgresLog::open(*address, tls)?),
    })
}

/// There is nothing that anybody else could look into.
pub(super) fn memory() -> AddressFault {
    let problem = "is memory:, and only the server itself knows what is in its memory";
    AddressFault::new(problem, "set it to the store of the server")
}

/// Reads the setting that holds the key.
pub(super) fn read_key(hex: &str) -> Result<HashKey, StoreError> {
    Ok(HashKey::new(&hex::decode(hex).map_err(|_| StoreError::Corrupt)?))
}

impl StoreError {
    /// There is nothing yet that could be read.
    pub(super) fn not_yet(place: &str) -> Self {
        let problem = format!("names {place} that no server of this version has used yet");
        AddressFault::new(problem, "start the server once, which brings it up to date").into()
    }
}
