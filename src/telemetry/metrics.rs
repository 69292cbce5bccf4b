//! Numbers for Prometheus: one typed method per fact, labels from enums only.

use crate::domain::{AppAnswer, AppFailure, NeonEvent, Reply};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use sms_providers::{Attempt, DeliveryStatus, ProviderName};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// All metrics of the process. Cheap to clone; clones share their numbers.
#[derive(Clone)]
pub struct Metrics {
    deliveries: Family<DeliveryLabels, Counter>,
    refused: Family<ReasonLabels, Counter>,
    attempts: Family<AttemptLabels, Counter>,
    attempt_time: Family<ProviderLabels, Histogram, fn() -> Histogram>,
    reports: Family<ReportLabels, Counter>,
    delivery_time: Histogram,
    in_flight: Gauge,
    store_failures: Counter,
    forwards: Family<ForwardLabels, Counter>,
    forward_time: Histogram,
    outbox_waiting: Gauge,
    outbox_dead: Gauge,
    log_lines_dropped: Counter,
    task_restarts: Family<TaskLabels, Counter>,
    keys_believed_since: Arc<Mutex<Option<Instant>>>,
}

/// Who waits for the answer of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Neon, and a user with it.
    Neon,
    /// Nobody: the event comes from the outbox.
    Nobody,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    event: &'static str,
    reply: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    provider: &'static str,
    verdict: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReportLabels {
    provider: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ForwardLabels {
    from: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabels {
    task: &'static str,
}

/// Up to Neon's 15 s, finest where a user starts to notice.
const SECONDS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 6.0, 10.0, 15.0];

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            deliveries: Family::default(),
            refused: Family::default(),
            attempts: Family::default(),
            attempt_time: Family::new_with_constructor(seconds),
            reports: Family::default(),
            delivery_time: seconds(),
            in_flight: Gauge::default(),
            store_failures: Counter::default(),
            forwards: Family::default(),
            forward_time: seconds(),
            outbox_waiting: Gauge::default(),
            outbox_dead: Gauge::default(),
            log_lines_dropped: Counter::default(),
            task_restarts: Family::default(),
            keys_believed_since: Arc::default(),
        }
    }
}

impl Metrics {
    /// An event was answered; `elapsed` runs from its arrival.
    pub fn answered(&self, event: &NeonEvent, reply: &Reply, elapsed: Duration) {
        let labels = DeliveryLabels { event: event.label(), reply: reply_label(reply) };
        self.deliveries.get_or_create(&labels).inc();
        self.delivery_time.observe(elapsed.as_secs_f64());
    }

    /// A request was refused before it became an event.
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// A provider was asked.
    pub fn attempted(&self, attempt: &Attempt) {
        let provider = ProviderName::as_str(attempt.provider);
        let verdict = attempt.verdict();
        self.attempts.get_or_create(&AttemptLabels { provider, verdict }).inc();
        self.attempt_time.get_or_create(&ProviderLabels { provider }).observe(attempt.elapsed.as_secs_f64());
    }

    /// A provider reported what became of a text, and it was news.
    pub fn reported(&self, provider: Option<&'static str>, status: DeliveryStatus) {
        let labels = ReportLabels { provider: provider.unwrap_or("unknown"), status: status.as_str() };
        self.reports.get_or_create(&labels).inc();
    }

    /// This many deliveries are running.
    pub fn in_flight(&self, count: usize) {
        self.in_flight.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// The store did not do what it was asked to.
    pub fn store_failed(&self) {
        self.store_failures.inc();
    }

    /// The user's app was called.
    pub fn forwarded(&self, waiting: Waiting, answer: &Result<AppAnswer, AppFailure>, elapsed: Duration) {
        let from = match waiting {
            Waiting::Neon => "neon",
            Waiting::Nobody => "outbox",
        };
        self.forwards.get_or_create(&ForwardLabels { from, result: forward_result(answer) }).inc();
        self.forward_time.observe(elapsed.as_secs_f64());
    }

    /// This many items are in the outbox.
    pub fn outbox(&self, waiting: u64, dead: u64) {
        self.outbox_waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.outbox_dead.set(i64::try_from(dead).unwrap_or(i64::MAX));
    }

    /// A task that runs for ever has panicked, and is started again.
    pub fn task_panicked(&self, task: &'static str) {
        self.task_restarts.get_or_create(&TaskLabels { task }).inc();
    }

    /// Of the key sets that are believed, the oldest was fetched then.
    pub fn keys_believed_since(&self, fetched_at: Instant) {
        *self.keys_believed_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(fetched_at);
    }

    /// What counts lines that were logged and not written.
    pub(super) fn log_lines_dropped(&self) -> Counter {
        self.log_lines_dropped.clone()
    }

    /// The text format of OpenMetrics 1.0.
    pub fn render(&self) -> String {
        let mut registry = Registry::with_prefix("neon_sms_relay");
        registry.register("deliveries", "Events answered, by event and reply", self.deliveries.clone());
        registry.register(
            "requests_refused",
            "Requests that were not a delivery, by reason",
            self.refused.clone(),
        );
        registry.register("send_attempts", "Requests to providers, by verdict", self.attempts.clone());
        registry.register_with_unit(
            "send_attempt",
            "Time of a request to a provider",
            Unit::Seconds,
            self.attempt_time.clone(),
        );
        registry.register("reports", "Status reports of providers, by status", self.reports.clone());
        registry.register_with_unit(
            "delivery",
            "Time from an event's arrival to its answer",
            Unit::Seconds,
            self.delivery_time.clone(),
        );
        registry.register("deliveries_in_flight", "Deliveries running now", self.in_flight.clone());
        registry.register("store_failures", "Operations that the store failed", self.store_failures.clone());
        registry.register("forwards", "Requests to the user's app, by result", self.forwards.clone());
        registry.register_with_unit(
            "forward",
            "Time of a request to the user's app",
            Unit::Seconds,
            self.forward_time.clone(),
        );
        registry.register(
            "outbox_waiting",
            "Events that wait for the user's app",
            self.outbox_waiting.clone(),
        );
        registry.register("outbox_dead", "Events that were given up and are kept", self.outbox_dead.clone());
        registry.register(
            "log_lines_dropped",
            "Log lines that were not read in time, or could not be written",
            self.log_lines_dropped.clone(),
        );
        registry.register(
            "task_restarts",
            "Panics of tasks that run for ever, after which they were started again",
            self.task_restarts.clone(),
        );
        let believed_since = *self.keys_believed_since.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetched_at) = believed_since {
            // Its value is that of now, so it is made anew each time; and without keys there is none.
            let age = Gauge::<f64, AtomicU64>::default();
            age.set(fetched_at.elapsed().as_secs_f64());
            registry.register_with_unit(
                "jwks_age",
                "Age of the oldest key set that is believed",
                Unit::Seconds,
                age,
            );
        }
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = text::encode(&mut text, &registry);
        text
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

fn reply_label(reply: &Reply) -> &'static str {
    match reply {
        Reply::Done(_) => "accepted",
        Reply::App { .. } => "app",
        Reply::Refused(reason) => reason.as_str(),
        Reply::TryAgain(reason) => reason.as_str(),
    }
}
