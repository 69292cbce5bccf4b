//! Counts for all instances: gathered here, written once a second, read back with everybody else's.

use super::Texting;
use crate::domain::{Region, Timestamp};
use crate::guard::TallyKind;
use crate::store::{StoreError, Tally};
use sms_providers::{Price, ProviderName};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How often what was counted is written, and read.
const EVERY: Duration = Duration::from_secs(1);
/// A stop waits no longer for a store that does not answer.
const LAST_WRITE: Duration = Duration::from_secs(1);
/// What is older has no influence any more.
pub const WINDOW_HOURS: i64 = 14 * 24;

/// Beyond so many living codes, a text counts as ended when it is sent: some 10 MB.
const MOST_ALIVE: usize = 250_000;

/// What is counted, by country and provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// First texts of an event.
    First,
    /// First texts whose code has died.
    FirstEnded,
    /// First texts, alone for their code, that led to a verification.
    FirstVerified,
    /// All texts that led to a verification.
    Verified,
    /// Texts whose price is known.
    Priced,
    /// What they cost, in millionths of a currency.
    Price,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::First, Self::FirstEnded, Self::FirstVerified, Self::Verified, Self::Priced, Self::Price];

    fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::FirstEnded => "first_ended",
            Self::FirstVerified => "first_verified",
            Self::Verified => "verified",
            Self::Priced => "priced",
            Self::Price => "price",
        }
    }
}

/// What a tally of this room counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Purpose {
    /// What.
    pub kind: Kind,
    /// Whose.
    pub provider: ProviderName,
    /// In which currency, if it is about money.
    pub currency: Option<[u8; 3]>,
}

/// Reads kind and detail of a tally, `vonage` or `vonage EUR`; `None` for one of another room.
pub(super) fn purpose(tally: &Tally) -> Option<Purpose> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == tally.kind)?;
    let (name, currency) = match tally.detail.split_once(' ') {
        Some((name, currency)) => (name, Some(currency.as_bytes().try_into().ok()?)),
        None => (tally.detail.as_str(), None),
    };
    let provider = ProviderName::ALL.into_iter().find(|provider| provider.as_str() == name)?;
    Some(Purpose { kind, provider, currency })
}

/// What is not written yet.
#[derive(Default)]
pub(super) struct Book {
    state: Mutex<State>,
    counted: Notify,
}

#[derive(Default)]
struct State {
    counts: HashMap<Entry, i64>,
    /// First texts, by when their codes die.
    alive: BinaryHeap<Reverse<(Timestamp, Option<Region>, ProviderName)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Entry {
    hour: i64,
    region: Option<Region>,
    purpose: Purpose,
}

impl Entry {
    fn tally(&self, count: i64) -> Tally {
        let Purpose { kind, provider, currency } = self.purpose;
        let currency = currency.and_then(|letters| String::from_utf8(letters.to_vec()).ok());
        let currency = currency.map(|currency| format!(" {currency}")).unwrap_or_default();
        Tally {
            hour: self.hour,
            kind: kind.as_str().to_owned(),
            region: self.region.map(|region| region.to_string()).unwrap_or_default(),
            detail: format!("{provider}{currency}"),
            count,
        }
    }
}

impl Book {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one.
    pub fn count(&self, now: Timestamp, kind: Kind, region: Option<Region>, provider: ProviderName) {
        self.add(now, region, Purpose { kind, provider, currency: None }, 1);
    }

    /// Counts a text, and what it cost.
    pub fn price(&self, now: Timestamp, region: Option<Region>, provider: ProviderName, price: Price) {
        let currency = price.currency().as_bytes().try_into().ok();
        for (kind, count) in [(Kind::Priced, 1), (Kind::Price, price.micros())] {
            self.add(now, region, Purpose { kind, provider, currency }, count);
        }
    }

    /// Counts a first text now, and its end when its code is dead.
    pub fn first(&self, now: Timestamp, region: Option<Region>, provider: ProviderName, dies: Timestamp) {
        self.count(now, Kind::First, region, provider);
        let mut state = self.state();
        if state.alive.len() < MOST_ALIVE {
            state.alive.push(Reverse((dies, region, provider)));
            return;
        }
        drop(state);
        self.count(now, Kind::FirstEnded, region, provider);
    }

    fn add(&self, now: Timestamp, region: Option<Region>, purpose: Purpose, count: i64) {
        let entry = Entry { hour: Tally::hour_of(now), region, purpose };
        *self.state().counts.entry(entry).or_default() += count;
        self.counted.notify_one();
    }

    /// What is to be written now.
    fn take(&self, now: Timestamp) -> HashMap<Entry, i64> {
        let mut state = self.state();
        let State { counts, alive } = &mut *state;
        while let Some(Reverse((dies, region, provider))) = alive.peek().copied()
            && dies <= now
        {
            alive.pop();
            let purpose = Purpose { kind: Kind::FirstEnded, provider, currency: None };
            *counts.entry(Entry { hour: Tally::hour_of(now), region, purpose }).or_default() += 1;
        }
        std::mem::take(counts)
    }

    /// Something else has to be written.
    pub fn wake(&self) {
        self.counted.notify_one();
    }

    fn is_idle(&self) -> bool {
        let state = self.state();
        state.counts.is_empty() && state.alive.is_empty()
    }
}

impl Texting {
    /// Writes and reads tallies, for ever; rests while nothing is sent.
    pub async fn keep_tallies(self: Arc<Self>) {
        loop {
            if let Err(error) = self.exchange().await {
                self.ledger.failed(&error);
            }
            // What the others have learnt is wanted before the first text is sent.
            let is_ignorant = self.is_ignorant().await;
            while self.book.is_idle() && self.gate.is_idle() && !is_ignorant {
                self.book.counted.notified().await;
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// What was counted here since the last time.
    pub(super) fn take_counts(&self) -> Vec<Tally> {
        let counted = self.book.take(self.clock.now());
        let of_texts = counted.iter().map(|(entry, count)| entry.tally(*count));
        of_texts.chain(self.gate.take_counts()).collect()
    }

    /// Writes what was counted last, before the end.
    pub async fn write_the_rest(&self) {
        let written = tokio::time::timeout(LAST_WRITE, self.exchange()).await;
        if let Err(error) = written.unwrap_or_else(|_| Err(StoreError::timed_out())) {
            self.ledger.failed(&error);
        }
    }

    /// Forgets tallies and closings that have no influence any more.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forget_tallies(&self) -> Result<(), StoreError> {
        let (store, now) = (self.ledger.store(), self.clock.now());
        let hour = Tally::hour_of(now);
        store.forget_closings(now).await?;
        for kind in TallyKind::ALL {
            let hours = i64::try_from(kind.lifetime().as_secs() / 3600).unwrap_or(i64::MAX);
            store.forget_tallies(hour - hours.min(WINDOW_HOURS), Some(kind.as_str())).await?;
        }
        store.forget_tallies(hour - WINDOW_HOURS, None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_live_for_ever_take_no_more_memory_than_is_theirs_and_every_text_has_its_end() {
        let (book, now) = (Book::default(), Timestamp::from_millis(1_770_000_000_000));
        let never = Timestamp::from_millis(i64::MAX);
        for _ in 0..MOST_ALIVE + 10 {
            book.first(now, None, ProviderName::Twilio, never);
        }
        assert_eq!(book.state().alive.len(), MOST_ALIVE);
        let counted = |entries: &HashMap<Entry, i64>, kind| {
            entries
                .iter()
                .filter(|(entry, _)| entry.purpose.kind == kind)
                .map(|(_, count)| *count)
                .sum::<i64>()
        };
        let all = MOST_ALIVE as i64 + 10;
        let taken = book.take(now);
        assert_eq!((counted(&taken, Kind::First), counted(&taken, Kind::FirstEnded)), (all, 10));
        assert_eq!(counted(&book.take(never), Kind::FirstEnded), all - 10);
    }
}
