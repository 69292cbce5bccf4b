//! Variables that are read again while the server runs: who sends what, whose reports are believed, and the secrets of
//! both. A text or a request that is on its way keeps what it started with.

use super::assembly;
use super::branch;
use super::providers::{self, Configured};
use crate::config::{Changes, Given, Settings};
use crate::http::{Callbacks, TestAccess};
use crate::relay::Relay;
use actix_web::web::Data;
use sms_providers::FailoverChain;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Puts new settings in the place of those of a running server.
pub struct Reload {
    pub(super) relay: Arc<Relay>,
    pub(super) callbacks: Data<Callbacks>,
    pub(super) test_access: Data<TestAccess>,
    pub(super) http: reqwest::Client,
    pub(super) branch: BranchWatch,
    /// What the start read.
    pub(super) started_with: Given,
    /// What was read last.
    pub(super) latest: Given,
}

impl Reload {
    /// Takes over what can be; says what has changed since the last time. What cannot be taken over stays as it was at
    /// the start, and is named each time.
    ///
    /// # Errors
    /// If the settings are none to send with; nothing is taken over then.
    pub fn apply(&mut self, settings: &Settings) -> anyhow::Result<Changes> {
        let taken = settings.given.changes_since(&self.latest).taken;
        let left = settings.given.changes_since(&self.started_with).left;
        // Also if no variable has changed: one may name a file whose contents have.
        let Configured { senders, callbacks } = providers::configured(&settings.sms, &self.http);
        let base = self.callbacks.base.clone();
        let texting = assembly::texting_settings(settings, senders.order, base)?;
        self.relay.texting.replace(texting, FailoverChain::new(senders.chain), senders.listeners);
        self.callbacks.providers.send_replace(callbacks);
        self.test_access.0.send_replace(settings.test_numbers.token.clone());
        self.relay.forwarding.forwarder().sign_with(settings.forward.secret.clone());
        if taken.iter().any(|name| name == "NEON_API_KEY") {
            self.branch.start(settings, &self.relay, &self.http);
        }
        self.latest = settings.given.clone();
        Ok(Changes { taken, left })
    }
}

/// Looks at what the branch is subscribed to, while there is a key to do so.
pub(super) struct BranchWatch {
    pub(super) subscribed: watch::Sender<Vec<String>>,
    pub(super) running: Option<JoinHandle<()>>,
}

impl BranchWatch {
    /// Starts with these settings, in the place of what runs.
    pub(super) fn start(&mut self, settings: &Settings, relay: &Arc<Relay>, http: &reqwest::Client) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
        let Some(api) = &settings.neon_api else { return };
        let watched = (branch::api(api, http.clone()), relay.clone(), self.subscribed.clone());
        self.running = Some(relay.tasks.spawn_forever("branch_watch", move || {
            let (api, relay, subscribed) = watched.clone();
            branch::watch(api, relay, subscribed)
        }));
    }
}
