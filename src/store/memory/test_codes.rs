//! Codes of test numbers in memory.

use super::{MemoryStore, StoreError};
use crate::domain::Timestamp;
use crate::store::{KeptCode, TestCodes};
use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

/// The codes by the hashes of their numbers.
pub(super) type Codes = HashMap<String, KeptCode>;

impl MemoryStore {
    /// Erases the code of a number; says whether there was one.
    pub(super) fn erase_test_code(&self, recipient_hash: &str) -> bool {
        self.codes().remove(recipient_hash).is_some()
    }

    fn codes(&self) -> MutexGuard<'_, Codes> {
        self.test_codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl TestCodes for MemoryStore {
    async fn keep_test_code(&self, code: &KeptCode) -> Result<(), StoreError> {
        let mut codes = self.codes();
        if codes.get(&code.recipient_hash).is_none_or(|kept| kept.came_at <= code.came_at) {
            codes.insert(code.recipient_hash.clone(), code.clone());
        }
        Ok(())
    }

    async fn test_code(&self, recipient_hash: &str, now: Timestamp) -> Result<Option<KeptCode>, StoreError> {
        Ok(self.codes().get(recipient_hash).filter(|code| code.expires_at > now).cloned())
    }

    async fn forget_test_codes(&self, now: Timestamp) -> Result<(), StoreError> {
        self.codes().retain(|_, code| code.expires_at > now);
        Ok(())
    }
}
