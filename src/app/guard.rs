//! The guard as an operator gets at it: beside the running servers, through the same store.

use super::outbox::open_store;
use crate::config::{GuardSection, StoreSettings};
use crate::domain::{Clock, SystemClock};
use crate::guard::{Guard, GuardSettings, Rule};
use crate::relay::texting::{WINDOW_HOURS, read_closing, read_tally};
use crate::store::{Closing, Store, StoreError, Tally};
use sms_providers::client::Network;
use std::sync::Arc;

pub use crate::guard::{Budget, Closing as Closed, CountryStatus, Fill, Mode, Prefix, Status};

/// What the guards of all servers share, in the store of a `STORE_URL`.
pub struct SharedGuard {
    store: Arc<dyn Store>,
    settings: GuardSettings,
}

impl SharedGuard {
    /// What the operator decided, by the variables of this process.
    pub fn settings(&self) -> &GuardSettings {
        &self.settings
    }

    /// Opens the store as the server does; a file that is not there is not made.
    ///
    /// # Errors
    /// If there is no store that outlives the server, or it cannot be opened.
    pub fn open(settings: &StoreSettings, network: &Network, guard: GuardSection) -> anyhow::Result<Self> {
        Ok(Self { store: open_store(settings, network)?, settings: guard.settings })
    }

    /// How full everything is, by what the servers have written.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn status(&self) -> Result<Status, StoreError> {
        let now = SystemClock.now();
        let guard = Guard::new(self.settings.clone());
        let tallies = self.store.tallies(Tally::hour_of(now) - WINDOW_HOURS).await?;
        guard.absorb(&tallies.iter().filter_map(read_tally).collect::<Vec<_>>(), now);
        let closings = self.store.closings().await?;
        guard.absorb_closings(&closings.iter().filter_map(read_closing).collect::<Vec<_>>(), now);
        Ok(guard.status(now))
    }

    /// Closes a prefix until somebody opens it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn block(&self, prefix: Prefix, by: String) -> Result<(), StoreError> {
        let reason = Rule::Blocked.as_str().to_owned();
        let closing = Closing { prefix: prefix.digits(), reason, since: SystemClock.now(), until: None, by };
        self.store.close(&closing).await
    }

    /// Opens a prefix, whoever closed it; says whether it was closed.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn unblock(&self, prefix: Prefix) -> Result<bool, StoreError> {
        self.store.open(&prefix.digits()).await
    }
}
