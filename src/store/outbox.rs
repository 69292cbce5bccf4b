//! What waits to be brought to the user's app: at least once, and one after the other for each user.
//!
//! An item is put in together with its event's reply ([`DeliveryStore::finish`](super::DeliveryStore::finish)),
//! so it is there whenever Neon was told that the event is taken care of. Whoever works on an item leases it; an
//! owner that dies lets the lease lapse. Only the oldest living item of a lane has its turn.

use super::{LONGEST_LEASE, StoreError};
use crate::domain::app::{LONGEST_PAUSE, SHORTEST_PAUSE};
use crate::domain::{EndpointId, EventId, Timestamp};
use std::time::Duration;

/// Keeps items until the app has taken them, or until they are given up.
#[async_trait::async_trait]
pub trait Outbox: Send + Sync {
    /// Leases up to `limit` items of `whose` that are due, the longest due first, and counts the attempt that is
    /// about to be made. All others stay as they are.
    ///
    /// A lease, and a time to be due, that lie further ahead than they ever can were written under a clock that
    /// was wrong: both count as over ([`LONGEST_LEASE`]).
    async fn take_due(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
        whose: Whose<'_>,
    ) -> Result<Taken, StoreError>;

    /// Forgets an item that the app has taken, whoever holds its lease by now; the next of its lane has its turn.
    async fn delivered(&self, id: &EventId, now: Timestamp) -> Result<(), StoreError>;

    /// Records why the app has not taken an item, in our own words, and what comes next; changes nothing if
    /// somebody else has taken the item since.
    async fn failed(&self, item: &Item, failure: &str, next: Next) -> Result<(), StoreError>;

    /// Gives a turn to whoever is the oldest of its lane and has none, and to whoever waits for a time that lies
    /// further ahead than it ever can; returns how many there were.
    ///
    /// Others' changes may go unnoticed where items come and go in the same moment.
    async fn give_turns(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// The oldest `limit` items.
    async fn list(&self, selection: &Selection, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// The sealed request of an item; `None` if it is gone.
    async fn sealed(&self, id: &EventId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Lets items be tried at once when it is their turn, dead ones too, which start to count anew; gives all of
    /// them until `give_up_at` and returns how many there were.
    async fn retry(
        &self,
        selection: &Selection,
        now: Timestamp,
        give_up_at: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Forgets items; returns how many there were.
    async fn discard(&self, selection: &Selection, now: Timestamp) -> Result<u64, StoreError>;

    /// Forgets what died before `before`; returns how many there were.
    async fn purge_dead(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// How many items there are.
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// When the oldest item came that was not given up.
    async fn oldest(&self) -> Result<Option<Timestamp>, StoreError>;
}

/// Whose items are worked on. A store may be shared, or be a copy of somebody else's, and what is theirs is not
/// ours to bring or to give up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Whose<'a> {
    /// The endpoints that are served; `None` is any. An item of no endpoint is anybody's.
    pub only: Option<&'a [EndpointId]>,
    /// The endpoints that have enough to do for now; `None` in it stands for items of no endpoint.
    pub except: &'a [Option<EndpointId>],
}

impl Whose<'_> {
    /// Whether an item of this endpoint is meant.
    pub fn includes(&self, endpoint: Option<&EndpointId>) -> bool {
        let served = endpoint.is_none_or(|id| self.only.is_none_or(|only| only.contains(id)));
        served && !self.except.iter().any(|except| except.as_ref() == endpoint)
    }
}

/// How much later than `now` an item that was tried so often can be due at the most, in milliseconds; beside it,
/// the clocks of two machines may differ.
pub(super) fn latest_due(now: Timestamp, attempts: u32) -> Timestamp {
    let pause = SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts)).min(LONGEST_PAUSE);
    now.plus(pause).plus(LONGEST_LEASE)
}

/// An event on its way into the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// Neon's name of the event.
    pub event_type: String,
    /// The branch it comes from, which decides where it goes.
    pub endpoint: Option<EndpointId>,
    /// Items of one lane are given out one after the other.
    pub lane: String,
    /// The request, sealed.
    pub sealed: Vec<u8>,
    /// When it came.
    pub queued_at: Timestamp,
    /// When it is worth no further attempt.
    pub give_up_at: Timestamp,
}

/// An item to be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Neon's id of the event.
    pub id: EventId,
    /// The branch it comes from.
    pub endpoint: Option<EndpointId>,
    /// The request, sealed.
    pub sealed: Vec<u8>,
    /// Which attempt this is, from 1; tells one owner from the next.
    pub attempt: u32,
    /// When it is worth no further attempt.
    pub give_up_at: Timestamp,
}

/// What there is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Items that are leased to the caller.
    pub items: Vec<Item>,
    /// When the next one may be due: at its time, or when a lease lapses, the ones above included.
    pub next_due: Option<Timestamp>,
}

/// What becomes of an item that the app has not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is tried again.
    At(Timestamp),
    /// It is given up now, and kept for the operator to look at.
    Dead(Timestamp),
}

/// An item as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Neon's id of the event.
    pub id: EventId,
    /// Neon's name of the event.
    pub event_type: String,
    /// The branch it comes from.
    pub endpoint: Option<EndpointId>,
    /// Whether it lives.
    pub state: EntryState,
    /// How many attempts were made, or are being made.
    pub attempts: u32,
    /// When it came.
    pub queued_at: Timestamp,
    /// Why the last attempt failed, in our own words.
    pub failure: Option<String>,
}

/// Whether an item lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryState {
    /// It is tried next at this time at the earliest.
    Waiting(Timestamp),
    /// An older one of its lane has its turn.
    Behind,
    /// It was given up at this time.
    Dead(Timestamp),
}

impl EntryState {
    /// From the columns of a row.
    pub(super) fn of(due_at: Option<i64>, dead_at: Option<i64>) -> Self {
        match (dead_at, due_at) {
            (Some(at), _) => Self::Dead(Timestamp::from_millis(at)),
            (None, Some(at)) => Self::Waiting(Timestamp::from_millis(at)),
            (None, None) => Self::Behind,
        }
    }
}

/// Which items an operator means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The one of this event.
    One(EventId),
    /// All that were given up.
    Dead,
    /// All.
    All,
}

impl Selection {
    /// The same for a statement: the event, if it is a single one, and whether only dead items are meant.
    pub(super) fn condition(&self) -> (Option<&str>, bool) {
        match self {
            Self::One(id) => (Some(id.as_str()), false),
            Self::Dead => (None, true),
            Self::All => (None, false),
        }
    }
}

/// How many items there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items that are still tried.
    pub waiting: u64,
    /// Items that were given up.
    pub dead: u64,
}
