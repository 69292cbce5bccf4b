//! Erasing one number everywhere, for a person's request: beside the running servers, through the same store.

use super::outbox::open_store;
use crate::config::StoreSettings;
use crate::domain::mention::mentions;
use crate::domain::{Clock, HashKey, SignedRequest, SystemClock};
use crate::store::texts::Query;
use crate::store::{self, DeliveryLog, Forgotten, Selection, Store, StoreError};
use anyhow::Context;
use secrecy::ExposeSecret;
use sms_providers::PhoneNumber;
use sms_providers::client::Network;
use std::sync::Arc;
use std::time::Duration;

/// As many events, or items of the outbox, are looked at in one step.
const PAGE: u32 = 100;
/// For so long a delivery may come again and be believed: the longest `NEON_TIMESTAMP_TOLERANCE_SECONDS`, twice. An
/// event that is younger keeps its id and its reply.
const REPLAYABLE: Duration = Duration::from_secs(2 * 3600);
/// Within so long every running server has heard of it. What comes meanwhile is forgotten, too.
const HEARD_WITHIN: Duration = Duration::from_secs(5);

/// What was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Codes that were asked for.
    pub events: u64,
    /// Texts, with what was learnt of them.
    pub texts: u64,
    /// What was remembered of the number itself: its limits, its verification.
    pub numbers: u64,
    /// Codes of a test number.
    pub test_codes: u64,
    /// Events that waited for the app and name the number.
    pub waiting: u64,
    /// Events that wait for the app and cannot be looked into: they were sealed under another key.
    pub unreadable: u64,
}

/// What the servers of a `STORE_URL` remember, to be erased.
pub struct Memory {
    store: Arc<dyn Store>,
    log: Arc<dyn DeliveryLog>,
    configured_key: Option<HashKey>,
}

impl Memory {
    /// Opens the store as the server does; a file that is not there is not made.
    ///
    /// # Errors
    /// If there is no store that outlives the server, or it cannot be opened.
    pub fn open(settings: &StoreSettings, network: &Network) -> anyhow::Result<Self> {
        let store = open_store(settings, network)?;
        let log = store::look_into(settings.url.expose_secret(), network.tls_config()?)?;
        let configured_key =
            settings.hash_key.as_ref().map(|key| HashKey::new(key.expose_secret().as_bytes()));
        Ok(Self { store, log, configured_key })
    }

    /// Erases a number.
    ///
    /// # Errors
    /// If the key is not known here, or the store fails; what was erased until then stays so.
    pub async fn erase(&self, number: &PhoneNumber) -> anyhow::Result<Erased> {
        // The first thing that is asked for also brings the tables up to date.
        self.store.forgotten().await?;
        let kept = match &self.configured_key {
            Some(_) => None,
            None => self.log.kept_key().await?,
        };
        let key = self.configured_key.as_ref().or(kept.as_ref());
        let key = key.context("the store keeps no key to find a number by; set the server's HASH_KEY")?;
        let hash = key.recipient(number).hash;
        let now = SystemClock.now();
        self.store
            .announce(&Forgotten { recipient_hash: hash.to_string(), until: now.plus(HEARD_WITHIN) })
            .await?;
        let mut erased = Erased::default();
        let query = Query { recipient_hash: Some(hash.to_string()), ..Query::default() };
        loop {
            let found = self.log.deliveries(&query, PAGE).await?;
            if found.is_empty() {
                break;
            }
            let events: Vec<_> = found.into_iter().map(|delivery| delivery.event).collect();
            let of_events = self.store.erase_events(&events, now.minus(REPLAYABLE)).await?;
            erased.events += of_events.events;
            erased.texts += of_events.texts;
        }
        let of_number = self.store.erase_number(&hash).await?;
        (erased.numbers, erased.test_codes) = (of_number.numbers, of_number.test_codes);
        self.erase_waiting(number, key, &mut erased).await?;
        Ok(erased)
    }

    /// Drops what waits for the app and names the number. Nothing but its content says so.
    async fn erase_waiting(
        &self,
        number: &PhoneNumber,
        key: &HashKey,
        erased: &mut Erased,
    ) -> Result<(), StoreError> {
        let mut last = 0;
        loop {
            let page = self.store.sealed_behind(last, PAGE).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = end.place;
            for item in &page {
                match key.open(&item.id, &item.sealed).as_deref().and_then(SignedRequest::read) {
                    Some(request) if mentions(&request.body, number) => {
                        let selection = Selection::One(item.id.clone());
                        erased.waiting += self.store.discard(&selection, SystemClock.now()).await?;
                    }
                    Some(_) => {}
                    None => erased.unreadable += 1,
                }
            }
        }
    }
}
