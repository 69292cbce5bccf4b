//! Whether everything around the relay is as it has to be: what `neon-sms-relay doctor` looks at.
//!
//! Each check looks at one thing, sends no text, and says in one line what it found and what to do. No line holds
//! a secret, the credentials of a URL, or a word of somebody else's reply.

mod branch;
mod clock;
mod order;
mod reach;
mod senders;
mod storage;

pub use branch::branch;
pub use clock::clock;
pub use order::order;
pub use reach::{forward_targets, public_url};
pub use senders::senders;
pub use storage::storage;

use crate::config::NeonSettings;
use crate::neon::keys::fetch;
use futures_util::future::join_all;
use std::time::Duration;
use url::Url;

/// Somebody looks at a terminal meanwhile.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// As it has to be.
    Ok,
    /// It works, and deserves a look.
    Warn,
    /// It cannot work like this.
    Fail,
    /// It could not be looked at, or need not be.
    Skip,
}

impl Status {
    /// The word in the table; the one that matters stands out.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
            Self::Skip => "skip",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub status: Status,
    /// What was looked at.
    pub name: String,
    /// What was found, and what to do about it.
    pub found: String,
}

impl Finding {
    /// A line.
    pub fn new(status: Status, name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { status, name: name.into(), found: found.into() }
    }
}

/// Whether Neon's keys can be had from each JWKS URL.
pub async fn keys(settings: &NeonSettings, http: &reqwest::Client) -> Vec<Finding> {
    join_all(settings.jwks_urls.iter().map(async |url| match fetch(http, url).await {
        Ok(set) => Finding::new(Status::Ok, "keys", format!("{} usable at {}", set.len(), shown(url))),
        Err(reason) => Finding::new(
            Status::Fail,
            "keys",
            format!("none from {}: {reason}; check NEON_AUTH_URL, or set NEON_JWKS_URL", shown(url)),
        ),
    }))
    .await
}

/// A URL without what may be secret in it: user, password, query.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}
