//! Whether an address in the world leads to this very process.

use crate::http::WEBHOOK;
use serde::Deserialize;
use sms_providers::NetworkCause;
use sms_providers::client::endpoint;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(5);
/// A new name takes some seconds to be known everywhere.
const PAUSE: Duration = Duration::from_secs(1);

/// Why an address is not ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReachError {
    /// Somebody else is there.
    #[error("it leads to something else than this relay")]
    Elsewhere,
    /// Nobody came through to us.
    #[error("this relay cannot be reached there: {0}")]
    NotThrough(String),
}

#[derive(Deserialize)]
struct Alive {
    instance: Option<String>,
}

/// The relay's route for Neon's events, below an address.
pub fn webhook_below(url: &Url) -> Url {
    endpoint(url, &WEBHOOK.trim_start_matches('/').split('/').collect::<Vec<_>>())
}

/// Asks `url` for its `/livez` until it is this process, by its name, that answers; at least once.
///
/// # Errors
/// If another one answers, or none does within `patience`.
pub async fn leads_here(
    http: &reqwest::Client,
    url: &Url,
    instance: &str,
    patience: Duration,
) -> Result<(), ReachError> {
    let deadline = Instant::now() + patience;
    loop {
        let failed = match ask(http, url).await {
            Ok(Some(alive)) if alive.instance.as_deref() == Some(instance) => return Ok(()),
            Ok(_) => return Err(ReachError::Elsewhere),
            Err(failed) => failed,
        };
        if timeout_at(deadline, sleep(PAUSE)).await.is_err() {
            return Err(failed);
        }
    }
}

/// Whether a server answers there as a relay does.
pub async fn is_answered(http: &reqwest::Client, url: &Url) -> bool {
    let mut base = url.clone();
    base.set_path("/");
    base.set_query(None);
    ask(http, &base).await.is_ok()
}

/// What a server that lives says: `None` if it is something else than a relay.
async fn ask(http: &reqwest::Client, url: &Url) -> Result<Option<Alive>, ReachError> {
    let asked = http.get(endpoint(url, &["livez"])).timeout(TIMEOUT).send().await;
    let reply = asked.map_err(|error| ReachError::NotThrough(NetworkCause::of(&error).to_string()))?;
    if !reply.status().is_success() {
        // The tunnel's own servers, as long as they do not find its other end.
        return Err(ReachError::NotThrough(format!("the answer is {}", reply.status().as_u16())));
    }
    Ok(reply.json().await.ok())
}
