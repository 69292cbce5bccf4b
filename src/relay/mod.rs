//! What the product does: one event in, one reply out, at most one text.
//!
//! Knows neither HTTP nor how Neon signs. Work runs on tracked tasks, never in the caller: a client that
//! hangs up does not stop a text that is on its way.

mod ask;
mod flight;
mod forward;
mod otp;
mod outage;
mod outbox;
mod ownership;
mod process;
mod settle;

pub use flight::Flights;
pub use forward::{ATTEMPT, Forwarder};
pub use outage::{OnceAMinute, Outage};

use crate::domain::{
    Clock, DeliveryRef, Event, HashKey, MessageTemplate, Reply, Routing, Timestamp, TryAgainReason, unhandled,
};
use crate::neon::VerifiedDelivery;
use crate::store::memory::MemoryStore;
use crate::store::{StatusChange, Store, StoreError};
use crate::tasks::Tasks;
use crate::telemetry::metrics::Metrics;
use sms_providers::{FailoverChain, FailureKind, StatusUpdate};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OnceCell};
use tokio::time::Instant;
use url::Url;

/// All that one event gets, from its first attempt: Neon gives up after 15 s.
const EVENT_TIME: Duration = Duration::from_secs(12);
/// How often something that is another's to change is looked at, at first and at the slowest.
const POLL: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(250));
/// A store that takes longer is as good as down: the user waits.
const STORE_TIMEOUT: Duration = Duration::from_secs(3);
/// No text waits longer for a store that is slow to say under which key its number is hashed.
const KEY_TIMEOUT: Duration = Duration::from_millis(250);

/// The relay and its ports.
pub struct Relay {
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// What is remembered while the store is down, in this process.
    pub fallback: Arc<MemoryStore>,
    /// What is said about a store that is down.
    pub outage: Arc<Outage>,
    /// What to do when the store is down.
    pub on_store_failure: StoreFailure,
    /// Who sends.
    pub chain: FailoverChain,
    /// What is sent.
    pub template: MessageTemplate,
    /// What happens to events that are not for SMS.
    pub routing: Routing,
    /// Calls the user's app.
    pub forwarder: Forwarder,
    /// Told of every change after which an item of the outbox may be due.
    pub outbox_wake: Notify,
    /// What is said about an app that is down.
    pub app_failures: OnceAMinute,
    /// The names of events that came and that nobody handles.
    pub unhandled: Mutex<BTreeSet<String>>,
    /// The public URL of `/callbacks`, if providers can reach it.
    pub callbacks: Option<Url>,
    /// How long after a request's arrival it has to be answered.
    pub answer_within: Duration,
    /// How many requests that may produce a text are written for one event.
    pub max_sends: u8,
    /// The key under which numbers are stored and logged, and all else that is kept is sealed; empty until the store has been asked for it.
    pub hash_key: OnceCell<HashKey>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Runs what outlives a request.
    pub tasks: Tasks,
    /// What is running.
    pub flights: Flights,
    /// What is counted.
    pub metrics: Metrics,
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

impl Relay {
    /// Handles one delivery that arrived at `arrived`, or joins the flight of an earlier attempt.
    pub async fn handle(self: &Arc<Self>, delivery: VerifiedDelivery, arrived: Instant) -> Answer {
        let event = delivery.event();
        let flight = || process::process(self.clone(), delivery.clone());
        let ticket = self.flights.join_or_start(&event.id, flight);
        let answer = match ticket {
            None => again(TryAgainReason::Overloaded),
            Some(mut ticket) => {
                let landed = ticket.wait_for(Option::is_some);
                match tokio::time::timeout_at(arrived + self.answer_within, landed).await {
                    Ok(Ok(answer)) => answer.clone().unwrap_or_else(|| again(TryAgainReason::Internal)),
                    Ok(Err(_panicked)) => again(TryAgainReason::Internal),
                    Err(_too_late) => again(TryAgainReason::InFlight),
                }
            }
        };
        self.metrics.answered(&event.kind, &answer.reply, arrived.elapsed());
        answer
    }

    /// Asks the store for the key until it has said it, so that no event need do so.
    pub async fn warm_up(&self) {
        while let Err(error) = self.hash_key.get_or_try_init(|| self.store.hash_key()).await {
            self.outage.failed(&error);
            tokio::time::sleep(POLL.1).await;
        }
    }

    async fn key(&self, within: Duration) -> Result<&HashKey, StoreError> {
        let key = self.hash_key.get_or_try_init(|| self.store.hash_key());
        tokio::time::timeout(within, key).await.unwrap_or_else(|_| Err(StoreError::timed_out()))
    }

    /// What is left of an event's time. An attempt that comes after it is up is one that somebody still waits
    /// for.
    fn time_left(&self, first_claimed_at: Timestamp) -> Duration {
        EVENT_TIME.saturating_sub(self.clock.now().since(first_claimed_at)).max(self.answer_within)
    }

    fn saw_unhandled(&self, event: &Event) {
        self.unhandled.lock().unwrap_or_else(PoisonError::into_inner).insert(event.name.clone());
    }

    /// What the operator has to know about events that nobody handles: of those that came, and of those to
    /// which the branch subscribes; a name and a sentence each.
    pub fn warnings(&self, subscribed: &[String]) -> Vec<(String, &'static str)> {
        let mut names = self.unhandled.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if self.routing.targets.is_empty() {
            names.extend(subscribed.iter().cloned());
        }
        let allow_sign_up = self.routing.allow_sign_up;
        names
            .into_iter()
            .filter_map(|name| unhandled(&name, allow_sign_up).map(|told| (name, told)))
            .collect()
    }

    /// Records a verified status report; a report for a delivery that nobody knows is dropped.
    pub async fn record_status(
        &self,
        delivery: &DeliveryRef,
        update: &StatusUpdate,
    ) -> Result<StatusChange, StoreError> {
        let change =
            self.store.record_status(delivery, update).await.inspect_err(|e| self.outage.failed(e))?;
        if let StatusChange::Raised(provider) = change {
            let provider = provider.map(sms_providers::ProviderName::as_str);
            let code = update.code.as_ref().map(ToString::to_string);
            self.metrics.reported(provider, update.status);
            match update.hint {
                Some(hint) => {
                    tracing::error!(delivery.reference = %delivery, provider, status = %update.status, kind = update.kind.map(FailureKind::as_str), vendor.code = code, hint, "the provider reported a failure")
                }
                None => {
                    tracing::info!(delivery.reference = %delivery, provider, status = %update.status, kind = update.kind.map(FailureKind::as_str), vendor.code = code, "the provider reported a status")
                }
            }
        }
        Ok(change)
    }
}

fn again(reason: TryAgainReason) -> Answer {
    Answer { reply: Reply::TryAgain(reason), replayed: false }
}
