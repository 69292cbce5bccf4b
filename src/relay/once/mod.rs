//! Exactly once: one flight per event in this process, one lease per event among all, one reply for ever.
//!
//! Knows neither what is done about an event nor who does it: the work comes in as a future, and what it
//! decides goes out as an [`Outcome`](crate::store::Outcome).

mod flight;
mod health;
mod ledger;
mod outage;
mod ownership;
mod process;
mod settle;
mod unfinished;

pub use ledger::{Ledger, in_time};
pub use outage::Outage;
pub use ownership::Ownership;

use crate::domain::{Clock, Event, Reply, Timestamp, TryAgainReason};
use crate::store::memory::MemoryStore;
use crate::store::{DeliveryStore, StoreError};
use crate::tasks::Tasks;
use crate::telemetry::metrics::Metrics;
use flight::Flights;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use unfinished::Unfinished;

/// All that one event gets, from its first attempt: Neon gives up after 15 s.
const EVENT_TIME: Duration = Duration::from_secs(12);
/// How often something that is another's to change is looked at, at first and at the slowest.
pub(super) const POLL: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(250));
/// A store that takes longer is as good as down: the user waits.
pub(super) const STORE_TIMEOUT: Duration = Duration::from_secs(3);

/// How events are kept apart, and what happens while the store is down.
#[derive(Debug, Clone, Copy)]
pub struct OnceSettings {
    /// How long after a request's arrival it has to be answered.
    pub answer_within: Duration,
    /// How many deliveries run at once.
    pub max_in_flight: usize,
    /// What to do when the store is down.
    pub on_store_failure: StoreFailure,
}

/// What to do when the store is down (`STORE_FAILURE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFailure {
    /// Send all the same; only this process knows about duplicates.
    Send,
    /// Ask Neon to try again.
    Refuse,
}

/// What Neon is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The decision.
    pub reply: Reply,
    /// Whether it was made for an earlier attempt.
    pub replayed: bool,
}

impl Answer {
    fn again(reason: TryAgainReason) -> Self {
        Self { reply: Reply::TryAgain(reason), replayed: false }
    }

    fn replay(reply: Reply) -> Self {
        Self { reply, replayed: true }
    }
}

/// Sees to it that each event is worked on once and answered always.
pub struct Once {
    settings: OnceSettings,
    ledger: Arc<Ledger>,
    /// What is remembered while the store is down, in this process.
    fallback: Arc<MemoryStore>,
    flights: Flights,
    unfinished: Unfinished,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

impl Once {
    /// Nothing is running yet.
    pub fn new(
        settings: OnceSettings,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        tasks: Tasks,
        metrics: Metrics,
    ) -> Self {
        let flights = Flights::new(settings.max_in_flight, tasks.clone(), metrics.clone());
        let unfinished = Unfinished::new(settings.max_in_flight, ledger.clone(), clock.clone(), tasks);
        Self { settings, ledger, fallback: Arc::default(), flights, unfinished, clock, metrics }
    }

    /// Starts `work` for an event that arrived at `arrived`, or joins the flight of an earlier attempt, and
    /// answers in time, whatever becomes of it.
    pub async fn answer<F>(&self, event: &Event, arrived: Instant, work: impl FnOnce() -> F) -> Answer
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let answer = match self.flights.join_or_start(&event.id, work) {
            None => Answer::again(TryAgainReason::Overloaded),
            Some(mut ticket) => {
                let landed = ticket.wait_for(Option::is_some);
                match tokio::time::timeout_at(arrived + self.settings.answer_within, landed).await {
                    Ok(Ok(answer)) => {
                        answer.clone().unwrap_or_else(|| Answer::again(TryAgainReason::Internal))
                    }
                    Ok(Err(_panicked)) => Answer::again(TryAgainReason::Internal),
                    Err(_too_late) => Answer::again(TryAgainReason::InFlight),
                }
            }
        };
        self.metrics.answered(&event.kind, &answer.reply, arrived.elapsed());
        answer
    }

    /// What is left of an event's time. An attempt that comes after it is up is one that somebody still waits
    /// for.
    pub fn time_left(&self, first_claimed_at: Timestamp) -> Duration {
        let left = EVENT_TIME.saturating_sub(self.clock.now().since(first_claimed_at));
        left.max(self.settings.answer_within)
    }

    /// Whether codes are sent while the store is down.
    pub fn does_without_store(&self) -> bool {
        self.settings.on_store_failure == StoreFailure::Send
    }

    /// Whether any number is known from a time when the store was down.
    pub fn knows_numbers(&self) -> bool {
        self.fallback.knows_numbers()
    }

    /// Forgets what came of the number of this hash until then, while the store was down.
    pub fn forget_number(&self, recipient_hash: &str, until: Timestamp) {
        self.fallback.erase_all_of(recipient_hash, until);
    }

    /// Forgets what was first claimed before `before`; returns how many events that were.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let now = self.clock.now();
        Ok(self.fallback.purge(before, now).await? + self.ledger.store().purge(before, now).await?)
    }
}
