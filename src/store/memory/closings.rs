//! What is closed, in memory.

use super::{MemoryStore, StoreError};
use crate::domain::Timestamp;
use crate::store::{Closing, Closings};
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

/// What is closed, by prefix.
pub(super) type Closed = BTreeMap<String, Closing>;

impl MemoryStore {
    fn closed(&self) -> MutexGuard<'_, Closed> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl Closings for MemoryStore {
    async fn close(&self, closing: &Closing) -> Result<(), StoreError> {
        self.closed().insert(closing.prefix.clone(), closing.clone());
        Ok(())
    }

    async fn open(&self, prefix: &str) -> Result<bool, StoreError> {
        Ok(self.closed().remove(prefix).is_some())
    }

    async fn closings(&self) -> Result<Vec<Closing>, StoreError> {
        Ok(self.closed().values().cloned().collect())
    }

    async fn forget_closings(&self, now: Timestamp) -> Result<(), StoreError> {
        self.closed().retain(|_, closing| closing.until.is_none_or(|until| until >= now));
        Ok(())
    }
}
