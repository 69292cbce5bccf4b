//! What was delivered, as an operator looks at it: beside the running servers, through the same store.

use crate::config::StoreSettings;
use crate::domain::{EventId, HashKey, Timestamp};
use crate::store::texts::{Only, Query};
use crate::store::{self, DeliveryLog, StoreError};
use anyhow::{Context, bail};
use secrecy::ExposeSecret;
use sms_providers::PhoneNumber;
use sms_providers::client::Network;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub use crate::store::texts::{Delivery, LoggedText, Text};

/// As many events are in memory at once.
const PAGE: u32 = 500;
/// What changes of an event that is older than this is not told by [`Changes`]: codes are dead by then, and reports in.
const STILL_CHANGES: Duration = Duration::from_secs(3600);
/// Changes are asked for with so much overlap: clocks differ, and a request is written down when it was answered.
const OVERLAP: Duration = Duration::from_secs(30);

/// The events of a `STORE_URL`.
pub struct OpenEvents {
    log: Arc<dyn DeliveryLog>,
    configured_key: Option<HashKey>,
}

/// Which events are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Those to the number of this hash.
    pub recipient_hash: Option<String>,
    /// Those that came at this time or later.
    pub since: Option<Timestamp>,
    /// Those that ended in this way.
    pub ending: Option<Ending>,
}

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// No text was taken, or the last report is of a failure.
    Failed,
    /// A text was taken, the code is dead, and nobody got in.
    Unverified,
    /// The guard refused it.
    Refused,
}

impl Wanted {
    fn query(&self, now: Timestamp) -> Query {
        let only = self.ending.map(|ending| match ending {
            Ending::Failed => Only::Failed,
            Ending::Unverified => Only::Unverified(now),
            Ending::Refused => Only::Refused,
        });
        Query { recipient_hash: self.recipient_hash.clone(), since: self.since, only, ..Query::default() }
    }
}

impl OpenEvents {
    /// Opens the store to look into it; a file that is not there is not made.
    ///
    /// # Errors
    /// If there is no store that anybody but the server can see.
    pub fn open(settings: &StoreSettings, network: &Network) -> anyhow::Result<Self> {
        if let Some(path) = settings.file().filter(|path| !path.exists()) {
            bail!(
                "STORE_URL names the file {}, which does not exist; run this where the server runs",
                path.display()
            );
        }
        let log = store::look_into(settings.url.expose_secret(), network.tls_config()?)?;
        let configured_key =
            settings.hash_key.as_ref().map(|key| HashKey::new(key.expose_secret().as_bytes()));
        Ok(Self { log, configured_key })
    }

    /// The hash by which the store knows a number.
    ///
    /// # Errors
    /// If the key is not known here, or the store fails.
    pub async fn hash(&self, number: &PhoneNumber) -> anyhow::Result<String> {
        if let Some(key) = &self.configured_key {
            return Ok(key.recipient(number).hash.to_string());
        }
        let kept = self.log.kept_key().await?;
        let key = kept.context("the store keeps no key to find a number by; set the server's HASH_KEY")?;
        Ok(key.recipient(number).hash.to_string())
    }

    /// All that is known of one event; `None` if it never came, or is forgotten.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn one(&self, id: EventId) -> Result<Option<Delivery>, StoreError> {
        let query = Query { event: Some(id), ..Query::default() };
        Ok(self.log.deliveries(&query, 1).await?.pop())
    }

    /// The latest `limit` of them, the oldest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn latest(
        &self,
        wanted: &Wanted,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.log.deliveries(&wanted.query(now), limit).await
    }

    /// All of them from [`Wanted::since`] on, the oldest first.
    pub fn walk(&self, wanted: &Wanted, now: Timestamp) -> Walk<'_> {
        let from = wanted.since.unwrap_or(Timestamp::from_millis(0));
        // Where it starts is said once: SQLite would search by the one time and go through all that lies between.
        let query = Query { after: Some((from, None)), since: None, ..wanted.query(now) };
        Walk { log: &*self.log, query, is_over: false }
    }
}

/// A walk through many events, of which a page is in memory.
pub struct Walk<'a> {
    log: &'a dyn DeliveryLog,
    query: Query,
    is_over: bool,
}

impl Walk<'_> {
    /// The next ones; none at the end.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn next(&mut self) -> Result<Vec<Delivery>, StoreError> {
        if self.is_over {
            return Ok(Vec::new());
        }
        let page = self.log.deliveries(&self.query, PAGE).await?;
        self.is_over = page.len() < PAGE as usize;
        if let Some(last) = page.last() {
            self.query.after = Some((last.came_at, Some(last.event.clone())));
        }
        Ok(page)
    }
}

/// Finds what is new: events that came, and events of which more is known than before.
pub struct Changes<'a> {
    events: &'a OpenEvents,
    wanted: Wanted,
    /// What was told of all that changed lately. What leaves it and changes again is found anew.
    told: HashMap<EventId, Delivery>,
    from: Timestamp,
}

impl<'a> Changes<'a> {
    /// Changes from now on.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn from_now_on(
        events: &'a OpenEvents,
        wanted: Wanted,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut changes = Self { events, wanted, told: HashMap::new(), from: now.minus(OVERLAP) };
        changes.next(now).await?;
        Ok(changes)
    }

    /// This was told by somebody else.
    pub fn known(&mut self, delivery: Delivery) {
        // Of what is older, nothing is found unless it changes.
        if self.told.contains_key(&delivery.event) || last_learnt(&delivery) >= self.from {
            self.told.insert(delivery.event.clone(), delivery);
        }
    }

    /// What is new, the oldest event first.
    ///
    /// # Errors
    /// If the store fails; what was new then is found by the next call within half a minute.
    pub async fn next(&mut self, now: Timestamp) -> Result<Vec<Delivery>, StoreError> {
        let horizon = now.minus(STILL_CHANGES);
        let since = self.wanted.since.map_or(horizon, |since| since.max(horizon));
        let mut walk = self.events.walk(&Wanted { since: Some(since), ..self.wanted.clone() }, now);
        walk.query.changed_since = Some(now.minus(OVERLAP));
        let (mut changed, mut new) = (HashMap::new(), Vec::new());
        loop {
            let page = walk.next().await?;
            if page.is_empty() {
                break;
            }
            for delivery in page {
                if self.told.get(&delivery.event) != Some(&delivery) {
                    new.push(delivery.clone());
                }
                changed.insert(delivery.event.clone(), delivery);
            }
        }
        self.told = changed;
        Ok(new)
    }
}

/// When the last thing became known of it, as far as it says.
fn last_learnt(delivery: &Delivery) -> Timestamp {
    let of_texts = delivery.texts.iter().flat_map(|text| {
        let request = text.request.as_ref();
        [text.status_at, request.map(|request| request.sent_at)]
    });
    of_texts.chain([delivery.verified_at]).flatten().fold(delivery.came_at, Timestamp::max)
}
