//! What has to be done from time to time, whether or not anything happens: tasks that run for ever.

use crate::domain::Clock;
use crate::relay::Relay;
use crate::relay::forwarding::Forwarding;
use crate::store::{Counts, StoreError};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How often finished events are forgotten.
const PURGE_EVERY: Duration = Duration::from_secs(600);
/// How long an event that the user's app never took is kept to be looked at.
const KEEP_DEAD: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often the outbox is counted for the metrics, and turns that went unnoticed are given.
const TEND_EVERY: Duration = Duration::from_secs(15);

/// Starts all of it; returns the task that starts deliveries to the user's app.
pub(super) fn start(relay: &Arc<Relay>, clock: &Arc<dyn Clock>, ttl: Duration) -> JoinHandle<()> {
    let erasures = clock.clone();
    forever(relay, "erasures", move |relay| relay.heed_erasures(erasures.clone()));
    let clock = clock.clone();
    forever(relay, "living_codes", |relay| relay.texting.clone().watch_codes());
    forever(relay, "tallies", |relay| relay.texting.clone().keep_tallies());
    forever(relay, "warm_up", |relay| async move { relay.ledger.warm_up().await });
    forever(relay, "purge", move |relay| purge(relay, clock.clone(), ttl));
    if relay.forwarding.routing().targets.is_empty() {
        forever(relay, "outbox", tell_what_waits_for_nobody)
    } else {
        forever(relay, "outbox_upkeep", tend_outbox);
        forever(relay, "outbox", |relay| Forwarding::work_outbox(relay.forwarding.clone()))
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

/// Forgets what is older than `ttl`; a store that sleeps is left alone while nothing has come since the last time,
/// but not for longer than `ttl`.
async fn purge(relay: Arc<Relay>, clock: Arc<dyn Clock>, ttl: Duration) {
    let mut last: Option<Instant> = None;
    loop {
        if last.is_some_and(|last| relay.ledger.rests_since(last) && last.elapsed() < ttl) {
            tokio::time::sleep(PURGE_EVERY).await;
            continue;
        }
        last = Some(Instant::now());
        let now = clock.now();
        let forgotten = async {
            let dead = relay.ledger.store().purge_dead(now.minus(KEEP_DEAD)).await?;
            let events = relay.once.purge(now.minus(ttl)).await?;
            relay.texting.forget_tallies().await?;
            relay.texting.forget_test_codes().await?;
            relay.forget_announcements(now).await?;
            Ok::<_, StoreError>(dead + events)
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
        relay.forwarding.tend().await;
        tokio::time::sleep(TEND_EVERY).await;
    }
}

/// Events may wait from a time when there was an app.
async fn tell_what_waits_for_nobody(relay: Arc<Relay>) {
    if let Some(Counts { waiting: waiting @ 1.., .. }) = relay.forwarding.count().await {
        tracing::warn!(
            waiting,
            "events wait in the outbox, and FORWARD_URL is not set; see: neon-sms-relay outbox list"
        );
    }
}
