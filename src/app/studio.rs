//! What the operator's page has its figures from: the store of running servers.

use super::outbox::OpenOutbox;
use crate::config::StoreSettings;
use crate::domain::{HashKey, SystemClock};
use crate::store::{self, StoreError};
use crate::studio::Sources;
use secrecy::ExposeSecret;
use sms_providers::client::Network;
use std::sync::Arc;

/// Opens the store to look into it, and its outbox to change it; a file that is not there is not made, and a store of
/// another version is left as it is.
///
/// # Errors
/// If there is no store that anybody but the server can see, or no server of this version has used it yet.
pub async fn open(settings: &StoreSettings, network: &Network) -> anyhow::Result<Sources> {
    OpenOutbox::is_there(settings)?;
    let url = settings.url.expose_secret();
    let log = store::browse(url, network.tls_config()?)?;
    // One that does not answer yet may answer later, and the page says so until then.
    if let Err(error @ (StoreError::Unusable(_) | StoreError::NewerSchema { .. })) = log.kept_key().await {
        return Err(error.into());
    }
    let store = store::open(url, network.tls_config()?)?;
    let key = settings.hash_key.as_ref().map(|key| HashKey::new(key.expose_secret().as_bytes()));
    let place = settings.file().map_or_else(|| "PostgreSQL".to_owned(), |path| path.display().to_string());
    Ok(Sources { log, store, key, clock: Arc::new(SystemClock), place })
}
