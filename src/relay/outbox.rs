//! Brings to the user's app what nobody waits for: at least once, in order for each user, over a day.
//!
//! The item is sealed before it is stored and opened when it is sent, and where it goes is decided then, so
//! that a `FORWARD_URL` that was put right serves what was already waiting.

use super::{POLL, Relay, STORE_TIMEOUT};
use crate::domain::app::{PATIENCE, next_attempt};
use crate::domain::{AppAnswer, NotTaken, Reply, SignedRequest, TryAgainReason};
use crate::neon::VerifiedDelivery;
use crate::store::{Item, NewItem, Next, Outcome, StoreError, Whose};
use crate::telemetry::metrics::Waiting;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Requests to the app at once.
const AT_ONCE: usize = 16;
/// What one request may take; below what a shutdown waits for.
const REQUEST_TIME: Duration = Duration::from_secs(10);
/// How long an item stays with an owner that has died: one request, and time to write down what came of it.
const LEASE: Duration = Duration::from_secs(15);
/// How often the store is asked at the most, as long as nothing happens here, and at the least: another instance
/// may have died, and left items that nobody else knows of.
const PAUSE: RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_secs(30);

/// The outcome of an event that goes into the outbox.
pub(super) async fn queue(relay: &Relay, verified: &VerifiedDelivery) -> Outcome {
    let event = verified.event();
    let key = match relay.key(STORE_TIMEOUT).await {
        Ok(key) => key,
        Err(error) => {
            relay.outage.failed(&error);
            return undone(TryAgainReason::StoreUnavailable);
        }
    };
    let Some(sealed) = key.seal(&event.id, &verified.request().write()) else {
        return undone(TryAgainReason::Internal);
    };
    let now = relay.clock.now();
    let endpoint = event.endpoint.as_ref();
    let item = NewItem {
        event_type: event.name.clone(),
        endpoint: endpoint.cloned(),
        // An event about nobody has no order to keep.
        lane: event.subject.as_ref().map_or_else(|| event.id.to_string(), |user| key.lane(endpoint, user)),
        sealed,
        queued_at: now,
        give_up_at: now.plus(PATIENCE),
    };
    Outcome { reply: Reply::Done(None), attempts: Vec::new(), queued: Some(item) }
}

fn undone(reason: TryAgainReason) -> Outcome {
    Outcome { reply: Reply::TryAgain(reason), attempts: Vec::new(), queued: None }
}

impl Relay {
    /// Works on the outbox for ever.
    pub async fn work_outbox(self: Arc<Self>) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            let pause = self.start_due(&slots).await;
            let _ = tokio::time::timeout(pause, self.outbox_wake.notified()).await;
        }
    }

    /// Starts as many deliveries as there are due items and free slots; returns when to look again.
    async fn start_due(self: &Arc<Self>, slots: &Arc<Semaphore>) -> Duration {
        let free = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
        if free == 0 {
            return *PAUSE.end();
        }
        let now = self.clock.now();
        let whose = Whose { only: self.serves.as_deref(), except: &[] };
        let take = self.store.take_due(now, LEASE, free, whose);
        let taken = match tokio::time::timeout(STORE_TIMEOUT, take).await {
            Ok(Ok(taken)) => taken,
            Ok(Err(error)) => {
                self.outage.failed(&error);
                return *PAUSE.start();
            }
            Err(_) => {
                self.outage.failed(&StoreError::timed_out());
                return *PAUSE.start();
            }
        };
        for item in taken.items {
            let (relay, slot) = (self.clone(), slots.clone().acquire_owned().await);
            self.tasks.spawn(async move {
                relay.bring(&item).await;
                drop(slot);
                // The next of the same user may be due now.
                relay.outbox_wake.notify_one();
            });
        }
        let pause = taken.next_due.map_or(*PAUSE.end(), |due_at| due_at.since(now));
        pause.clamp(*PAUSE.start(), *PAUSE.end())
    }

    /// Makes one attempt and records what came of it.
    async fn bring(&self, item: &Item) {
        let started = Instant::now();
        let sent = match self.key(STORE_TIMEOUT).await {
            Ok(key) => match key.open(&item.id, &item.sealed).as_deref().and_then(SignedRequest::read) {
                Some(request) => self.send(item, &request).await,
                None => Err(NotTaken::Unreadable),
            },
            // The lease lapses, and then the item is tried again.
            Err(error) => return self.outage.failed(&error),
        };
        match sent {
            Ok(()) => {
                // The app has it: what cannot be written down now would be sent again.
                while let Err(error) = self.store.delivered(&item.id, self.clock.now()).await {
                    self.outage.failed(&error);
                    if started.elapsed() > LEASE {
                        return;
                    }
                    tokio::time::sleep(POLL.1).await;
                }
            }
            Err(reason) => self.put_back(item, reason).await,
        }
    }

    async fn send(&self, item: &Item, request: &SignedRequest) -> Result<(), NotTaken> {
        let target = self.routing.targets.of(item.endpoint.as_ref()).ok_or(NotTaken::NoTarget)?;
        let started = Instant::now();
        let answer = self.forwarder.forward(target, request, item.attempt, REQUEST_TIME).await;
        self.metrics.forwarded(Waiting::Nobody, &answer, started.elapsed());
        match answer? {
            AppAnswer { status: 200..=299, .. } => {
                let event_id = item.id.as_str();
                tracing::info!(event.id = event_id, attempt = item.attempt, "the app took an event");
                Ok(())
            }
            AppAnswer { status, .. } => Err(NotTaken::Refused(status)),
        }
    }

    async fn put_back(&self, item: &Item, reason: NotTaken) {
        let now = self.clock.now();
        let next = next_attempt(&item.id, item.attempt, now, item.give_up_at);
        if next.is_none() {
            let (event_id, attempts) = (item.id.as_str(), item.attempt);
            tracing::error!(event.id = event_id, attempts, %reason, "an event was given up; see: neon-sms-relay outbox list");
        } else if let Some(failures) = self.app_failures.due(now) {
            tracing::warn!(event.id = item.id.as_str(), attempt = item.attempt, %reason, failures, "the app does not take an event from the outbox; trying again");
        }
        let next = next.map_or(Next::Dead(now), Next::At);
        if let Err(error) = self.store.failed(item, &reason.to_string(), next).await {
            self.outage.failed(&error);
        }
    }
}
