//! What has to be done from time to time, whether or not anything happens.

use crate::domain::Clock;
use crate::relay::Relay;
use crate::store::{Counts, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often finished events are forgotten.
const PURGE_EVERY: Duration = Duration::from_secs(600);
/// How long an event that the user's app never took is kept to be looked at.
const KEEP_DEAD: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often the outbox is counted for the metrics, and turns that went unnoticed are given.
const TEND_EVERY: Duration = Duration::from_secs(15);

/// Forgets what is older than `ttl`; a store that sleeps is left alone while nothing has come since the last time,
/// but not for longer than `ttl`.
pub(super) async fn purge(relay: Arc<Relay>, clock: Arc<dyn Clock>, ttl: Duration) {
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
            Ok::<_, StoreError>(dead + relay.once.purge(now.minus(ttl)).await?)
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
pub(super) async fn tend_outbox(relay: Arc<Relay>) {
    loop {
        relay.forwarding.tend().await;
        tokio::time::sleep(TEND_EVERY).await;
    }
}

/// Events may wait from a time when there was an app.
pub(super) async fn tell_what_waits_for_nobody(relay: Arc<Relay>) {
    if let Some(Counts { waiting: waiting @ 1.., .. }) = relay.forwarding.count().await {
        tracing::warn!(
            waiting,
            "events wait in the outbox, and FORWARD_URL is not set; see: neon-sms-relay outbox list"
        );
    }
}
