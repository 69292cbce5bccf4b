//! One event from claim to reply: claim → work → finish or release.
//!
//! What a crash leaves behind, by when it comes:
//! before the claim: nothing, the next attempt starts anew; between the claim and the reply: the lease,
//! which lapses after [`LEASE`], so that the next attempt takes the event over and sends, at the risk of
//! a second text if the first request had been written; after the reply was stored: the reply.

use super::ownership::{LEASE, Ownership};
use super::{Answer, Once, POLL, StoreFailure, in_time};
use crate::domain::TryAgainReason;
use crate::store::{Claim, DeliveryStore, NewDelivery, Outcome};
use crate::telemetry::trace;
use std::future::Future;
use std::sync::Arc;
use tokio::time::Instant;
use tracing::Instrument;

impl Once {
    /// Lets `work` decide about an event under a lease, and keeps the decision; an event that was decided
    /// before gets the same answer again.
    pub async fn process<F>(
        &self,
        delivery: &NewDelivery,
        work: impl FnOnce(Arc<Ownership>) -> F + Send,
    ) -> Answer
    where
        F: Future<Output = Outcome> + Send,
    {
        let ownership = match self.claim(delivery).instrument(trace::claim()).await {
            Ok(ownership) => Arc::new(ownership),
            Err(answer) => return answer,
        };
        let outcome = tokio::select! {
            done = work(ownership.clone()) => done,
            // Lost to another owner: what was written cannot be taken back, so its verdict is still awaited.
            never = async { ownership.keep().await; std::future::pending().await } => never,
        };
        let settled = self.settle(delivery, ownership, outcome).instrument(trace::finish());
        Answer { reply: settled.await, replayed: false }
    }

    /// Takes ownership of the event, or waits for whoever has it.
    async fn claim(&self, delivery: &NewDelivery) -> Result<Ownership, Answer> {
        // Whatever was handled while the store was down is only known here.
        if let Some(reply) = self.fallback.finished(&delivery.id) {
            return Err(Answer::replay(reply));
        }
        let give_up = Instant::now() + self.settings.answer_within;
        let mut pause = POLL.0;
        let mut store: Arc<dyn DeliveryStore> = self.ledger.store().clone();
        let mut durable = true;
        loop {
            let asked = Instant::now();
            let claim = in_time(store.claim(delivery, self.clock.now(), LEASE)).await;
            if durable {
                self.metrics.store_waited(asked.elapsed());
            }
            if durable && claim.is_ok() {
                self.ledger.worked();
            }
            match claim {
                Ok(Claim::Acquired(lease)) => {
                    let (ledger, clock) = (self.ledger.clone(), self.clock.clone());
                    return Ok(Ownership::new(store, durable, ledger, clock, lease));
                }
                Ok(Claim::Finished(reply)) if durable => {
                    return Err(Answer::replay(self.ledger.unsealed(&delivery.id, reply).await));
                }
                Ok(Claim::Finished(reply)) => return Err(Answer::replay(reply)),
                Ok(Claim::InFlight) if Instant::now() >= give_up => {
                    return Err(Answer::again(TryAgainReason::InFlight));
                }
                Ok(Claim::InFlight) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(POLL.1);
                }
                Err(error) => {
                    self.ledger.failed(&error);
                    match self.settings.on_store_failure {
                        StoreFailure::Refuse => return Err(Answer::again(TryAgainReason::StoreUnavailable)),
                        StoreFailure::Send => (store, durable) = (self.fallback.clone(), false),
                    }
                }
            }
        }
    }
}
