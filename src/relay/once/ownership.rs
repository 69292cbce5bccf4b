//! A lease while it is worked under: kept alive, counted on, given back.

use super::{Ledger, in_time};
use crate::domain::Clock;
use crate::store::{DeliveryStore, Held, Lease, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long an event stays with an owner that has died. Neon tries three times within 15 s: an attempt
/// that arrives after the crash waits 4.5 s at most, and so finds the lease lapsed.
pub(super) const LEASE: Duration = Duration::from_secs(4);
/// Three renewals may fail before the lease lapses.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// Ownership of one event.
pub struct Ownership {
    /// Where the lease is from.
    store: Arc<dyn DeliveryStore>,
    durable: bool,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    lease: Mutex<Lease>,
}

impl Ownership {
    /// Takes care of a lease that `store` gave, which is the configured one if `durable`.
    pub(super) fn new(
        store: Arc<dyn DeliveryStore>,
        durable: bool,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        lease: Lease,
    ) -> Self {
        Self { store, durable, ledger, clock, lease: Mutex::new(lease) }
    }

    /// The lease as it stands.
    pub fn lease(&self) -> Lease {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the outcome goes to the configured store, and not to its stand-in while it is down.
    pub fn durable(&self) -> bool {
        self.durable
    }

    pub(super) fn store(&self) -> &dyn DeliveryStore {
        self.store.as_ref()
    }

    /// Renews until the event is lost to another owner. Dropped when the work is done.
    pub(super) async fn keep(&self) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match self.renew().await {
                Ok(Held::Yes) => {}
                Ok(Held::Lost) => return,
                Err(error) => self.ledger.failed(&error),
            }
        }
    }

    /// Records, before it is written, a request that may produce one more text.
    ///
    /// `false` if another owner has taken over, who may be sending by now. A store that fails does not
    /// stop the delivery: a second text is the smaller harm.
    pub async fn count_send(&self) -> bool {
        {
            let mut lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
            lease.possible_sends = lease.possible_sends.saturating_add(1);
        }
        !matches!(self.renew().await, Ok(Held::Lost))
    }

    /// Corrects the count to what is known in the end.
    pub fn set_possible_sends(&self, count: u8) {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner).possible_sends = count;
    }

    async fn renew(&self) -> Result<Held, StoreError> {
        let lease = self.lease();
        in_time(self.store.renew(&lease, self.clock.now().plus(LEASE))).await
    }
}
