//! Twilio's status callbacks: the signature first, then the status word.
//!
//! <https://www.twilio.com/docs/usage/webhooks/webhooks-security> and
//! <https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks>

use crate::{CallbackError, DeliveryStatus, RawCallback, StatusCallback, StatusUpdate, VendorCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::time::SystemTime;
use url::{Url, form_urlencoded};

const SIGNATURE: &str = "x-twilio-signature";

/// The query parameter that binds a body which is not a form.
const BODY_HASH: &str = "bodySHA256";

/// Names and values, sorted and without doubles, as Twilio signs them.
type Fields = BTreeSet<(String, String)>;

/// Verifies callbacks with the account's auth token.
///
/// A signature carries no time, so there is nothing to call stale: a report that is replayed says again
/// what it said before.
pub struct TwilioCallback {
    auth_token: SecretString,
}

impl TwilioCallback {
    /// A verifier for the account of this auth token; an API key's secret does not verify anything.
    pub fn new(auth_token: SecretString) -> Self {
        Self { auth_token }
    }

    /// HMAC-SHA1 over the URL and every name and value, each right behind the other.
    fn is_signed(&self, url: &str, fields: &Fields, signature: &[u8]) -> bool {
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(self.auth_token.expose_secret().as_bytes()) else {
            return false;
        };
        mac.update(url.as_bytes());
        for (name, value) in fields {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        mac.verify_slice(signature).is_ok()
    }
}

impl StatusCallback for TwilioCallback {
    fn verify(&self, raw: &RawCallback<'_>, _now: SystemTime) -> Result<Option<StatusUpdate>, CallbackError> {
        let signature = raw.headers.iter().find(|(name, _)| name == SIGNATURE);
        let (_, signature) = signature.ok_or(CallbackError::Unsigned)?;
        let signature = STANDARD.decode(signature).map_err(|_| CallbackError::WrongSignature)?;

        let query: Fields = raw.url.query_pairs().into_owned().collect();
        let body_hash = query.iter().find(|(name, _)| name == BODY_HASH).map(|(_, hash)| hash);
        let form = match body_hash {
            Some(_) => Fields::new(),
            None => form_urlencoded::parse(raw.body).into_owned().collect(),
        };
        let mut urls = signed_urls(raw.url).into_iter();
        if !urls.any(|url| self.is_signed(&url, &form, &signature)) {
            return Err(CallbackError::WrongSignature);
        }
        if body_hash.is_some_and(|hash| *hash != hex::encode(Sha256::digest(raw.body))) {
            return Err(CallbackError::WrongSignature);
        }
        // A callback by GET has its fields in the query, where the signed URL covers them.
        read(|name| field(&form, name).or_else(|| field(&query, name)))
    }
}

/// The URL with and without its port: Twilio's back ends do not agree on which of them they sign.
fn signed_urls(url: &Url) -> [String; 2] {
    let mut url = url.clone();
    // The fragment configures Twilio's client and is not sent.
    url.set_fragment(None);
    let mut without_port = url.clone();
    // Fails only for a URL without a host, which has no port either.
    let _ = without_port.set_port(None);
    let host_end = url::Position::AfterHost;
    let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    let with_port =
        format!("{}{port}{}", &without_port[..host_end], &without_port[url::Position::BeforePath..]);
    [without_port.into(), with_port]
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str())
}

fn read<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Result<Option<StatusUpdate>, CallbackError> {
    let word = field("MessageStatus").or_else(|| field("SmsStatus")).ok_or(CallbackError::Malformed)?;
    let status = match word {
        "accepted" | "scheduled" | "queued" | "sending" => DeliveryStatus::Accepted,
        "sent" => DeliveryStatus::Sent,
        "delivered" | "read" => DeliveryStatus::Delivered,
        "undelivered" | "failed" | "canceled" => DeliveryStatus::Failed,
        // Inbound texts, partial deliveries, and whatever Twilio invents next.
        _ => return Ok(None),
    };
    Ok(Some(StatusUpdate { status, code: field("ErrorCode").and_then(VendorCode::new) }))
}

#[cfg(test)]
mod tests;
