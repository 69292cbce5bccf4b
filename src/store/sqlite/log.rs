//! The file for somebody who only looks into it, beside whoever writes.
//!
//! Each look opens the file anew: it is rare, and a file that was replaced meanwhile is the one that counts. In WAL a
//! reader keeps no writer waiting.

use super::{StoreError, connection, deliveries};
use crate::domain::HashKey;
use crate::store::log::{DeliveryLog, read_key};
use crate::store::texts::{Delivery, Query};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::PathBuf;

/// What was delivered, in a SQLite file that is left as it is.
pub struct SqliteLog {
    path: PathBuf,
}

impl SqliteLog {
    /// The log in this file. Nothing is opened yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let path = self.path.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let db = connection::open_to_read(&path)?;
            // One view of it, from the first statement to the last.
            let view = Transaction::new_unchecked(&db, TransactionBehavior::Deferred)?;
            look(&view)
        });
        looking.await.map_err(|_| StoreError::Unreachable("the look into it broke off".to_owned()))?
    }
}

#[async_trait::async_trait]
impl DeliveryLog for SqliteLog {
    async fn deliveries(&self, query: &Query, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let query = query.clone();
        self.read(move |db| deliveries::find(db, &query, limit)).await
    }

    async fn kept_key(&self) -> Result<Option<HashKey>, StoreError> {
        self.read(|db| connection::key(db)?.as_deref().map(read_key).transpose()).await
    }
}
