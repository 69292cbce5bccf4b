//! Neon's management API: how the branch's webhook and its phone-number plugin are configured.
//!
//! Neon may add fields and events at any time: what is not known is not looked at, and written back as it was.
//! An error holds neither the key nor a word of the reply.

mod ancestry;
mod error;
mod plugin;
mod webhook;

pub use ancestry::Ancestry;
pub use error::ApiError;
pub use plugin::{EXPIRES_IN_SECONDS, PhoneNumberPlugin};
pub use webhook::{EVENTS, TIMEOUT_SECONDS, Webhook};

use super::{parse_object, read_capped};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use url::Url;

const READ_TIMEOUT: Duration = Duration::from_secs(5);
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// One branch at Neon's management API.
#[derive(Clone)]
pub struct NeonApi {
    http: reqwest::Client,
    key: SecretString,
    /// What the documents are below.
    branch_url: Url,
}

/// A part of the branch's configuration: it is read whole, and written whole.
pub trait Document: Serialize + DeserializeOwned + Clone + PartialEq {
    /// Where it is, below the branch.
    const PATH: &'static str;
    /// How it is written.
    const METHOD: Method;

    /// Its fields by name, with values that may be shown: no user, password or query of a URL.
    fn rows(&self) -> Vec<(&'static str, String)>;

    /// The names of the fields in which Neon would behave otherwise than as `wanted`.
    fn differs_from(&self, wanted: &Self) -> Vec<&'static str>;
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
        let mut branch_url = base_url.clone();
        // A URL without a path, such as `mailto:`, stays as it is, and no request can be made of it.
        if let Ok(mut segments) = branch_url.path_segments_mut() {
            segments.pop_if_empty().extend(["projects", project_id, "branches", branch_id]);
        }
        Self { http, key, branch_url }
    }

    /// How the branch's webhook is configured.
    ///
    /// # Errors
    /// If Neon does not say.
    pub async fn webhook(&self) -> Result<Webhook, ApiError> {
        self.read().await
    }

    /// How the branch's phone-number plugin is configured.
    ///
    /// # Errors
    /// If Neon does not say.
    pub async fn phone_number(&self) -> Result<PhoneNumberPlugin, ApiError> {
        self.read().await
    }

    /// From which other branch this one came.
    ///
    /// # Errors
    /// If Neon does not say.
    pub async fn ancestry(&self) -> Result<Ancestry, ApiError> {
        let ancestry::Described { branch } = self.get("").await?;
        Ok(branch)
    }

    /// The same, for another branch of the project.
    #[must_use]
    pub fn of_branch(&self, branch_id: &str) -> Self {
        let mut branch_url = self.branch_url.clone();
        if let Ok(mut segments) = branch_url.path_segments_mut() {
            segments.pop().push(branch_id);
        }
        Self { branch_url, ..self.clone() }
    }

    /// A part of the configuration as it stands.
    ///
    /// # Errors
    /// If Neon does not say.
    pub async fn read<D: Document>(&self) -> Result<D, ApiError> {
        self.get(D::PATH).await
    }

    /// Writes a part of the configuration, all of it.
    ///
    /// # Errors
    /// If Neon does not say that it took it; without an answer, it may have.
    pub async fn write<D: Document>(&self, document: &D) -> Result<(), ApiError> {
        let request = self.request(D::METHOD, D::PATH).timeout(WRITE_TIMEOUT).json(document);
        let response = request.send().await.map_err(|error| ApiError::without_answer(&error))?;
        let status = response.status();
        if status.is_success() { Ok(()) } else { Err(ApiError::of(status)) }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let request = self.request(Method::GET, path).timeout(READ_TIMEOUT);
        let response = request.send().await.map_err(|error| ApiError::without_answer(&error))?;
        let status = response.status();
        if status != reqwest::StatusCode::OK {
            return Err(ApiError::of(status));
        }
        let document = read_capped(response).await.ok_or(ApiError::NotUnderstood)?;
        parse_object(&document).ok_or(ApiError::NotUnderstood)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.branch_url)).bearer_auth(self.key.expose_secret())
    }
}
