//! The log of webhook calls that Neon does not offer.

use super::deliver::{Attempt, Outcome};
use super::event::{Event, EventType};
use crate::dev::feed::Feed;
use crate::dev::ring::Ring;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

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
    pub fn of(event_type: EventType, outcome: &Outcome) -> Self {
        #[derive(Deserialize)]
        struct SignUp {
            allowed: bool,
        }
        match outcome {
            Outcome::Answered { answer, .. } if outcome.is_success() => match event_type {
                EventType::BeforeCreate => match serde_json::from_str(answer) {
                    Ok(SignUp { allowed: true }) => Self::Delivered,
                    Ok(SignUp { allowed: false }) => Self::SignUpRefused,
                    Err(_) => Self::Failed,
                },
                EventType::SendOtp
                | EventType::SendMagicLink
                | EventType::UserCreated
                | EventType::PhoneVerified
                | EventType::InvitationCreated
                | EventType::InvitationAccepted => Self::Delivered,
            },
            Outcome::Answered { .. } | Outcome::TimedOut | Outcome::Unreachable => Self::Failed,
        }
    }
}

/// An event and the calls that were made for it.
#[derive(Clone, Serialize)]
pub(super) struct Delivery {
    pub event_id: String,
    pub event_type: &'static str,
    pub blocking: bool,
    pub at: String,
    /// The request's body, byte for byte.
    pub request: String,
    pub attempts: Vec<Attempt>,
    pub verdict: Verdict,
}

/// The newest events. Every change is told to the open pages.
pub(super) struct DeliveryLog {
    deliveries: Mutex<Ring<Delivery>>,
    feed: Feed,
}

impl DeliveryLog {
    pub fn new(feed: Feed) -> Self {
        Self { deliveries: Mutex::new(Ring::new(CAPACITY)), feed }
    }

    /// Every event, newest first.
    pub fn newest_first(&self) -> Vec<Delivery> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }

    pub fn begin(&self, event: &Event) {
        let delivery = Delivery {
            event_id: event.id.clone(),
            event_type: event.event_type.as_str(),
            blocking: event.event_type.is_blocking(),
            at: event.at.to_rfc3339(),
            request: event.body.clone(),
            attempts: Vec::new(),
            verdict: Verdict::Pending,
        };
        let mut deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        self.feed.tell("event", &delivery);
        deliveries.push(delivery);
    }

    pub fn attempted(&self, event: &Event, attempt: Attempt) {
        self.change(event, |delivery| delivery.attempts.push(attempt));
    }

    pub fn finish(&self, event: &Event, verdict: Verdict) {
        self.change(event, |delivery| delivery.verdict = verdict);
    }

    fn change(&self, event: &Event, change: impl FnOnce(&mut Delivery)) {
        let mut deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(delivery) = deliveries.find(|delivery| delivery.event_id == event.id) {
            change(delivery);
            self.feed.tell("event", delivery);
        }
    }
}
