//! What is remembered about an event, so that it is delivered once.
//!
//! A store keeps ids, states, replies and statuses; never a text or a whole phone number, and no code but those of
//! test numbers, sealed ([`TestCodes`]).
//! Ownership of an event is a lease with a fencing token: whoever claims a lapsed lease gets a new
//! token, and the old owner's `renew`, `finish` and `release` change nothing from then on.
//!
//! Possible sends are counted ahead: a claim counts one, and the owner takes it back on release if
//! surely nothing was sent. An owner that dies therefore leaves a count that is too high by at most
//! one, never one that is too low.
//!
//! Requests to providers are numbered ahead in the same way, so that no two texts of a delivery share a reference.
//!
//! What becomes of a text afterwards is in the [`TextLog`]. Events that go to the user's app in the background wait
//! in the [`Outbox`], sealed: the store cannot read what it keeps.

pub mod address;
pub mod browse;
pub mod closings;
pub mod erasure;
pub mod log;
pub mod memory;
pub mod outbox;
pub mod postgres;
mod resend;
mod row;
pub mod sqlite;
pub mod tallies;
pub mod test_codes;
pub mod texts;

pub use address::{AddressFault, StoreAddress};
pub use browse::{Browse, browse};
pub use closings::{Closing, Closings};
pub use erasure::{ErasedEvents, ErasedNumber, Erasure, Forgotten, SealedItem};
pub use log::{DeliveryLog, look_into};
pub use outbox::{Counts, Entry, EntryState, Item, NewItem, Next, Outbox, Selection, Taken, Whose};
pub use tallies::{Batch, Tallies, Tally};
pub use test_codes::{KeptCode, TestCodes};
pub use texts::{Text, TextLog};

use crate::domain::{DeliveryRef, EndpointId, EventId, HashKey, Pace, Recipient, Region, Reply, Timestamp};
use sms_providers::ProviderName;
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
    ///
    /// With the first claim of an event its number's [`Pace`] is decided, once: a text that is allowed counts from
    /// then on.
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

    /// Gives the event up without an outcome, so that the next attempt can claim it at once; records the requests
    /// that were made and `lease.possible_sends`.
    async fn release(&self, lease: Lease, texts: &[Text]) -> Result<(), StoreError>;

    /// Forgets, in small batches, what was first claimed before `before` and is not owned any more, with its texts;
    /// returns how many events that were. A number is remembered while its limits or its verification count.
    async fn purge(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError>;

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

/// How many requests to providers one owner of an event may number.
pub const NUMBERS: u8 = 8;

/// How long a verification of a number counts, from the last one.
pub const VERIFIED_FOR: Duration = Duration::from_secs(90 * 24 * 3600);

/// A whole store: what was delivered, what became of it, and what waits to be.
pub trait Store: DeliveryStore + TextLog + Tallies + Closings + TestCodes + Erasure + Outbox {}

impl<S: DeliveryStore + TextLog + Tallies + Closings + TestCodes + Erasure + Outbox> Store for S {}

/// Opens the store of a `STORE_URL`: `memory:`, `sqlite://path` or `postgres://…`.
///
/// # Errors
/// If the URL cannot be understood, a file cannot be used, or a newer version of this program wrote the store. A
/// database that cannot be reached is no error here; operations fail until it can.
pub fn open(url: &str, tls: rustls::ClientConfig) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match StoreAddress::parse(url)? {
        StoreAddress::Memory => Arc::new(memory::MemoryStore::default()),
        StoreAddress::Sqlite { path, .. } => Arc::new(sqlite::SqliteStore::open(path)?),
        StoreAddress::Postgres(address) => Arc::new(postgres::PostgresStore::open(*address, tls)?),
    })
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
    /// Where that number is from.
    pub region: Option<Region>,
    /// Whether it belongs to a user.
    pub linked: bool,
    /// When the code dies.
    pub expires_at: Option<Timestamp>,
    /// How often the number may be texted.
    pub pace: Arc<Pace>,
    /// Why it is refused in any case, unless it was verified within [`VERIFIED_FOR`].
    pub unless_verified: Option<String>,
    /// That it is refused even if it was verified.
    pub even_if_verified: bool,
}

impl NewDelivery {
    /// An event of which nothing else is known.
    pub fn new(id: EventId, event_type: impl Into<String>) -> Self {
        Self {
            id,
            event_type: event_type.into(),
            endpoint: None,
            recipient: None,
            region: None,
            linked: false,
            expires_at: None,
            pace: Arc::new(Pace::NONE),
            unless_verified: None,
            even_if_verified: false,
        }
    }

    /// Why the number gets no text, if it was verified and texted at these times, and whether this one counts.
    fn judge(
        &self,
        verified_at: Option<Timestamp>,
        recent: &[Timestamp],
        now: Timestamp,
    ) -> (Option<String>, bool) {
        let verified_lately = verified_at.is_some_and(|at| now.since(at) < VERIFIED_FOR);
        match &self.unless_verified {
            Some(reason) if self.even_if_verified || !verified_lately => (Some(reason.clone()), false),
            _ => match self.pace.forbids(recent, now) {
                Some(part) => (Some(part.as_str().to_owned()), !self.pace.enforced),
                None => (None, true),
            },
        }
    }
}

/// The answer to a claim.
#[derive(Debug)]
pub enum Claim {
    /// The caller owns the event now.
    Acquired(Lease),
    /// Somebody else does, or did when this was asked: whoever asks again learns how it ended.
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
    /// The number of the next request to a provider, from 1.
    pub next_number: u8,
    /// What is known of the number.
    pub history: History,
}

impl Lease {
    /// How many numbers of requests are given away, once these were made.
    fn numbered(&self, made: &[Text]) -> u8 {
        let made = u8::try_from(made.len()).unwrap_or(u8::MAX);
        self.next_number.saturating_sub(1).saturating_add(made)
    }
}

/// What is known of a number from before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// When it was verified last.
    pub verified_at: Option<Timestamp>,
    /// Who took the last text to it, if that did not lead to a verification.
    pub previous: Option<ProviderName>,
    /// Why it gets no text now, by what the claim was told: the part of its [`Pace`], or `unless_verified`.
    pub refused_by: Option<String>,
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
    /// Every request that was made.
    pub texts: Vec<Text>,
    /// What the guard said, as JSON.
    pub decision: Option<String>,
    /// What is still to be brought to the app.
    pub queued: Option<NewItem>,
}

impl Outcome {
    /// This reply and nothing else.
    pub fn of(reply: Reply) -> Self {
        Self { reply, texts: Vec::new(), decision: None, queued: None }
    }
}

/// The store failed. Holds no row content.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or does not answer.
    #[error("the store cannot be reached: {0}")]
    Unreachable(String),
    /// It can never be used as it is asked for.
    #[error("STORE_URL {0}")]
    Unusable(#[from] AddressFault),
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
