//! Status callbacks of the Messages API: a JWT over the hash of the body.
//!
//! <https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks>

use crate::client::scalar;
use crate::{CallbackError, DeliveryStatus, RawCallback, StatusCallback, StatusUpdate, VendorCode};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Vonage's tokens have no end of their own.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Verifies callbacks with the account's signature secret.
pub struct VonageMessagesCallback {
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Claims {
    iat: u64,
    payload_hash: String,
}

impl VonageMessagesCallback {
    /// A verifier for the account of this secret.
    pub fn new(secret: &SecretString) -> Self {
        Self { key: DecodingKey::from_secret(secret.expose_secret().as_bytes()) }
    }
}

impl StatusCallback for VonageMessagesCallback {
    fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<Option<StatusUpdate>, CallbackError> {
        let header = raw.headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value);
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(CallbackError::Unsigned)?;
        let mut validation = Validation::new(Algorithm::HS256);
        // There is no `exp`; the age is checked below, against the caller's clock.
        validation.validate_exp = false;
        validation.set_required_spec_claims::<&str>(&[]);
        let claims: Claims = jsonwebtoken::decode(token, &self.key, &validation)
            .map_err(|_| CallbackError::WrongSignature)?
            .claims;
        if claims.payload_hash.to_ascii_lowercase() != hex::encode(Sha256::digest(raw.body)) {
            return Err(CallbackError::WrongSignature);
        }
        let signed_at =
            UNIX_EPOCH.checked_add(Duration::from_secs(claims.iat)).ok_or(CallbackError::Malformed)?;
        if now.duration_since(signed_at).unwrap_or_else(|early| early.duration()) > TOLERANCE {
            return Err(CallbackError::Stale);
        }
        let body: Value = serde_json::from_slice(raw.body).map_err(|_| CallbackError::Malformed)?;
        let status = match body["status"].as_str().ok_or(CallbackError::Malformed)? {
            "submitted" => DeliveryStatus::Sent,
            "delivered" | "read" => DeliveryStatus::Delivered,
            "rejected" | "undeliverable" => DeliveryStatus::Failed,
            // Whatever Vonage invents next.
            _ => return Ok(None),
        };
        Ok(Some(StatusUpdate { status, code: scalar(&body["error"]["title"]).and_then(VendorCode::new) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;
    use url::Url;

    const NOW: u64 = 1_700_000_000;
    const BODY: &[u8] = br#"{"message_uuid":"m","status":"rejected","error":{"title":1260}}"#;

    fn token(algorithm: Algorithm, secret: &str, iat: u64, body: &[u8]) -> String {
        let claims = json!({"iat": iat, "jti": "j", "iss": "Vonage", "payload_hash": hex::encode(Sha256::digest(body))});
        jsonwebtoken::encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret.as_bytes()))
            .unwrap()
    }

    fn verify(authorization: Option<String>, body: &[u8]) -> Result<Option<StatusUpdate>, CallbackError> {
        let url: Url = "https://relay.example.com/callbacks/vonage/ref".parse().unwrap();
        let headers: Vec<_> =
            authorization.into_iter().map(|value| ("authorization".to_owned(), value)).collect();
        let callback = VonageMessagesCallback::new(&"signature secret".into());
        let raw = RawCallback { url: &url, headers: &headers, body };
        callback.verify(&raw, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn bearer(token: &str) -> Option<String> {
        Some(format!("Bearer {token}"))
    }

    #[test]
    fn a_signed_callback_is_believed() {
        let token = token(Algorithm::HS256, "signature secret", NOW - 10, BODY);
        let update = verify(bearer(&token), BODY).unwrap().unwrap();
        assert_eq!((update.status, update.code.unwrap().as_str()), (DeliveryStatus::Failed, "1260"));
    }

    #[test]
    fn a_callback_that_is_not_signed_so_is_refused() {
        assert_eq!(verify(None, BODY), Err(CallbackError::Unsigned));
        assert_eq!(verify(Some("Basic eDp5".into()), BODY), Err(CallbackError::Unsigned));
        let none = "eyJhbGciOiJub25lIn0.eyJpYXQiOjE3MDAwMDAwMDAsInBheWxvYWRfaGFzaCI6IiJ9.";
        for token in [
            none.to_owned(),
            token(Algorithm::HS256, "another secret", NOW, BODY),
            token(Algorithm::HS512, "signature secret", NOW, BODY),
            token(Algorithm::HS256, "signature secret", NOW, b"another body"),
        ] {
            assert_eq!(verify(bearer(&token), BODY), Err(CallbackError::WrongSignature), "{token}");
        }
        for iat in [NOW - 301, NOW + 301] {
            let token = token(Algorithm::HS256, "signature secret", iat, BODY);
            assert_eq!(verify(bearer(&token), BODY), Err(CallbackError::Stale));
        }
    }

    #[test]
    fn a_published_token_verifies_and_misses_the_hash_of_the_body() {
        // From the tests of Vonage's Python library, `jwt/tests/test_verify_jwt.py`.
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJPbmxpbmUgSldUIEJ1aWxkZXIiLCJpYXQiOjE2OTc2MzQ2ODAsImV4cCI6MzMyNTQ1NDA4MjgsImF1ZCI6IiIsInN1YiI6IiJ9.88vJc3I2HhuqEDixHXVhc9R30tA6U_HQHZTC29y6CGM";
        let key = DecodingKey::from_secret(b"qwertyuiopasdfghjklzxcvbnm123456");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_aud = false;
        assert!(jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok());
        assert_eq!(verify(bearer(token), BODY), Err(CallbackError::WrongSignature));
    }

    #[test]
    fn a_word_nobody_knows_is_no_news() {
        let body = br#"{"status":"teleported"}"#;
        let token = token(Algorithm::HS256, "signature secret", NOW, body);
        assert_eq!(verify(bearer(&token), body), Ok(None));
    }
}
