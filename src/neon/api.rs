//! Neon's management API: how the branch's webhook and its phone-number plugin are configured.
//!
//! It is read, and nothing is written. Neon may add fields and events at any time, so whatever is not needed is
//! not looked at. An error holds neither the key nor a word of the reply.

use super::{parse_object, read_capped};
use crate::domain::EventId;
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(5);
/// What Neon takes if nothing is set.
const DEFAULT_WEBHOOK_TIMEOUT: u64 = 5;

/// One branch at Neon's management API.
#[derive(Clone)]
pub struct NeonApi {
    http: reqwest::Client,
    key: SecretString,
    /// What both documents are below.
    auth_url: Url,
}

/// The branch's webhook.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Webhook {
    /// Whether Neon calls it.
    pub enabled: bool,
    webhook_url: Option<String>,
    enabled_events: Option<Vec<String>>,
    timeout_seconds: Option<u64>,
}

impl Webhook {
    /// Where Neon calls, if that is a URL.
    pub fn url(&self) -> Option<Url> {
        self.webhook_url.as_ref()?.parse().ok()
    }

    /// The names of the events that Neon sends; a name that is not name-like is left out rather than repeated.
    pub fn subscribed(&self) -> Vec<String> {
        let enabled = self.enabled_events.iter().flatten().filter(|_| self.enabled);
        enabled.filter(|name| EventId::new(name).is_some()).cloned().collect()
    }

    /// How long Neon waits for one attempt.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.unwrap_or(DEFAULT_WEBHOOK_TIMEOUT))
    }
}

/// The branch's phone-number plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct PhoneNumberPlugin {
    /// Whether users can sign in by phone number.
    pub enabled: bool,
}

/// Why Neon's API says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 401 or 403, or a key that cannot be sent.
    #[error("Neon's API refuses NEON_API_KEY")]
    Unauthorised,
    /// 404
    #[error("Neon's API knows no such NEON_PROJECT_ID and NEON_BRANCH_ID, or the branch has no Neon Auth")]
    NotFound,
    /// No answer came.
    #[error("Neon's API cannot be reached, or does not answer in time")]
    Unreachable,
    /// It answers with something else than what it documents.
    #[error("Neon's API answers with something that is not understood")]
    NotUnderstood,
    /// Any other status.
    #[error("Neon's API answers with status {0}")]
    Status(u16),
}

impl NeonApi {
    /// The API below `base_url`, for one branch of one project.
    pub fn new(
        http: reqwest::Client,
        base_url: &Url,
        key: SecretString,
        project_id: &str,
        branch_id: &str,
    ) -> Self {
        let mut auth_url = base_url.clone();
        // A URL without a path, such as `mailto:`, stays as it is, and no request can be made of it.
        if let Ok(mut segments) = auth_url.path_segments_mut() {
            segments.pop_if_empty().extend(["projects", project_id, "branches", branch_id, "auth"]);
        }
        Self { http, key, auth_url }
    }

    /// How the branch's webhook is configured.
    pub async fn webhook(&self) -> Result<Webhook, ApiError> {
        self.get("webhooks").await
    }

    /// How the branch's phone-number plugin is configured.
    pub async fn phone_number(&self) -> Result<PhoneNumberPlugin, ApiError> {
        self.get("plugins/phone-number").await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let request = self.http.get(format!("{}/{path}", self.auth_url)).timeout(TIMEOUT);
        let response = request.bearer_auth(self.key.expose_secret()).send().await.map_err(|error| {
            if error.is_builder() { ApiError::Unauthorised } else { ApiError::Unreachable }
        })?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(ApiError::Unauthorised),
            StatusCode::NOT_FOUND => return Err(ApiError::NotFound),
            other => return Err(ApiError::Status(other.as_u16())),
        }
        let document = read_capped(response).await.ok_or(ApiError::NotUnderstood)?;
        parse_object(&document).ok_or(ApiError::NotUnderstood)
    }
}
