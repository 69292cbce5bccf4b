//! Status reports of the classic API: a GET whose URL a JWT covers.
//!
//! <https://developers.messagebird.com/api/#verifying-http-requests>. The older signature over timestamp,
//! query and body is not accepted: it leaves host and path unsigned.

use super::CLASSIC_REPORT_CODES;
use crate::form::fields;
use crate::{
    CallbackError, DeliveryStatus, Price, RawCallback, Report, StatusCallback, StatusUpdate, Subject,
};
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
        let token = raw.header(SIGNATURE).ok_or(CallbackError::Unsigned)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.algorithms = vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
        // Checked below, against the caller's clock.
        validation.validate_exp = false;
        // Whom else the vendor means is its own affair; without this, any `aud` at all is refused.
        validation.validate_aud = false;
        validation.set_required_spec_claims::<&str>(&[]);
        let decoded = jsonwebtoken::decode(token, &self.key, &validation);
        Ok(decoded.map_err(|_| CallbackError::WrongSignature)?.claims)
    }
}

impl StatusCallback for MessageBirdCallback {
    fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<Option<Report>, CallbackError> {
        let claims = self.claims(raw)?;
        // The hash of the body is there exactly if there is a body.
        let payload_hash = (!raw.body.is_empty()).then(|| hash(raw.body));
        let covers = claims.iss == "MessageBird"
            && !claims.jti.is_empty()
            && claims.url_hash == hash(raw.url.as_bytes())
            && claims.payload_hash == payload_hash;
        if !covers {
            return Err(CallbackError::WrongSignature);
        }
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if now > claims.exp.saturating_add(LEEWAY) || now.saturating_add(LEEWAY) < claims.nbf {
            return Err(CallbackError::Stale);
        }
        let fields: HashMap<_, _> = fields(raw.query().as_bytes())?.collect();
        let field = |name: &str| fields.get(name).map(String::as_str);
        let word = field("status").ok_or(CallbackError::Malformed)?;
        let known = match word {
            "scheduled" | "buffered" => Some(DeliveryStatus::Accepted),
            "sent" => Some(DeliveryStatus::Sent),
            "delivered" => Some(DeliveryStatus::Delivered),
            "delivery_failed" => Some(DeliveryStatus::Undelivered),
            "expired" => Some(DeliveryStatus::Expired),
            // Whatever the vendor invents next.
            _ => None,
        };
        // Code 0 is a failure without a cause only where there is a failure.
        let code = field("statusErrorCode").filter(|code| *code != "0" || word == "delivery_failed");
        let price = Option::zip(field("price[amount]"), field("price[currency]"));
        let price = price.and_then(|(amount, currency)| Price::parse(amount, currency));
        let update = known.map(|status| {
            let update = StatusUpdate::new(status).with_code(code, &CLASSIC_REPORT_CODES);
            update.with_bill(field("messagePartCount"), price)
        });
        Ok(Some(Report::new(Subject::Address, word, update).with_message_id(field("id"))))
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
    ) -> Result<Option<Report>, CallbackError> {
        let token = jsonwebtoken::encode(
            &Header::new(algorithm),
            claims,
            &EncodingKey::from_secret(secret.as_bytes()),
        );
        let headers = [(SIGNATURE.to_owned(), token.unwrap())];
        let raw = RawCallback { url: URL, headers: &headers, body };
        MessageBirdCallback::new(&"signing key".into()).verify(&raw, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    #[test]
    fn a_signed_report_is_believed_by_each_algorithm_that_is_offered() {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let report = verify(algorithm, "signing key", &claims(), b"").unwrap().unwrap();
            assert_eq!((report.about, report.message_id.as_deref()), (Subject::Address, Some("a")));
            let update = report.update.unwrap();
            assert_eq!((update.status, update.code.unwrap().as_str()), (DeliveryStatus::Undelivered, "27"));
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
        let callback = MessageBirdCallback::new(&"signing key".into());
        for (headers, expected) in [
            (vec![], CallbackError::Unsigned),
            (
                vec![(SIGNATURE.to_owned(), "eyJhbGciOiJub25lIn0.e30.".to_owned())],
                CallbackError::WrongSignature,
            ),
        ] {
            let raw = RawCallback { url: URL, headers: &headers, body: b"" };
            assert_eq!(callback.verify(&raw, UNIX_EPOCH), Err(expected));
        }
    }

    #[test]
    fn a_report_for_whomever_is_believed_if_the_rest_holds() {
        assert!(verify(Algorithm::HS256, "signing key", &with("aud", json!("somebody")), b"").is_ok());
    }

    /// One of MessageBird's own cases; `valid` ones are no status reports, so they end as malformed.
    #[derive(Deserialize)]
    struct Case {
        name: String,
        methods: Vec<String>,
        secret: Option<String>,
        url: String,
        payload: Option<String>,
        timestamp: String,
        token: String,
        valid: bool,
        reason: Option<String>,
    }

    impl Case {
        fn verdict(&self, token: &str, url: &str, body: &str) -> CallbackError {
            self.verdict_of(SIGNATURE, 0, token, url, body)
        }

        fn verdict_of(&self, header: &str, later: u64, token: &str, url: &str, body: &str) -> CallbackError {
            let headers = [(header.to_owned(), token.to_owned())];
            let raw = RawCallback { url, headers: &headers, body: body.as_bytes() };
            let callback = MessageBirdCallback::new(&self.secret.clone().unwrap_or_default().into());
            callback.verify(&raw, UNIX_EPOCH + Duration::from_secs(1_625_479_200 + later)).unwrap_err()
        }
    }

    #[test]
    fn every_case_that_messagebird_publishes_ends_as_it_says_and_tampered_with_it_is_refused() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../../fixtures/messagebird/signature_jwt.json")).unwrap();
        assert_eq!(cases.iter().map(|case| case.methods.len()).sum::<usize>(), 43);
        for case in cases {
            assert_eq!(case.timestamp, "2021-07-05T12:00:00+02:00", "the time in `verdict`");
            let body = case.payload.as_deref().unwrap_or_default();
            let is_stale = case.reason.as_ref().is_some_and(|why| why.contains("nbf") || why.contains("exp"));
            let expected = match case.valid {
                true => CallbackError::Malformed,
                false if is_stale => CallbackError::Stale,
                false => CallbackError::WrongSignature,
            };
            assert_eq!(case.verdict(&case.token, &case.url, body), expected, "{}", case.name);

            if case.valid {
                let later = case.verdict_of(SIGNATURE, 3600, &case.token, &case.url, body);
                assert_eq!(later, CallbackError::Stale, "{}", case.name);
            }
            let renamed = case.verdict_of("messagebird-signature", 0, &case.token, &case.url, body);
            assert_eq!(renamed, CallbackError::Unsigned, "{}", case.name);
            let (signed, signature) = case.token.rsplit_once('.').unwrap();
            let first = if signature.starts_with('A') { "B" } else { "A" };
            let forged = format!("{signed}.{first}{}", signature.get(1..).unwrap_or_default());
            for (token, url, body) in [
                (forged.as_str(), case.url.clone(), body.to_owned()),
                (&case.token, format!("{}x", case.url), body.to_owned()),
                (&case.token, case.url.clone(), format!("{body}x")),
            ] {
                assert_eq!(case.verdict(token, &url, &body), CallbackError::WrongSignature, "{}", case.name);
            }
        }
    }
}
