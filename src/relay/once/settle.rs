//! How an event ends: a final reply is stored, for ever; anything else gives the event back.

use super::ownership::{LEASE, Ownership};
use super::{Ledger, Once, in_time};
use crate::domain::{Clock, Reply, TryAgainReason};
use crate::store::{Claim, DeliveryStore, Held, NewDelivery, Outcome, StoreError};
use std::sync::Arc;
use tokio::time::Instant;

impl Once {
    /// Stores a final reply, gives the event back otherwise; returns what Neon is to be told.
    ///
    /// Neon is told that an event is taken care of only once it is in the outbox. A text that was sent is
    /// another matter: that it cannot be remembered does not unsend it.
    pub(super) async fn settle(
        &self,
        delivery: &NewDelivery,
        ownership: Arc<Ownership>,
        outcome: Outcome,
    ) -> Reply {
        if !outcome.reply.is_final() {
            if let Err(error) = in_time(ownership.store().release(ownership.lease(), &outcome.texts)).await {
                self.ledger.failed(&error);
            }
            return outcome.reply;
        }
        let asked = Instant::now();
        let finished = in_time(finish(&self.ledger, &ownership, &outcome, self.clock.as_ref())).await;
        if ownership.durable() {
            self.metrics.store_waited(asked.elapsed());
        }
        match finished {
            Ok(Held::Yes) => outcome.reply,
            Ok(Held::Lost) => {
                tracing::warn!(event.id = %delivery.id, "another instance had taken the event over");
                // A text that was sent was sent. Of all else the other's decision counts, and the next attempt
                // gets it.
                let stands = outcome.queued.is_none() && !matches!(outcome.reply, Reply::App { .. });
                if stands { outcome.reply } else { Reply::TryAgain(TryAgainReason::InFlight) }
            }
            Err(error) => {
                self.ledger.failed(&error);
                let reply = if outcome.queued.is_none() {
                    self.remember(delivery, &outcome).await;
                    outcome.reply.clone()
                } else {
                    Reply::TryAgain(TryAgainReason::StoreUnavailable)
                };
                self.unfinished.finish_later(ownership, outcome, Instant::now() + LEASE);
                reply
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

pub(super) async fn finish(
    ledger: &Ledger,
    ownership: &Ownership,
    outcome: &Outcome,
    clock: &dyn Clock,
) -> Result<Held, StoreError> {
    let lease = ownership.lease();
    let sealed = match &outcome.reply {
        // Only an app's words have to be sealed, so all else is stored as it is.
        Reply::App { .. } if ownership.durable() => {
            Some(Outcome { reply: ledger.sealed(&lease.id, outcome.reply.clone()).await?, ..outcome.clone() })
        }
        _ => None,
    };
    let stored = sealed.as_ref().unwrap_or(outcome);
    let held = ownership.store().finish(lease, stored, clock.now()).await?;
    if held == Held::Yes && stored.queued.is_some() {
        ledger.queued().notify_one();
    }
    Ok(held)
}
