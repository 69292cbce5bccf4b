//! What has to be done from time to time, whether or not anything happens: tasks that run for ever.

use crate::relay::Relay;
use crate::store::{Counts, DeliveryStore, StoreError};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often finished events are forgotten.
const PURGE_EVERY: Duration = Duration::from_secs(600);
/// How long an event that the user's app never took is kept to be looked at.
const KEEP_DEAD: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often the outbox is counted for the metrics, and turns that went unnoticed are given.
const TEND_EVERY: Duration = Duration::from_secs(15);

/// Starts all of it; returns the task that starts deliveries to the user's app.
pub(super) fn start(relay: &Arc<Relay>, ttl: Duration) -> JoinHandle<()> {
    forever(relay, "warm_up", |relay| async move { relay.warm_up().await });
    forever(relay, "purge", move |relay| purge(relay, ttl));
    if relay.routing.targets.is_empty() {
        forever(relay, "outbox", tell_what_waits_for_nobody)
    } else {
        forever(relay, "outbox_upkeep", tend_outbox);
        forever(relay, "outbox", Relay::work_outbox)
    }
}

fn forever<F>(
    relay: &Arc<Relay>,
    name: &'static str,
    work: impl Fn(Arc<Relay>) -> F + Send + Sync + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let its_own = relay.clone();
    relay.tasks.spawn_forever(name, move || work(its_own.clone()))
}

/// Forgets what is older than `ttl`.
async fn purge(relay: Arc<Relay>, ttl: Duration) {
    loop {
        let now = relay.clock.now();
        let before = now.minus(ttl);
        let forgotten = async {
            let fallback = relay.fallback.purge(before).await?;
            let dead = relay.store.purge_dead(now.minus(KEEP_DEAD)).await?;
            Ok::<_, StoreError>(fallback + dead + relay.store.purge(before).await?)
        };
        match forgotten.await {
            Ok(0) => {}
            Ok(events) => tracing::debug!(events, "forgot old events"),
            Err(error) => tracing::warn!(%error, "cannot forget old events; trying again later"),
        }
        tokio::time::sleep(PURGE_EVERY).await;
    }
}

/// Keeps the outbox in order and counted.
async fn tend_outbox(relay: Arc<Relay>) {
    loop {
        // What fails here is told by whoever cannot go on without it.
        if let Ok(1..) = relay.store.give_turns(relay.clock.now()).await {
            relay.outbox_wake.notify_one();
        }
        count_outbox(&relay).await;
        tokio::time::sleep(TEND_EVERY).await;
    }
}

/// Events may wait from a time when there was an app.
async fn tell_what_waits_for_nobody(relay: Arc<Relay>) {
    if let Some(Counts { waiting: waiting @ 1.., .. }) = count_outbox(&relay).await {
        tracing::warn!(
            waiting,
            "events wait in the outbox, and FORWARD_URL is not set; see: neon-sms-relay outbox list"
        );
    }
}

async fn count_outbox(relay: &Relay) -> Option<Counts> {
    let counts = relay.store.counts().await.ok()?;
    relay.metrics.outbox(counts.waiting, counts.dead);
    Some(counts)
}
