//! The codes of test numbers: what would have been texted, sealed, so that any instance can say it to whoever may ask.

use super::StoreError;
use crate::domain::{EventId, Timestamp};

/// Keeps codes of test numbers for their life.
#[async_trait::async_trait]
pub trait TestCodes: Send + Sync {
    /// Keeps a code in the place of an older one of its number; one that came before what is there changes nothing.
    async fn keep_test_code(&self, code: &KeptCode) -> Result<(), StoreError>;

    /// The code of the number of this hash, if it is alive at `now`.
    async fn test_code(&self, recipient_hash: &str, now: Timestamp) -> Result<Option<KeptCode>, StoreError>;

    /// Forgets what is dead at `now`.
    async fn forget_test_codes(&self, now: Timestamp) -> Result<(), StoreError>;
}

/// One code as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCode {
    /// The keyed hash of its number.
    pub recipient_hash: String,
    /// The event that brought it, to which the seal is bound.
    pub event: EventId,
    /// The code, sealed.
    pub sealed: Vec<u8>,
    /// When the event came first.
    pub came_at: Timestamp,
    /// When the code dies.
    pub expires_at: Timestamp,
}
