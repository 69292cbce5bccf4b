//! The signature of Standard Webhooks, by which Bird's platform signs its events.
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>. It covers the
//! event's id, the time and the body, and no address.

use crate::{CallbackError, RawCallback, window};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::time::{Duration, SystemTime};

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// One for each secret while a secret is replaced; more are not looked at.
const MOST_SIGNATURES: usize = 8;

/// The secret of a webhook, `whsec_…`.
#[derive(Debug, Clone)]
pub struct WebhookSecret(SecretString);

/// The text is not a webhook's secret. Holds nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a webhook's secret of the form whsec_…")]
pub struct WebhookSecretError;

impl WebhookSecret {
    /// Takes the secret that the dashboard shows for a webhook.
    ///
    /// # Errors
    /// If it is none: `whsec_` and base64 behind it.
    pub fn new(secret: SecretString) -> Result<Self, WebhookSecretError> {
        let secret = Self(secret);
        if secret.key().is_some_and(|key| !key.is_empty()) { Ok(secret) } else { Err(WebhookSecretError) }
    }

    fn key(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.0.expose_secret().strip_prefix("whsec_")?).ok()
    }

    /// Checks the signature of an event.
    ///
    /// # Errors
    /// If it is missing, wrong, or from another time.
    pub(super) fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<(), CallbackError> {
        let header = |name| raw.header(name).ok_or(CallbackError::Unsigned);
        let (id, timestamp, signatures) = (header(ID)?, header(TIMESTAMP)?, header(SIGNATURE)?);
        let key = self.key().ok_or(CallbackError::WrongSignature)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| CallbackError::WrongSignature)?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", raw.body] {
            mac.update(part);
        }
        let is_ours = |signature: &str| {
            let signature = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
            signature.is_some_and(|signature| mac.clone().verify_slice(&signature).is_ok())
        };
        if !signatures.split(' ').take(MOST_SIGNATURES).any(is_ours) {
            return Err(CallbackError::WrongSignature);
        }
        // Every try is signed anew, so the clocks' difference is all there is.
        window::check(timestamp.parse().map_err(|_| CallbackError::Malformed)?, Duration::ZERO, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    /// The example of the specification's libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const PUBLISHED: [(&str, &str); 3] = [
        (ID, "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        (TIMESTAMP, "1614265330"),
        (SIGNATURE, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn verify_at(seconds: u64, headers: [(&str, &str); 3], body: &[u8]) -> Result<(), CallbackError> {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let raw =
            RawCallback { url: "https://relay.example.com/callbacks/messagebird", headers: &headers, body };
        let secret = WebhookSecret::new(SECRET.into()).unwrap();
        secret.verify(&raw, UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn verify(headers: [(&str, &str); 3], body: &[u8]) -> Result<(), CallbackError> {
        verify_at(1_614_265_330, headers, body)
    }

    fn with(name: &str, value: &'static str) -> [(&'static str, &'static str); 3] {
        PUBLISHED.map(|(header, original)| (header, if header == name { value } else { original }))
    }

    #[test]
    fn the_published_vector_verifies_and_nothing_that_was_altered_does() {
        assert_eq!(verify(PUBLISHED, BODY), Ok(()));
        for (name, value) in [
            (ID, "msg_p5jXN8AQM9LWM0D4loKWxJeK"),
            (TIMESTAMP, "1614265331"),
            (TIMESTAMP, "soon"),
            (SIGNATURE, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="),
            (SIGNATURE, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            (SIGNATURE, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            (SIGNATURE, ""),
        ] {
            assert_eq!(verify(with(name, value), BODY), Err(CallbackError::WrongSignature), "{name} {value}");
        }
        assert_eq!(verify(PUBLISHED, br#"{"test": 2432232315}"#), Err(CallbackError::WrongSignature));
        assert_eq!(verify(PUBLISHED, b""), Err(CallbackError::WrongSignature));
    }

    #[test]
    fn one_right_signature_among_several_is_enough_and_a_flood_of_them_is_not_looked_at() {
        let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let after = |n| format!("{}{right}", "v1,AAAA ".repeat(n)).leak() as &'static str;
        assert_eq!(verify(with(SIGNATURE, after(1)), BODY), Ok(()));
        assert_eq!(verify(with(SIGNATURE, after(7)), BODY), Ok(()));
        assert_eq!(verify(with(SIGNATURE, after(8)), BODY), Err(CallbackError::WrongSignature));
    }

    #[test]
    fn an_event_is_believed_for_five_minutes_and_not_from_the_future() {
        for (seconds, expected) in [(300, Ok(())), (301, Err(CallbackError::Stale))] {
            assert_eq!(verify_at(1_614_265_330 + seconds, PUBLISHED, BODY), expected);
            assert_eq!(verify_at(1_614_265_330 - seconds, PUBLISHED, BODY), expected);
        }
    }

    #[test]
    fn an_event_without_one_of_its_headers_is_unsigned() {
        for (missing, _) in PUBLISHED {
            let headers = PUBLISHED.map(|(name, value)| (if name == missing { "x" } else { name }, value));
            assert_eq!(verify(headers, BODY), Err(CallbackError::Unsigned), "{missing}");
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_and_a_secret_is_not_shown() {
        for text in ["", "whsec_", "whsec_not base64", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert_eq!(WebhookSecret::new(text.into()).unwrap_err(), WebhookSecretError, "{text}");
        }
        assert!(!format!("{:?}", WebhookSecret::new(SECRET.into())).contains("MfKQ"));
    }
}
