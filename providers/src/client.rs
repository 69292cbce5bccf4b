//! The one HTTP client: time-outs, no redirects, one TLS configuration, capped replies.
//!
//! It also draws the line that matters most to a sender: failed before the request could have been
//! written ([`FailureKind::Unavailable`]) or after it ([`FailureKind::Unknown`]).

pub use crate::network::{Network, ProxyError, RootsError};
use crate::{FailureKind, NetworkCause, SendError};
use http_body_util::{BodyExt, Limited};
use reqwest::header::RETRY_AFTER;
use reqwest::{Body, RequestBuilder, Response, StatusCode};
use std::time::Duration;
use url::Url;

/// Time to a connected and encrypted socket. Below the shortest slice of a failover chain, so that a
/// host that does not answer is known to have received nothing.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest exchange that anyone waits for; callers usually give up earlier.
pub(crate) const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);

/// A vendor may close an idle connection just as we write to it, which looks like "no verdict"; the
/// shorter a connection idles, the rarer that is.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// More than any documented reply, far less than what could hurt.
const REPLY_LIMIT: usize = 64 * 1024;

/// The TLS configuration of a network that is reached directly.
///
/// # Errors
/// Those of [`Network::tls_config`].
pub fn tls_config() -> Result<rustls::ClientConfig, rustls::Error> {
    Network::default().tls_config()
}

/// A client that reaches everything directly, whatever the environment says: for what is on this machine.
///
/// # Errors
/// Those of [`Network::http_client`].
pub fn http_client() -> Result<reqwest::Client, Box<dyn std::error::Error + Send + Sync>> {
    Network::default().http_client()
}

/// What came back from a vendor.
#[derive(Debug)]
pub struct VendorReply {
    /// The HTTP status.
    pub status: StatusCode,
    /// `Retry-After` in seconds, where it is a number.
    pub retry_after: Option<Duration>,
    /// The whole body; `None` if it broke off or was larger than 64 KiB.
    pub body: Option<Vec<u8>>,
}

impl VendorReply {
    /// The body as `T`; `None` if it is missing, not JSON, or of another shape.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.body.as_deref()?).ok()
    }

    /// The kind of a failure about which only the HTTP status is known.
    ///
    /// A 2xx without an understood body, a redirect and a 5xx leave open whether a text was sent. A
    /// 4xx is a refusal: of our credentials, of our speed, or of a request we should not have made.
    pub fn kind_by_status(&self) -> FailureKind {
        match self.status.as_u16() {
            429 => FailureKind::Throttled,
            408 => FailureKind::Unknown,
            400..=499 => FailureKind::Misconfigured,
            _ => FailureKind::Unknown,
        }
    }
}

/// Sends a request and reads the reply.
///
/// # Errors
/// `Misconfigured` if a setting makes the request impossible, such as a key with a line break in it;
/// `Unavailable` if no connection came about, `Unknown` if it broke or timed out later.
pub async fn exchange(request: RequestBuilder) -> Result<VendorReply, SendError> {
    let response = request.send().await.map_err(|error| {
        let cause = NetworkCause::of(&error).as_str();
        match (error.is_builder(), error.is_connect()) {
            (true, _) => SendError::new(FailureKind::Misconfigured),
            (false, true) => SendError::new(FailureKind::Unavailable).with_hint(cause),
            (false, false) => SendError::new(FailureKind::Unknown).with_hint(cause),
        }
    })?;
    let status = response.status();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    Ok(VendorReply { status, retry_after, body: read_capped(response).await })
}

async fn read_capped(response: Response) -> Option<Vec<u8>> {
    let body = Limited::new(Body::from(response), REPLY_LIMIT);
    Some(body.collect().await.ok()?.to_bytes().to_vec())
}

/// A value that one vendor writes as a number and another, or the same one tomorrow, as text.
pub(crate) fn scalar(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The address of `path` below `base`, which may have a path of its own.
pub fn endpoint(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    // A URL without a path, such as `mailto:`, stays as it is, and no request can be made of it.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::SendReceipt;
    use proptest::prelude::*;

    /// A reply for the tests of the adapters.
    pub(crate) fn reply(status: u16, body: &[u8]) -> VendorReply {
        let status = StatusCode::from_u16(status).unwrap();
        VendorReply { status, retry_after: None, body: Some(body.to_vec()) }
    }

    /// Holds an adapter's reading of replies to what must be true of any bytes.
    pub(crate) fn assert_no_reply_succeeds_without_an_id(
        read: fn(&VendorReply) -> Result<SendReceipt, SendError>,
    ) {
        proptest!(|(status in 200_u16..600, body in proptest::collection::vec(any::<u8>(), 0..200))| {
            if let Ok(receipt) = read(&reply(status, &body)) {
                prop_assert!(receipt.message_id.is_some());
            }
        });
    }
}
