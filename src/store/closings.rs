//! Prefixes of numbers that get no text, as all instances have closed them.

use super::StoreError;
use crate::domain::Timestamp;

/// Keeps what is closed.
#[async_trait::async_trait]
pub trait Closings: Send + Sync {
    /// Closes a prefix, or changes how it is closed.
    async fn close(&self, closing: &Closing) -> Result<(), StoreError>;

    /// Opens a prefix; says whether it was closed.
    async fn open(&self, prefix: &str) -> Result<bool, StoreError>;

    /// All that is closed, also what is over by now, by prefix.
    async fn closings(&self) -> Result<Vec<Closing>, StoreError>;

    /// Forgets what was over at `now`.
    async fn forget_closings(&self, now: Timestamp) -> Result<(), StoreError>;
}

/// A prefix that gets no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The digits after `+`.
    pub prefix: String,
    /// Which rule closed it.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None` until somebody opens it.
    pub until: Option<Timestamp>,
    /// Who closed it.
    pub by: String,
}
