//! Status reports of the classic API: a GET whose URL a JWT covers.
//!
//! <https://developers.messagebird.com/api/#verifying-http-requests>. The older signature over timestamp,
//! query and body is not accepted: it leaves host and path unsigned.

use crate::{CallbackError, DeliveryStatus, RawCallback, StatusCallback, StatusUpdate, VendorCode};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

const SIGNATURE: &str = "messagebird-signature-jwt";
/// How far the vendor's clock may be off, in seconds, as in its own Node library.
const LEEWAY: u64 = 5;

/// Verifies reports with the account's signing key, which is not the access key.
pub struct MessageBirdCallback {
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    nbf: u64,
    exp: u64,
    jti: String,
    url_hash: String,
    payload_hash: Option<String>,
}

impl MessageBirdCallback {
    /// A verifier for the account of this signing key.
    pub fn new(signing_key: &SecretString) -> Self {
        Self { key: DecodingKey::from_secret(signing_key.expose_secret().as_bytes()) }
    }

    fn claims(&self, raw: &RawCallback<'_>) -> Result<Claims, CallbackError> {
        let header = raw.headers.iter().find(|(name, _)| name == SIGNATURE);
        let (_, token) = header.ok_or(CallbackError::Unsigned)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.algorithms = vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
        // Checked below, against the caller's clock.
        validation.validate_exp = false;
        validation.set_required_spec_claims::<&str>(&[]);
        let decoded = jsonwebtoken::decode(token, &self.key, &validation);
        Ok(decoded.map_err(|_| CallbackError::WrongSignature)?.claims)
    }
}

impl StatusCallback for MessageBirdCallback {
    fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<Option<StatusUpdate>, CallbackError> {
        let claims = self.claims(raw)?;
        // The hash of the body is there exactly if there is a body.
        let payload_hash = (!raw.body.is_empty()).then(|| hash(raw.body));
        let covers = claims.iss == "MessageBird"
            && !claims.jti.is_empty()
            && claims.url_hash == hash(raw.url.as_str().as_bytes())
            && claims.payload_hash == payload_hash;
        if !covers {
            return Err(CallbackError::WrongSignature);
        }
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if now > claims.exp.saturating_add(LEEWAY) || now.saturating_add(LEEWAY) < claims.nbf {
            return Err(CallbackError::Stale);
        }
        let fields: HashMap<_, _> = raw.url.query_pairs().collect();
        let status = match fields.get("status").ok_or(CallbackError::Malformed)?.as_ref() {
            "scheduled" | "buffered" => DeliveryStatus::Accepted,
            "sent" => DeliveryStatus::Sent,
            "delivered" => DeliveryStatus::Delivered,
            "expired" | "delivery_failed" => DeliveryStatus::Failed,
            // Whatever the vendor invents next.
            _ => return Ok(None),
        };
        Ok(Some(StatusUpdate { status, code: fields.get("statusErrorCode").and_then(VendorCode::new) }))
    }
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::{Value, json};
    use std::time::Duration;

    const NOW: u64 = 1_700_000_000;
    const URL: &str = "https://relay.example.com/callbacks/messagebird/ref?id=a&recipient=15551234567&status=delivery_failed&statusErrorCode=27&statusDatetime=2026-02-23T12:00:00+00:00";

    fn claims() -> Value {
        json!({"iss": "MessageBird", "nbf": NOW - 1, "exp": NOW + 59, "jti": "j", "url_hash": hash(URL.as_bytes())})
    }

    fn with(claim: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[claim] = value;
        claims
    }

    fn verify(
        algorithm: Algorithm,
        secret: &str,
        claims: &Value,
        body: &[u8],
    ) -> Result<Option<StatusUpdate>, CallbackError> {
        let token = jsonwebtoken::encode(
            &Header::new(algorithm),
            claims,
            &EncodingKey::from_secret(secret.as_bytes()),
        );
        let headers = [(SIGNATURE.to_owned(), token.unwrap())];
        let url = URL.parse().unwrap();
        let raw = RawCallback { url: &url, headers: &headers, body };
        MessageBirdCallback::new(&"signing key".into()).verify(&raw, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    #[test]
    fn a_signed_report_is_believed_by_each_algorithm_that_is_offered() {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let update = verify(algorithm, "signing key", &claims(), b"").unwrap().unwrap();
            assert_eq!((update.status, update.code.unwrap().as_str()), (DeliveryStatus::Failed, "27"));
        }
        let with_body = with("payload_hash", json!(hash(b"body")));
        assert!(verify(Algorithm::HS256, "signing key", &with_body, b"body").is_ok());
    }

    #[test]
    fn a_report_that_is_not_signed_so_is_refused() {
        for (claims, body, expected) in [
            (with("iss", json!("Somebody")), b"".as_slice(), CallbackError::WrongSignature),
            (with("jti", json!("")), b"", CallbackError::WrongSignature),
            (with("jti", Value::Null), b"", CallbackError::WrongSignature),
            (
                with("url_hash", json!(hash(b"https://relay.example.com/"))),
                b"",
                CallbackError::WrongSignature,
            ),
            (with("payload_hash", json!(hash(b""))), b"", CallbackError::WrongSignature),
            (claims(), b"body", CallbackError::WrongSignature),
            (with("payload_hash", json!(hash(b"other"))), b"body", CallbackError::WrongSignature),
            (with("exp", json!(NOW - 6)), b"", CallbackError::Stale),
            (with("nbf", json!(NOW + 6)), b"", CallbackError::Stale),
        ] {
            assert_eq!(verify(Algorithm::HS256, "signing key", &claims, body), Err(expected), "{claims}");
        }
        let wrong_key = verify(Algorithm::HS256, "access key", &claims(), b"");
        assert_eq!(wrong_key, Err(CallbackError::WrongSignature));
        let url = URL.parse().unwrap();
        let callback = MessageBirdCallback::new(&"signing key".into());
        for (headers, expected) in [
            (vec![], CallbackError::Unsigned),
            (
                vec![(SIGNATURE.to_owned(), "eyJhbGciOiJub25lIn0.e30.".to_owned())],
                CallbackError::WrongSignature,
            ),
        ] {
            let raw = RawCallback { url: &url, headers: &headers, body: b"" };
            assert_eq!(callback.verify(&raw, UNIX_EPOCH), Err(expected));
        }
    }

    #[test]
    fn the_published_hashes_are_ours() {
        // From the reference cases of MessageBird's Go library, `signature_jwt/testdata/reference.json`.
        assert!(hash(b"https://example.com/path?bar=1&foo=2").starts_with("41f05f0d"));
        assert!(hash(b"Hello, World!").starts_with("dffd6021"));
    }
}
