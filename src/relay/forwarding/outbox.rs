//! Brings to the user's app what nobody waits for: at least once, in order for each user, over a day.
//!
//! The item is sealed before it is stored and opened when it is sent, and where it goes is decided then, so
//! that a `FORWARD_URL` that was put right serves what was already waiting.

use super::Forwarding;
use super::slots::Slots;
use crate::domain::app::{PATIENCE, next_attempt};
use crate::domain::{AppAnswer, NotTaken, Reply, SignedRequest, TryAgainReason};
use crate::neon::VerifiedDelivery;
use crate::relay::once::{POLL, STORE_TIMEOUT, in_time};
use crate::store::{Counts, Item, NewItem, Next, Outcome, Whose};
use crate::telemetry::metrics::Waiting;
use crate::telemetry::trace;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;

/// What one request may take; below what a shutdown waits for.
const REQUEST_TIME: Duration = Duration::from_secs(10);
/// How long an item stays with an owner that has died: one request, and time to write down what came of it.
const LEASE: Duration = Duration::from_secs(15);
/// How often the store is asked at the most, as long as nothing happens here, and at the least: another instance
/// may have died, and left items that nobody else knows of.
const PAUSE: RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_secs(30);
/// The same for a store that sleeps while nobody needs it: each look wakes it. The pauses grow up to this while
/// there is nothing in the outbox.
const LONGEST_PAUSE: Duration = Duration::from_secs(30 * 60);

impl Forwarding {
    /// The outcome of an event that goes into the outbox.
    pub async fn queue(&self, verified: &VerifiedDelivery) -> Outcome {
        self.stirred.store(true, Ordering::Relaxed);
        let event = verified.event();
        let key = match self.ledger.key(STORE_TIMEOUT).await {
            Ok(key) => key,
            Err(error) => {
                self.ledger.failed(&error);
                return undone(TryAgainReason::StoreUnavailable);
            }
        };
        let Some(sealed) = key.seal(&event.id, &verified.request().write()) else {
            return undone(TryAgainReason::Internal);
        };
        let now = self.clock.now();
        let endpoint = event.endpoint.as_ref();
        let item = NewItem {
            event_type: event.name.clone(),
            endpoint: endpoint.cloned(),
            // An event about nobody has no order to keep.
            lane: event
                .subject
                .as_ref()
                .map_or_else(|| event.id.to_string(), |user| key.lane(endpoint, user)),
            sealed,
            queued_at: now,
            give_up_at: now.plus(PATIENCE),
        };
        Outcome { queued: Some(item), ..Outcome::of(Reply::Done(None)) }
    }

    /// Works on the outbox for ever.
    pub async fn work_outbox(self: Arc<Self>) {
        let slots = Arc::new(Slots::default());
        let mut idle = *PAUSE.end();
        loop {
            let due = self.start_due(&slots).await;
            let sleeps = self.ledger.store().sleeps();
            let longest = if sleeps { LONGEST_PAUSE } else { *PAUSE.end() };
            let pause = due.unwrap_or(idle).clamp(*PAUSE.start(), longest);
            let woken = tokio::time::timeout(pause, self.ledger.queued().notified()).await.is_ok();
            idle = if woken || due.is_some() { *PAUSE.end() } else { (idle * 2).min(longest) };
        }
    }

    /// Keeps the outbox in order and counted; leaves a store alone that sleeps while nothing happens here.
    pub async fn tend(&self) {
        if !self.stirred.swap(false, Ordering::Relaxed) && self.ledger.store().sleeps() {
            return;
        }
        // What fails here is told by whoever cannot go on without it.
        if let Ok(1..) = self.ledger.store().give_turns(self.clock.now()).await {
            self.ledger.queued().notify_one();
        }
        self.count().await;
    }

    /// Counts the outbox, for the metrics too; `None` if the store fails.
    pub async fn count(&self) -> Option<Counts> {
        let counts = self.ledger.store().counts().await.ok()?;
        let oldest = self.ledger.store().oldest().await.ok()?;
        let age = oldest.map_or(Duration::ZERO, |queued_at| self.clock.now().since(queued_at));
        self.metrics.outbox(counts.waiting, counts.dead, age);
        Some(counts)
    }

    /// Starts as many deliveries as there are due items and free slots; returns when to look again,
    /// `None` if there is nothing to wait for.
    async fn start_due(self: &Arc<Self>, slots: &Arc<Slots>) -> Option<Duration> {
        let free = slots.free();
        if free.count == 0 {
            return Some(*PAUSE.end());
        }
        let now = self.clock.now();
        let whose = Whose { only: self.serves.as_deref(), except: &free.full };
        let take = self.ledger.store().take_due(now, LEASE, free.count, whose);
        let taken = match in_time(take).await {
            Ok(taken) => taken,
            Err(error) => {
                self.ledger.failed(&error);
                return Some(*PAUSE.start());
            }
        };
        for item in taken.items {
            let (forwarding, slot) = (self.clone(), slots.take(item.endpoint.as_ref()));
            self.tasks.spawn(async move {
                forwarding.bring(&item).instrument(trace::outbox(item.id.as_str())).await;
                drop(slot);
                // The next of the same user may be due now.
                forwarding.ledger.queued().notify_one();
            });
        }
        taken.next_due.map(|due_at| due_at.since(now))
    }

    /// Makes one attempt and records what came of it.
    async fn bring(&self, item: &Item) {
        self.stirred.store(true, Ordering::Relaxed);
        let started = Instant::now();
        let sent = match self.ledger.key(STORE_TIMEOUT).await {
            Ok(key) => match key.open(&item.id, &item.sealed).as_deref().and_then(SignedRequest::read) {
                Some(request) => self.send(item, &request).await,
                None => Err(NotTaken::Unreadable),
            },
            // The lease lapses, and then the item is tried again.
            Err(error) => return self.ledger.failed(&error),
        };
        match sent {
            Ok(()) => {
                // The app has it: what cannot be written down now would be sent again.
                while let Err(error) = self.ledger.store().delivered(&item.id, self.clock.now()).await {
                    self.ledger.failed(&error);
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
        } else if let Some(failures) = self.app_failures.due(Instant::now()) {
            tracing::warn!(event.id = item.id.as_str(), attempt = item.attempt, %reason, failures, "the app does not take an event from the outbox; trying again");
        }
        let next = next.map_or(Next::Dead(now), Next::At);
        if let Err(error) = self.ledger.store().failed(item, &reason.to_string(), next).await {
            self.ledger.failed(&error);
        }
    }
}

fn undone(reason: TryAgainReason) -> Outcome {
    Outcome::of(Reply::TryAgain(reason))
}
