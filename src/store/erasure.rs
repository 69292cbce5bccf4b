//! Erasing what is kept of one number, because a person asks for it.
//!
//! Whoever erases reads which events are meant from the [`DeliveryLog`](super::DeliveryLog), which keeps nobody
//! waiting, and has them erased by their ids. Running servers hold numbers in memory, too: they look for what was
//! [`Forgotten`].

use super::StoreError;
use crate::domain::{EventId, Timestamp};

/// Erases.
#[async_trait::async_trait]
pub trait Erasure: Send + Sync {
    /// Erases the number from these events, with all that is known of their texts: an event that ended before
    /// `replayable_since` is deleted; of others the id and the reply remain, without the provider's id of the text, so
    /// that a delivery which comes again sends nothing again.
    async fn erase_events(
        &self,
        events: &[EventId],
        replayable_since: Timestamp,
    ) -> Result<ErasedEvents, StoreError>;

    /// Erases what is kept of the number of this hash itself: its limits, its verification, its test code.
    async fn erase_number(&self, recipient_hash: &str) -> Result<ErasedNumber, StoreError>;

    /// The first `limit` items of the outbox behind the place `after`, in the order in which they came.
    async fn sealed_behind(&self, after: i64, limit: u32) -> Result<Vec<SealedItem>, StoreError>;

    /// Lets all servers know.
    async fn announce(&self, forgotten: &Forgotten) -> Result<(), StoreError>;

    /// What servers are to forget.
    async fn forgotten(&self) -> Result<Vec<Forgotten>, StoreError>;

    /// Announces no longer what was forgotten before `before`.
    async fn forget_announcements(&self, before: Timestamp) -> Result<(), StoreError>;
}

/// What was erased of some events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErasedEvents {
    /// The events.
    pub events: u64,
    /// Their texts.
    pub texts: u64,
}

/// What was erased of a number itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErasedNumber {
    /// Its row, with its limits and its verification.
    pub numbers: u64,
    /// Its test code.
    pub test_codes: u64,
}

/// An item of the outbox, for somebody who looks into all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedItem {
    /// Its place in the order.
    pub place: i64,
    /// Neon's id of the event.
    pub id: EventId,
    /// The request, sealed.
    pub sealed: Vec<u8>,
}

/// A number that servers are to forget.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Forgotten {
    /// Its keyed hash.
    pub recipient_hash: String,
    /// What came later is kept.
    pub until: Timestamp,
}
