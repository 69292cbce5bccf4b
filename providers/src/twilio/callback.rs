//! Twilio's status callbacks: the signature first, then the status word.
//!
//! <https://www.twilio.com/docs/usage/webhooks/webhooks-security> and
//! <https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks>

use super::CODES;
use crate::form::fields;
use crate::{CallbackError, DeliveryStatus, RawCallback, Report, StatusCallback, StatusUpdate, Subject};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::time::SystemTime;

const SIGNATURE: &str = "x-twilio-signature";

/// The query parameter that binds a body which is not a form.
const BODY_HASH: &str = "bodySHA256";

/// The text was in Twilio's queue until its validity was over.
const EXPIRED: &str = "30036";

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
    fn verify(&self, raw: &RawCallback<'_>, _now: SystemTime) -> Result<Option<Report>, CallbackError> {
        let signature = raw.header(SIGNATURE).ok_or(CallbackError::Unsigned)?;
        let signature = STANDARD.decode(signature).map_err(|_| CallbackError::WrongSignature)?;

        let query: Fields = fields(raw.query().as_bytes())?.collect();
        let body_hash = field(&query, BODY_HASH);
        let form: Fields = match body_hash {
            Some(_) => Fields::new(),
            None => fields(raw.body)?.collect(),
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

/// The URL with and without its port: Twilio's back ends do not agree on which of them they sign. Everything
/// else stays as it came.
fn signed_urls(url: &str) -> [String; 2] {
    // The fragment configures Twilio's client and is not sent.
    let (url, _fragment) = url.split_once('#').unwrap_or((url, ""));
    let host_start = url.find("://").map_or(0, |colon| colon + 3);
    let host_end = url[host_start..].find(['/', '?']).map_or(url.len(), |length| host_start + length);
    let (before, rest) = url.split_at(host_end);
    let colon = before[host_start..].rfind(':').map(|colon| host_start + colon);
    let port = colon.filter(|colon| before[colon + 1..].bytes().all(|byte| byte.is_ascii_digit()));
    let without_port = &before[..port.unwrap_or(before.len())];
    let with_port = match port {
        Some(_) => before.to_owned(),
        None if url.starts_with("http://") => format!("{before}:80"),
        None => format!("{before}:443"),
    };
    [format!("{without_port}{rest}"), format!("{with_port}{rest}")]
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str())
}

fn read<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Result<Option<Report>, CallbackError> {
    let word = field("MessageStatus").or_else(|| field("SmsStatus")).ok_or(CallbackError::Malformed)?;
    let known = match word {
        "accepted" | "scheduled" | "queued" | "sending" => Some(DeliveryStatus::Accepted),
        "sent" => Some(DeliveryStatus::Sent),
        "delivered" | "read" => Some(DeliveryStatus::Delivered),
        // Twilio calls it a failure of another kind.
        "undelivered" | "failed" if field("ErrorCode") == Some(EXPIRED) => Some(DeliveryStatus::Expired),
        "undelivered" => Some(DeliveryStatus::Undelivered),
        "failed" | "canceled" => Some(DeliveryStatus::Failed),
        // Inbound texts, partial deliveries, and whatever Twilio invents next.
        _ => None,
    };
    let update = known.map(|status| StatusUpdate::new(status).with_code(field("ErrorCode"), &CODES));
    let message_id = field("MessageSid").or_else(|| field("SmsSid"));
    Ok(Some(Report::new(Subject::Address, word, update).with_message_id(message_id)))
}

#[cfg(test)]
mod tests;
