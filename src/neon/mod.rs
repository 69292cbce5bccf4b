//! Neon's wire: bytes and headers in, [`VerifiedDelivery`] out.
//!
//! Nothing of the body is parsed before its signature holds. The module knows what Neon sends and not
//! what is done about it. There is no shared secret: Neon signs with Ed25519 and publishes the keys.

pub mod api;
pub mod envelope;
pub mod error;
pub mod headers;
pub mod jwks;
pub mod jws;
pub mod keys;
mod waiting;

pub use error::VerifyError;
pub use keys::{HttpKeySource, KeyError, KeyRefresher, KeySource};

use crate::domain::{EndpointId, Event, SignedRequest, Timestamp};
use bytes::Bytes;
use headers::SignatureHeaders;
use http_body_util::{BodyExt, Limited};
use jws::DetachedJws;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// More than any document of Neon's, far less than what could hurt.
const DOCUMENT_LIMIT: usize = 64 * 1024;

/// An event that Neon signed, for a branch that this relay serves. Only [`Verifier`] makes one.
#[derive(Debug, Clone)]
pub struct VerifiedDelivery {
    event: Event,
    attempt: Option<u8>,
    request: SignedRequest,
}

impl VerifiedDelivery {
    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Which of Neon's attempts this claims to be; unsigned, for logs only.
    pub fn attempt(&self) -> Option<u8> {
        self.attempt
    }

    /// What Neon sent, for an app that verifies it again.
    pub fn request(&self) -> &SignedRequest {
        &self.request
    }
}

/// Which branches are served. A Neon branch inherits its parent's webhook URL and keys, so a valid
/// signature does not say that an event is meant for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoints {
    /// Events of any endpoint.
    Any,
    /// Events of these endpoints, and events that name none.
    Only(HashSet<EndpointId>),
}

impl Endpoints {
    fn serves(&self, endpoint: Option<&EndpointId>) -> bool {
        match self {
            Self::Any => true,
            Self::Only(served) => endpoint.is_none_or(|endpoint| served.contains(endpoint)),
        }
    }
}

/// Decides whether a request is Neon's.
pub struct Verifier {
    keys: Arc<dyn KeySource>,
    tolerance: Duration,
    endpoints: Endpoints,
}

impl Verifier {
    /// A verifier that accepts timestamps within `tolerance` of now, in both directions.
    pub fn new(keys: Arc<dyn KeySource>, tolerance: Duration, endpoints: Endpoints) -> Self {
        Self { keys, tolerance, endpoints }
    }

    /// Whether there are keys to verify with.
    pub fn is_ready(&self) -> bool {
        self.keys.is_ready()
    }

    /// Verifies one request: its headers whose names start with [`headers::PREFIX`], in lower case, and its
    /// raw body. If the key is not known it waits for the keys to be fetched; whoever calls has a deadline.
    pub async fn verify(
        &self,
        neon_headers: Vec<(String, Vec<u8>)>,
        body: Bytes,
        now: Timestamp,
    ) -> Result<VerifiedDelivery, VerifyError> {
        let request = SignedRequest { headers: neon_headers, body };
        let headers = SignatureHeaders::parse(|wanted| {
            request.headers.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value.as_slice())
        })?;
        if headers.timestamp.distance(now) > self.tolerance {
            return Err(VerifyError::Stale);
        }
        let jws = DetachedJws::parse(&headers.signature)?;
        let key = self.keys.key(&headers.kid).await.map_err(|error| match error {
            KeyError::Unknown => VerifyError::UnknownKey,
            KeyError::Unavailable => VerifyError::KeysUnavailable,
        })?;
        jws.verify(&key, &headers.timestamp_text, &request.body)?;
        let event = envelope::read(&request.body)?;
        if headers.event_id.is_some_and(|id| id != event.id.as_str()) {
            return Err(VerifyError::Disagrees(headers::EVENT_ID));
        }
        if headers.event_type.is_some_and(|name| name != event.name) {
            return Err(VerifyError::Disagrees(headers::EVENT_TYPE));
        }
        if !self.endpoints.serves(event.endpoint.as_ref()) {
            return Err(VerifyError::ForeignEndpoint);
        }
        Ok(VerifiedDelivery { event, attempt: headers.attempt, request })
    }
}

/// Parses a JSON object. A list of the same values, which serde would also take for a struct, is none.
fn parse_object<'a, T: serde::Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    let is_object = json.trim_ascii_start().starts_with(b"{");
    is_object.then(|| serde_json::from_slice(json).ok())?
}

/// The whole body; `None` if it broke off or is too large.
async fn read_capped(response: reqwest::Response) -> Option<Bytes> {
    let body = Limited::new(reqwest::Body::from(response), DOCUMENT_LIMIT);
    Some(body.collect().await.ok()?.to_bytes())
}
