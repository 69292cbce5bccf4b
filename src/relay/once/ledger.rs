//! The configured store as every room of the relay sees it: with the key it holds, and with what is said
//! while it fails.

use super::health::Health;
use super::outage::Outage;
use super::{POLL, STORE_TIMEOUT};
use crate::domain::{EventId, HashKey, Reply, TryAgainReason};
use crate::store::{Store, StoreError};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OnceCell};
use tokio::time::Instant;

/// Waits for the store no longer than a user would: one that takes longer is as good as down.
///
/// # Errors
/// Those of `work`, and that it took too long.
pub async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(STORE_TIMEOUT, work).await.unwrap_or_else(|_| Err(StoreError::timed_out()))
}

/// The store, its key and its failures.
pub struct Ledger {
    store: Arc<dyn Store>,
    outage: Outage,
    health: Health,
    /// Empty until the store has been asked for it.
    key: OnceCell<HashKey>,
    queued: Notify,
}

impl Ledger {
    /// A store whose key is `key`, or the one that it holds.
    pub fn new(store: Arc<dyn Store>, key: Option<HashKey>, outage: Outage) -> Self {
        Self { store, outage, health: Health::default(), key: OnceCell::new_with(key), queued: Notify::new() }
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Told of every change after which an item of the outbox may be due.
    pub fn queued(&self) -> &Notify {
        &self.queued
    }

    /// The key under which numbers are stored and logged, and all else that is kept is sealed.
    ///
    /// # Errors
    /// If the store has not said it yet and does not within this time.
    pub async fn key(&self, within: Duration) -> Result<&HashKey, StoreError> {
        let key = self.key.get_or_try_init(|| self.store.hash_key());
        tokio::time::timeout(within, key).await.unwrap_or_else(|_| Err(StoreError::timed_out()))
    }

    /// Asks the store for the key until it has said it, so that no event need do so.
    pub async fn warm_up(&self) {
        while let Err(error) = self.key.get_or_try_init(|| self.store.hash_key()).await {
            self.failed(&error);
            tokio::time::sleep(POLL.1).await;
        }
    }

    /// Takes note of a failure of the store.
    pub fn failed(&self, error: &StoreError) {
        self.health.learn(false);
        self.outage.failed(error);
    }

    /// Takes note that the store did what it was asked to.
    pub fn worked(&self) {
        self.health.learn(true);
        self.outage.worked();
    }

    /// Whether the store sleeps when nobody needs it, and nobody has since then.
    pub fn rests_since(&self, then: Instant) -> bool {
        self.store.sleeps() && self.health.last_use().is_none_or(|last| last < then)
    }

    /// Whether the store works, as far as is known; it is asked if too little is.
    pub async fn is_healthy(&self) -> bool {
        let healthy = self.health.of(self.store.as_ref(), |error| self.outage.failed(error)).await;
        if healthy {
            self.outage.worked();
        }
        healthy
    }

    /// A reply as it may be stored: an app may repeat what it was asked, so its answers are not for a disk as
    /// they are.
    pub(super) async fn sealed(&self, id: &EventId, mut reply: Reply) -> Result<Reply, StoreError> {
        if let Reply::App { body, .. } = &mut reply {
            *body = self.key(STORE_TIMEOUT).await?.seal(id, body).ok_or(StoreError::Corrupt)?;
        }
        Ok(reply)
    }

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
                self.failed(&error);
                Reply::TryAgain(TryAgainReason::StoreUnavailable)
            }
        }
    }
}
