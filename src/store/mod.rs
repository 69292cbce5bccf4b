//! What is remembered about an event, so that it is delivered once.
//!
//! A store keeps ids, states, replies and statuses; never a code, a text or a whole phone number.
//! Ownership of an event is a lease with a fencing token: whoever claims a lapsed lease gets a new
//! token, and the old owner's `renew`, `finish` and `release` change nothing from then on.
//!
//! Possible sends are counted ahead: a claim counts one, and the owner takes it back on release if
//! surely nothing was sent. An owner that dies therefore leaves a count that is too high by at most
//! one, never one that is too low.
//!
//! Events that go to the user's app in the background wait in the [`Outbox`], sealed: the store cannot read
//! what it keeps.

pub mod memory;
pub mod outbox;
pub mod postgres;
mod row;
pub mod sqlite;

pub use outbox::{Counts, Entry, EntryState, Item, NewItem, Next, Outbox, Selection, Taken, Whose};

use crate::domain::{DeliveryRef, EndpointId, EventId, HashKey, Recipient, Reply, Timestamp};
use sms_providers::{ProviderName, StatusUpdate};
use std::sync::Arc;
use std::time::Duration;

/// Remembers deliveries.
#[async_trait::async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Takes ownership of an event for `lease`, or says who has it. One atomic step.
    ///
    /// A new event, and one whose lease lapsed before `now`, is `Acquired`; the row keeps its
    /// [`DeliveryRef`] and its first claim's time across owners. A lease that ends more than [`LONGEST_LEASE`]
    /// after `now` counts as lapsed.
    async fn claim(
        &self,
        delivery: &NewDelivery,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Claim, StoreError>;

    /// Keeps ownership until `until` and records `lease.possible_sends`.
    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<Held, StoreError>;

    /// Records the outcome for ever, and in the same step puts what is `queued` into the outbox. A finished
    /// event never changes again; a reply that is not final is an error.
    async fn finish(&self, lease: Lease, outcome: &Outcome, now: Timestamp) -> Result<Held, StoreError>;

    /// Gives the event up without an outcome, so that the next attempt can claim it at once; records
    /// `lease.possible_sends`.
    async fn release(&self, lease: Lease) -> Result<(), StoreError>;

    /// Raises the delivery status of a message, by the order of `DeliveryStatus::may_become`.
    async fn record_status(
        &self,
        delivery: &DeliveryRef,
        update: &StatusUpdate,
    ) -> Result<StatusChange, StoreError>;

    /// Forgets, in small batches, what was first claimed before `before` and is not owned any more; returns how many.
    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// The key under which numbers are hashed: made at random once and kept in the store.
    async fn hash_key(&self) -> Result<HashKey, StoreError>;

    /// Succeeds if the store can be read and written.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Whether it may fall asleep while nobody uses it, so that asking it anything wakes it, at a price.
    fn sleeps(&self) -> bool {
        false
    }
}

/// No owner holds anything for longer without renewing it. A lease that ends later was written by somebody whose
/// clock was wrong, and would keep everybody out until that time has come. It is far longer than any lease, so that
/// the clocks of two machines may differ by most of it.
pub const LONGEST_LEASE: Duration = Duration::from_secs(60);

/// A whole store: what was delivered, and what waits to be.
pub trait Store: DeliveryStore + Outbox {}

impl<S: DeliveryStore + Outbox> Store for S {}

/// Opens the store of a `STORE_URL`: `memory:`, `sqlite://path` or `postgres://…`.
///
/// # Errors
/// If the URL is malformed, or a newer version of this program wrote the store. A store that cannot be
/// reached is no error here; its operations fail until it can.
pub fn open(url: &str, tls: rustls::ClientConfig) -> Result<Arc<dyn Store>, StoreError> {
    match url.split_once(':') {
        Some(("memory", "")) => Ok(Arc::new(memory::MemoryStore::default())),
        Some(("sqlite", path)) if path.len() > 2 && path.starts_with("//") => {
            Ok(Arc::new(sqlite::SqliteStore::open(path[2..].into())?))
        }
        Some(("postgres" | "postgresql", _)) => Ok(Arc::new(postgres::PostgresStore::open(url, tls)?)),
        _ => Err(StoreError::Unreachable("its URL is of no known kind".to_owned())),
    }
}

/// What is recorded when an event is claimed for the first time.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Neon's id of the event.
    pub id: EventId,
    /// Neon's name of the event, such as `send.otp`.
    pub event_type: String,
    /// The branch it comes from.
    pub endpoint: Option<EndpointId>,
    /// Whom a text would go to.
    pub recipient: Option<Recipient>,
}

/// The answer to a claim.
#[derive(Debug)]
pub enum Claim {
    /// The caller owns the event now.
    Acquired(Lease),
    /// Somebody else does.
    InFlight,
    /// The event was handled; this is the reply, always a final one.
    Finished(Reply),
}

/// Ownership of an event for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The event.
    pub id: EventId,
    /// The fencing token, higher with each owner.
    pub token: i64,
    /// What a callback URL carries.
    pub delivery_ref: DeliveryRef,
    /// When the event was first claimed, by whichever owner.
    pub first_claimed_at: Timestamp,
    /// How many texts may have been sent for this event, the one about to be sent included.
    pub possible_sends: u8,
}

/// Whether the caller still owns the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It does.
    Yes,
    /// Another owner has taken it, or it is finished; nothing was changed.
    Lost,
}

/// How an event ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The reply that every later attempt gets; a final one.
    pub reply: Reply,
    /// Every request that was made: provider, failure kind or `accepted`, and milliseconds.
    pub attempts: Vec<AttemptRecord>,
    /// What is still to be brought to the app.
    pub queued: Option<NewItem>,
}

/// One request to a provider, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AttemptRecord {
    /// The provider's name.
    pub provider: String,
    /// `accepted`, or the kind of the failure.
    pub verdict: String,
    /// The vendor's error code.
    pub code: Option<String>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// What a status report changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusChange {
    /// The status rose; the provider that took the message, if it is known by now.
    Raised(Option<ProviderName>),
    /// It was lower than, or equal to, what is known.
    Unchanged,
    /// No delivery has this reference.
    NotFound,
}

/// The store failed. Holds no row content.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or does not answer.
    #[error("the store cannot be reached: {0}")]
    Unreachable(String),
    /// It answers, and refuses.
    #[error("the store failed: {0}")]
    Failed(String),
    /// It was written by a newer version of this program.
    #[error("the store has schema version {found}, and this program knows versions up to {known}")]
    NewerSchema {
        /// What the store says.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// The reply is not final, and only final ones are stored.
    #[error("a reply that is not final cannot be stored")]
    NotFinal,
    /// It holds something that no version of this program writes.
    #[error("the store holds a row that cannot be read")]
    Corrupt,
}

impl StoreError {
    /// It did not answer in time.
    pub fn timed_out() -> Self {
        Self::Unreachable("it does not answer in time".to_owned())
    }
}
