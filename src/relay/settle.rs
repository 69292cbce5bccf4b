//! How an event ends: a final reply is stored, for ever; anything else gives the event back.

use super::ownership::{Claimed, LEASE};
use super::{POLL, Relay, STORE_TIMEOUT};
use crate::domain::{EventId, Reply, TryAgainReason};
use crate::store::{Claim, DeliveryStore, Held, NewDelivery, Outcome, StoreError};
use std::sync::Arc;
use tokio::time::Instant;

/// Stores a final reply, gives the event back otherwise; returns what Neon is to be told.
///
/// Neon is told that an event is taken care of only once it is in the outbox. A text that was sent is another
/// matter: that it cannot be remembered does not unsend it.
pub(super) async fn settle(
    relay: &Arc<Relay>,
    delivery: &NewDelivery,
    claimed: Claimed,
    outcome: Outcome,
) -> Reply {
    if !outcome.reply.is_final() {
        if let Err(error) = claimed.store.release(claimed.lease).await {
            relay.outage.failed(&error);
        }
        return outcome.reply;
    }
    let finish = finish(relay, &claimed, &outcome);
    match tokio::time::timeout(STORE_TIMEOUT, finish).await.unwrap_or_else(|_| Err(StoreError::timed_out())) {
        Ok(Held::Yes) => outcome.reply,
        Ok(Held::Lost) => {
            tracing::warn!(event.id = %delivery.id, "another instance had taken the event over");
            // A text that was sent was sent. Of all else the other's decision counts, and the next attempt gets it.
            let stands = outcome.queued.is_none() && !matches!(outcome.reply, Reply::App { .. });
            if stands { outcome.reply } else { Reply::TryAgain(TryAgainReason::InFlight) }
        }
        Err(error) => {
            relay.outage.failed(&error);
            let reply = if outcome.queued.is_none() {
                relay.remember(delivery, &outcome).await;
                outcome.reply.clone()
            } else {
                Reply::TryAgain(TryAgainReason::StoreUnavailable)
            };
            relay.tasks.spawn(finish_later(relay.clone(), claimed, outcome));
            reply
        }
    }
}

async fn finish(relay: &Relay, claimed: &Claimed, outcome: &Outcome) -> Result<Held, StoreError> {
    let mut stored = outcome.clone();
    if let (true, Reply::App { body, .. }) = (claimed.durable, &mut stored.reply) {
        // An app may repeat what it was asked, so its answers are not for a disk as they are.
        *body = relay.key(STORE_TIMEOUT).await?.seal(&claimed.lease.id, body).ok_or(StoreError::Corrupt)?;
    }
    let held = claimed.store.finish(claimed.lease.clone(), &stored, relay.clock.now()).await?;
    if held == Held::Yes && stored.queued.is_some() {
        relay.outbox_wake.notify_one();
    }
    Ok(held)
}

/// Goes on trying while nobody else can have taken the event over: a store that restarts is back within
/// the lease, and then nothing is sent twice.
async fn finish_later(relay: Arc<Relay>, claimed: Claimed, outcome: Outcome) {
    let lapse = Instant::now() + LEASE;
    while Instant::now() < lapse {
        tokio::time::sleep(POLL.1).await;
        if finish(&relay, &claimed, &outcome).await.is_ok() {
            return;
        }
    }
}

impl Relay {
    /// A stored reply as it was before it was sealed.
    pub(super) async fn unsealed(&self, id: &EventId, reply: Reply) -> Reply {
        let Reply::App { status, body } = reply else { return reply };
        match self.key(STORE_TIMEOUT).await.map(|key| key.open(id, &body)) {
            Ok(Some(body)) => Reply::App { status, body },
            Ok(None) => {
                tracing::error!(event.id = %id, "the stored answer cannot be opened: HASH_KEY has changed");
                Reply::TryAgain(TryAgainReason::Internal)
            }
            Err(error) => {
                self.outage.failed(&error);
                Reply::TryAgain(TryAgainReason::StoreUnavailable)
            }
        }
    }

    /// Keeps an outcome in this process that the store did not take.
    async fn remember(&self, delivery: &NewDelivery, outcome: &Outcome) {
        let now = self.clock.now();
        if let Ok(Claim::Acquired(lease)) = self.fallback.claim(delivery, now, LEASE).await {
            // The store in memory does not fail.
            let _ = self.fallback.finish(lease, outcome, now).await;
        }
    }
}
