//! The user's app: what it was asked, and what waits for it.

use super::roll::Roll;
use super::{Metrics, seconds, whole};
use crate::domain::{AppAnswer, AppFailure};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use std::time::Duration;

/// Who waits for the answer of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Neon, and a user with it.
    Neon,
    /// Nobody: the event comes from the outbox.
    Nobody,
}

#[derive(Clone)]
pub(super) struct App {
    forwards: Family<ForwardLabels, Counter>,
    forward_time: Histogram,
    waiting: Gauge,
    dead: Gauge,
    oldest: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ForwardLabels {
    from: &'static str,
    result: &'static str,
}

impl Default for App {
    fn default() -> Self {
        Self {
            forwards: Family::default(),
            forward_time: seconds(),
            waiting: Gauge::default(),
            dead: Gauge::default(),
            oldest: Gauge::default(),
        }
    }
}

impl App {
    pub(super) fn register(&self, roll: &mut Roll) {
        roll.add("forwards", "Requests to the user's app, by result", self.forwards.clone());
        roll.seconds("forward", "Time of a request to the user's app", self.forward_time.clone());
        roll.add("outbox_waiting", "Events that wait for the user's app", self.waiting.clone());
        roll.add("outbox_dead", "Events that were given up and are kept", self.dead.clone());
        roll.seconds(
            "outbox_oldest_age",
            "Age of the oldest event that waits for the user's app",
            self.oldest.clone(),
        );
    }
}

impl Metrics {
    /// The user's app was called.
    pub fn forwarded(&self, waiting: Waiting, answer: &Result<AppAnswer, AppFailure>, elapsed: Duration) {
        let from = match waiting {
            Waiting::Neon => "neon",
            Waiting::Nobody => "outbox",
        };
        self.app.forwards.get_or_create(&ForwardLabels { from, result: forward_result(answer) }).inc();
        self.app.forward_time.observe(elapsed.as_secs_f64());
    }

    /// This many items are in the outbox, and the oldest that waits came so long ago.
    pub fn outbox(&self, waiting: u64, dead: u64, oldest: Duration) {
        self.app.oldest.set(whole(oldest.as_secs()));
        self.app.waiting.set(whole(waiting));
        self.app.dead.set(whole(dead));
    }
}

fn forward_result(answer: &Result<AppAnswer, AppFailure>) -> &'static str {
    match answer {
        Ok(AppAnswer { status: ..=299, .. }) => "2xx",
        Ok(AppAnswer { status: ..=499, .. }) => "4xx",
        Ok(AppAnswer { .. }) => "5xx",
        Err(AppFailure::Unreachable(_)) => "unreachable",
        Err(AppFailure::TimedOut) => "timed_out",
        Err(AppFailure::Redirects) => "redirects",
        Err(AppFailure::BrokeOff) => "broke_off",
    }
}
