//! Status callbacks of the Messages API: a JWT over the hash of the body.
//!
//! <https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks>

use super::messages::problem_code;
use super::{MESSAGES_CODES, is_fresh};
use crate::client::scalar;
use crate::{
    CallbackError, DeliveryStatus, MessageRef, Price, RawCallback, Report, StatusCallback, StatusUpdate,
    Subject,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::SystemTime;

/// The text's life was over before it could be delivered.
const EXPIRED: &str = "1360";

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
    fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<Option<Report>, CallbackError> {
        let header = raw.header("authorization");
        let token =
            header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(CallbackError::NotYetSigned)?;
        let mut validation = Validation::new(Algorithm::HS256);
        // There is no `exp`; the age is checked below, against the caller's clock.
        validation.validate_exp = false;
        // Whom else Vonage means is its own affair; without this, any `aud` at all is refused.
        validation.validate_aud = false;
        validation.set_required_spec_claims::<&str>(&[]);
        let claims: Claims = jsonwebtoken::decode(token, &self.key, &validation)
            .map_err(|_| CallbackError::WrongSignature)?
            .claims;
        if claims.payload_hash.to_ascii_lowercase() != hex::encode(Sha256::digest(raw.body)) {
            return Err(CallbackError::WrongSignature);
        }
        is_fresh(claims.iat, now)?;
        let body: Value = serde_json::from_slice(raw.body).map_err(|_| CallbackError::Malformed)?;
        // The token does not cover the address, so a report says itself which text it is about.
        let reference = scalar(&body["client_ref"]).and_then(|reference| MessageRef::from_wire(&reference));
        let about = Subject::Reference(reference.ok_or(CallbackError::Foreign)?);
        let word = body["status"].as_str().ok_or(CallbackError::Malformed)?;
        let code = problem_code(&body["error"]);
        let known = match word {
            "submitted" => Some(DeliveryStatus::Sent),
            "delivered" | "read" => Some(DeliveryStatus::Delivered),
            "rejected" | "undeliverable" if code.as_deref() == Some(EXPIRED) => Some(DeliveryStatus::Expired),
            "undeliverable" => Some(DeliveryStatus::Undelivered),
            "rejected" => Some(DeliveryStatus::Failed),
            // Whatever Vonage invents next.
            _ => None,
        };
        let segments = scalar(&body["sms"]["count_total"]);
        let price = price(&body["usage"]);
        let update = known.map(|status| {
            let update = StatusUpdate::new(status).with_code(code.as_deref(), &MESSAGES_CODES);
            update.with_bill(segments.as_deref(), price)
        });
        let message_id = scalar(&body["message_uuid"]);
        Ok(Some(Report::new(about, word, update).with_message_id(message_id.as_deref())))
    }
}

fn price(usage: &Value) -> Option<Price> {
    Price::parse(&scalar(&usage["price"])?, usage["currency"].as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FailureKind, VendorCode};
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    const NOW: u64 = 1_700_000_000;
    const BODY: &[u8] =
        br#"{"message_uuid":"m","client_ref":"ref","status":"rejected","error":{"title":1260}}"#;

    fn token(algorithm: Algorithm, secret: &str, iat: u64, body: &[u8]) -> String {
        let claims = json!({"iat": iat, "jti": "j", "iss": "Vonage", "payload_hash": hex::encode(Sha256::digest(body))});
        encode(algorithm, secret, &claims)
    }

    fn encode(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    fn verify(authorization: Option<String>, body: &[u8]) -> Result<Option<Report>, CallbackError> {
        let url = "https://relay.example.com/callbacks/vonage/ref";
        let headers: Vec<_> =
            authorization.into_iter().map(|value| ("authorization".to_owned(), value)).collect();
        let callback = VonageMessagesCallback::new(&"signature secret".into());
        let raw = RawCallback { url, headers: &headers, body };
        callback.verify(&raw, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn bearer(token: &str) -> Option<String> {
        Some(format!("Bearer {token}"))
    }

    #[test]
    fn a_signed_callback_is_believed() {
        let token = token(Algorithm::HS256, "signature secret", NOW - 10, BODY);
        let report = verify(bearer(&token), BODY).unwrap().unwrap();
        assert_eq!(report.about, Subject::Reference(MessageRef::new("ref")));
        assert_eq!(report.message_id.as_deref(), Some("m"));
        let update = report.update.unwrap();
        assert_eq!((update.status, update.code.unwrap().as_str()), (DeliveryStatus::Failed, "1260"));
        assert_eq!((update.kind, update.hint.is_some()), (Some(FailureKind::Unreachable), true));
    }

    #[test]
    fn a_report_that_vonage_repeats_after_hours_is_taken() {
        let token = token(Algorithm::HS256, "signature secret", NOW - 23 * 3600, BODY);
        assert!(verify(bearer(&token), BODY).is_ok());
    }

    #[test]
    fn the_code_is_found_in_the_type_where_the_title_is_a_sentence() {
        let body = br#"{"client_ref":"ref","status":"rejected","error":{"type":"https://developer.vonage.com/api-errors/messages#1240","title":"Opted out"}}"#;
        let token = token(Algorithm::HS256, "signature secret", NOW, body);
        let update = verify(bearer(&token), body).unwrap().unwrap().update.unwrap();
        assert_eq!((update.code.unwrap().as_str(), update.kind), ("1240", Some(FailureKind::OptedOut)));
    }

    #[test]
    fn a_text_whose_life_was_over_has_expired_whatever_vonage_calls_it() {
        for word in ["rejected", "undeliverable"] {
            let body = format!(r#"{{"client_ref":"ref","status":"{word}","error":{{"title":1360}}}}"#);
            let token = token(Algorithm::HS256, "signature secret", NOW, body.as_bytes());
            let update = verify(bearer(&token), body.as_bytes()).unwrap().unwrap().update.unwrap();
            assert_eq!((update.status, update.worth_resending()), (DeliveryStatus::Expired, None), "{word}");
        }
    }

    #[test]
    fn a_report_that_does_not_say_which_text_it_is_about_is_refused() {
        let body = br#"{"message_uuid":"m","status":"delivered"}"#;
        let token = token(Algorithm::HS256, "signature secret", NOW, body);
        assert_eq!(verify(bearer(&token), body), Err(CallbackError::Foreign));
    }

    #[test]
    fn a_token_is_judged_by_the_hash_of_the_body_and_not_by_its_audience() {
        let mut claims =
            json!({"iat": NOW, "aud": "somebody", "payload_hash": hex::encode(Sha256::digest(BODY))});
        let signed = |claims: &Value| bearer(&encode(Algorithm::HS256, "signature secret", claims));
        assert!(verify(signed(&claims), BODY).is_ok());
        claims.as_object_mut().unwrap().remove("payload_hash");
        assert_eq!(verify(signed(&claims), BODY), Err(CallbackError::WrongSignature));
    }

    #[test]
    fn a_callback_that_is_not_signed_so_is_refused() {
        assert_eq!(verify(None, BODY), Err(CallbackError::NotYetSigned));
        assert_eq!(verify(Some("Basic eDp5".into()), BODY), Err(CallbackError::NotYetSigned));
        let none = "eyJhbGciOiJub25lIn0.eyJpYXQiOjE3MDAwMDAwMDAsInBheWxvYWRfaGFzaCI6IiJ9.";
        for token in [
            none.to_owned(),
            token(Algorithm::HS256, "another secret", NOW, BODY),
            token(Algorithm::HS512, "signature secret", NOW, BODY),
            token(Algorithm::HS256, "signature secret", NOW, b"another body"),
        ] {
            assert_eq!(verify(bearer(&token), BODY), Err(CallbackError::WrongSignature), "{token}");
        }
        for iat in [NOW - 25 * 3600, NOW + 301] {
            let token = token(Algorithm::HS256, "signature secret", iat, BODY);
            assert_eq!(verify(bearer(&token), BODY), Err(CallbackError::Stale));
        }
    }

    #[test]
    fn a_published_token_verifies_and_misses_the_hash_of_the_body() {
        // From the tests of Vonage's Python library, `jwt/tests/test_verify_jwt.py`.
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJPbmxpbmUgSldUIEJ1aWxkZXIiLCJpYXQiOjE2OTc2MzQ2ODAsImV4cCI6MzMyNTQ1NDA4MjgsImF1ZCI6IiIsInN1YiI6IiJ9.88vJc3I2HhuqEDixHXVhc9R30tA6U_HQHZTC29y6CGM";
        let secret = "qwertyuiopasdfghjklzxcvbnm123456";
        let claims = |token: &str| {
            let mut validation = Validation::new(Algorithm::HS256);
            validation.validate_aud = false;
            jsonwebtoken::decode::<Value>(token, &DecodingKey::from_secret(secret.as_bytes()), &validation)
        };
        assert!(claims(token).is_ok() && claims(&token.replace("88vJ", "88vK")).is_err());
        let published = |token: &str| {
            let headers = [("authorization".to_owned(), format!("Bearer {token}"))];
            let raw = RawCallback { url: "https://relay.example.com/", headers: &headers, body: BODY };
            let at = UNIX_EPOCH + Duration::from_secs(1_697_634_680);
            VonageMessagesCallback::new(&secret.into()).verify(&raw, at)
        };
        assert_eq!(published(token), Err(CallbackError::WrongSignature));
        // The same claims with the hash are believed, so that it was the hash.
        let mut with_hash = claims(token).unwrap().claims;
        with_hash["payload_hash"] = hex::encode(Sha256::digest(BODY)).into();
        assert!(published(&encode(Algorithm::HS256, secret, &with_hash)).is_ok());
    }

    #[test]
    fn the_bill_of_the_whole_text_is_kept_exactly() {
        let body = br#"{"client_ref":"ref","status":"delivered","usage":{"currency":"EUR","price":"0.0333"},"sms":{"count_total":"2"}}"#;
        let token = token(Algorithm::HS256, "signature secret", NOW, body);
        let update = verify(bearer(&token), body).unwrap().unwrap().update.unwrap();
        assert_eq!((update.price, update.segments), (Price::from_micros(33_300, "EUR"), Some(2)));
    }

    #[test]
    fn a_word_nobody_knows_is_kept_and_changes_nothing() {
        let body = br#"{"status":"teleported","client_ref":"ref"}"#;
        let token = token(Algorithm::HS256, "signature secret", NOW, body);
        let report = verify(bearer(&token), body).unwrap().unwrap();
        assert_eq!((report.word, report.update), (VendorCode::new("teleported"), None));
    }
}
