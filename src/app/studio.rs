//! What the operator's page has its figures from: the store of running servers.

use super::guard::SharedGuard;
use super::outbox::is_there;
use crate::config::{GuardSection, StoreSettings};
use crate::domain::{HashKey, SystemClock};
use crate::guard::Prefix;
use crate::store::{self, StoreError};
use crate::studio::{Limits, Overview, Sources};
use secrecy::ExposeSecret;
use sms_providers::client::Network;
use std::sync::Arc;

/// Opens the store to look into it, and its outbox and its limits to change them in the name of `by`; a file that is not there is not made, and a store of
/// another version is left as it is.
///
/// # Errors
/// If there is no store that anybody but the server can see, or no server of this version has used it yet.
pub async fn open(
    settings: &StoreSettings,
    network: &Network,
    guard: GuardSection,
    by: String,
) -> anyhow::Result<Sources> {
    is_there(settings)?;
    let url = settings.url.expose_secret();
    let log = store::browse(url, network.tls_config()?)?;
    // One that does not answer yet may answer later, and the page says so until then.
    if let Err(error @ (StoreError::Unusable(_) | StoreError::NewerSchema { .. })) = log.kept_key().await {
        return Err(error.into());
    }
    let store = store::open(url, network.tls_config()?)?;
    let key = settings.hash_key.as_ref().map(|key| HashKey::new(key.expose_secret().as_bytes()));
    let place = settings.file().map_or_else(|| "PostgreSQL".to_owned(), |path| path.display().to_string());
    let limits = Arc::new(SharedLimits { guard: SharedGuard::open(settings, network, guard)?, by });
    Ok(Sources { log, store, limits, key, clock: Arc::new(SystemClock), place })
}

struct SharedLimits {
    guard: SharedGuard,
    by: String,
}

#[async_trait::async_trait]
impl Limits for SharedLimits {
    async fn overview(&self) -> Result<Overview, StoreError> {
        let settings = self.guard.settings();
        let (daily_limit, daily_spend) = (settings.daily_limit, settings.daily_spend);
        Ok(Overview { status: self.guard.status().await?, daily_limit, daily_spend })
    }

    async fn block(&self, prefix: Prefix) -> Result<(), StoreError> {
        self.guard.block(prefix, self.by.clone()).await
    }

    async fn unblock(&self, prefix: Prefix) -> Result<bool, StoreError> {
        self.guard.unblock(prefix).await
    }
}
