//! The outbox as an operator gets at it: beside the running server, through the same store.

use crate::config::StoreSettings;
use crate::domain::app::PATIENCE;
use crate::domain::{Clock, EventId, HashKey, SignedRequest, SystemClock};
use crate::store::{self, Store, StoreError};
use anyhow::bail;
use secrecy::ExposeSecret;
use sms_providers::client::Network;
use std::sync::Arc;

pub use crate::store::{Counts, Entry, EntryState, Selection};

/// The outbox of a `STORE_URL`.
pub struct OpenOutbox {
    store: Arc<dyn Store>,
    configured_key: Option<HashKey>,
}

impl OpenOutbox {
    /// Opens the store as the server does; a file that is not there is not made.
    ///
    /// # Errors
    /// If there is no store that outlives the server, or it cannot be opened.
    pub fn open(settings: &StoreSettings, network: &Network) -> anyhow::Result<Self> {
        let store = open_store(settings, network)?;
        let configured_key =
            settings.hash_key.as_ref().map(|key| HashKey::new(key.expose_secret().as_bytes()));
        Ok(Self { store, configured_key })
    }

    /// The oldest `limit` of these events.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, selection: &Selection, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.store.list(selection, limit).await
    }

    /// How many events there are.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        self.store.counts().await
    }

    /// What Neon sent; `None` if it has gone meanwhile, or was sealed under another `HASH_KEY`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn request(&self, id: &EventId) -> Result<Option<SignedRequest>, StoreError> {
        let Some(sealed) = self.store.sealed(id).await? else { return Ok(None) };
        let written = match &self.configured_key {
            Some(key) => key.open(id, &sealed),
            None => self.store.hash_key().await?.open(id, &sealed),
        };
        Ok(written.as_deref().and_then(SignedRequest::read))
    }

    /// Lets events be tried at once when it is their turn, for another day; returns how many.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn retry(&self, selection: &Selection) -> Result<u64, StoreError> {
        let now = SystemClock.now();
        self.store.retry(selection, now, now.plus(PATIENCE)).await
    }

    /// Forgets events; returns how many.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn discard(&self, selection: &Selection) -> Result<u64, StoreError> {
        self.store.discard(selection, SystemClock.now()).await
    }
}

/// The store of a running server; a file that is not there is not made.
pub(super) fn open_store(settings: &StoreSettings, network: &Network) -> anyhow::Result<Arc<dyn Store>> {
    is_there(settings)?;
    Ok(store::open(settings.url.expose_secret(), network.tls_config()?)?)
}

/// Finds that there is a store that outlives its server.
///
/// # Errors
/// If there is none.
pub(super) fn is_there(settings: &StoreSettings) -> anyhow::Result<()> {
    if settings.is_memory() {
        bail!("STORE_URL is memory:, and only the server itself knows what is in its memory");
    }
    if let Some(path) = settings.file().filter(|path| !path.exists()) {
        bail!(
            "STORE_URL names the file {}, which does not exist; run this where the server runs",
            path.display()
        );
    }
    Ok(())
}
