//! The log of webhook calls that Neon does not offer.

use super::deliver::{Attempt, Outcome};
use super::event::{BEFORE_CREATE, Event, is_blocking};
use crate::dev::feed::Feed;
use crate::dev::ring::Ring;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use url::Url;

/// Events that are kept, each with at most three answers of 10 KB.
const CAPACITY: usize = 100;

/// What became of an event, for whoever waits for it at Neon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Attempts go on.
    Pending,
    /// The webhook took it.
    Delivered,
    /// The webhook took it and says that the user may not sign up.
    SignUpRefused,
    /// The webhook did not take it.
    Failed,
}

impl Verdict {
    /// Reads the last answer as Neon does: by its status, and a sign-up by its body too.
    pub fn of(event_type: &str, outcome: &Outcome) -> Self {
        #[derive(Deserialize)]
        struct SignUp {
            allowed: bool,
        }
        match outcome {
            Outcome::Answered { answer, .. } if outcome.is_success() => {
                if event_type != BEFORE_CREATE {
                    return Self::Delivered;
                }
                match serde_json::from_str(answer) {
                    Ok(SignUp { allowed: true }) => Self::Delivered,
                    Ok(SignUp { allowed: false }) => Self::SignUpRefused,
                    Err(_) => Self::Failed,
                }
            }
            Outcome::Answered { .. } | Outcome::TimedOut | Outcome::Unreachable => Self::Failed,
        }
    }
}

/// An event and the calls that were made for it.
#[derive(Clone, Serialize)]
pub(in crate::dev) struct Delivery {
    /// Tells it from another one of the same event.
    number: u64,
    event_id: String,
    event_type: String,
    url: String,
    blocking: bool,
    at: String,
    /// The request's body, byte for byte.
    request: String,
    attempts: Vec<Attempt>,
    verdict: Verdict,
}

/// The newest events. Every change is told to the open pages.
pub(super) struct DeliveryLog {
    kept: Mutex<Kept>,
    feed: Feed,
}

struct Kept {
    count: u64,
    deliveries: Ring<Delivery>,
}

impl DeliveryLog {
    pub fn new(feed: Feed) -> Self {
        Self { kept: Mutex::new(Kept { count: 0, deliveries: Ring::new(CAPACITY) }), feed }
    }

    /// Every event, newest first.
    pub fn newest_first(&self) -> Vec<Delivery> {
        self.kept().deliveries.iter().rev().cloned().collect()
    }

    /// Forgets every event.
    pub fn forget(&self) {
        let mut kept = self.kept();
        kept.deliveries = Ring::new(CAPACITY);
        self.feed.tell("forgotten", &"events");
    }

    /// Notes that an event is on its way; the number is for what follows.
    pub fn begin(&self, event: &Event, url: &Url) -> u64 {
        let mut kept = self.kept();
        kept.count += 1;
        let delivery = Delivery {
            number: kept.count,
            event_id: event.id.clone(),
            event_type: event.event_type.clone(),
            url: url.to_string(),
            blocking: is_blocking(&event.event_type),
            at: event.at.to_rfc3339(),
            request: event.body.clone(),
            attempts: Vec::new(),
            verdict: Verdict::Pending,
        };
        self.feed.tell("event", &delivery);
        kept.deliveries.push(delivery);
        kept.count
    }

    pub fn attempted(&self, number: u64, attempt: Attempt) {
        self.change(number, |delivery| delivery.attempts.push(attempt));
    }

    pub fn finish(&self, number: u64, verdict: Verdict) {
        self.change(number, |delivery| delivery.verdict = verdict);
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Delivery)) {
        if let Some(delivery) = self.kept().deliveries.find(|delivery| delivery.number == number) {
            change(delivery);
            self.feed.tell("event", delivery);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
