//! The branch at Neon: what it is subscribed to, looked at from time to time, so that `/readyz` can tell of events
//! that nobody handles before the first of them fails; and how it is changed.

pub mod kept;
pub mod lending;
pub mod reach;
pub mod targets;
pub mod writing;

use crate::config::NeonApiSettings;
use crate::neon::api::NeonApi;
use crate::relay::Relay;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Where the relay takes Neon's events.
pub use crate::http::WEBHOOK as ROUTE;

/// How soon a change of the webhook is noticed.
const EVERY: Duration = Duration::from_secs(300);

/// The API for the configured branch.
pub fn api(settings: &NeonApiSettings, http: reqwest::Client) -> NeonApi {
    let NeonApiSettings { key, project_id, branch_id, base_url } = settings;
    NeonApi::new(http, base_url, key.clone(), project_id, branch_id)
}

/// Tells `subscribed` what Neon says, and the log what is new in it. While Neon says nothing, what it said
/// last stands.
pub(super) async fn watch(api: NeonApi, relay: Arc<Relay>, subscribed: watch::Sender<Vec<String>>) {
    let (mut told, mut failing) = (Vec::new(), false);
    loop {
        match api.webhook().await {
            Ok(webhook) => {
                failing = false;
                subscribed.send_replace(webhook.subscribed());
            }
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "cannot see which events the branch is subscribed to; trying again every five minutes");
            }
            Err(_) => {}
        }
        let warnings = relay.forwarding.warnings(&subscribed.borrow());
        for (event, problem) in warnings.iter().filter(|warning| !told.contains(*warning)) {
            tracing::warn!(event.name = event, "events that nobody handles: {problem}");
        }
        told = warnings;
        tokio::time::sleep(EVERY).await;
    }
}
