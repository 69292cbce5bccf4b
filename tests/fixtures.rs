//! Deliveries signed by Node's `crypto` (see `fixtures/README.md`): a reading of Neon's documentation that
//! shares no code with ours.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use ed25519_dalek::VerifyingKey;
use neon_sms_relay::domain::{Destination, Event, NeonEvent, Timestamp};
use neon_sms_relay::neon::jwks::{JwkSet, Kid};
use neon_sms_relay::neon::{Endpoints, KeyError, KeySource, Verifier, VerifyError};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The key set that a fixture brings along.
struct FixedKeys(JwkSet);

#[async_trait::async_trait]
impl KeySource for FixedKeys {
    async fn key(&self, kid: &Kid) -> Result<VerifyingKey, KeyError> {
        self.0.get(kid).ok_or(KeyError::Unknown)
    }

    fn is_ready(&self) -> bool {
        true
    }
}

/// The deliveries of a folder by name.
fn deliveries(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/neon").join(folder);
    let read = |path: &Path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> =
        paths.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), read(&path))).collect();
    assert!(found.len() > 5, "the fixtures are missing");
    found
}

async fn verify(delivery: &Value) -> Result<Event, VerifyError> {
    let keys = JwkSet::parse(delivery["jwks"].to_string().as_bytes()).unwrap();
    let verifier = Verifier::new(Arc::new(FixedKeys(keys)), Duration::from_secs(300), Endpoints::Any);
    let headers = delivery["headers"].as_object().unwrap();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap().as_bytes().to_vec()));
    let now = Timestamp::from_millis(delivery["now"].as_i64().unwrap());
    let body = delivery["body"].as_str().unwrap().to_owned().into();
    verifier.verify(headers.collect(), body, now).await.map(|delivery| delivery.event().clone())
}

#[tokio::test]
async fn what_another_implementation_signs_is_believed_and_understood() {
    for (name, delivery) in deliveries("accepted") {
        let event = verify(&delivery).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let (headers, expect) = (&delivery["headers"], &delivery["expect"]);
        assert_eq!(event.id.as_str(), headers["X-Neon-Event-Id"], "{name}");
        assert_eq!(event.name, headers["X-Neon-Event-Type"].as_str().unwrap(), "{name}");
        assert_eq!(event.project_name.as_deref(), expect["project_name"].as_str(), "{name}");
        let (code, number) = match &event.kind {
            NeonEvent::SendOtp(otp) => (otp.code.as_ref().map(|code| code.expose()), &otp.destination),
            NeonEvent::PhoneVerified(_) => (None, &Destination::Missing),
            other => panic!("{name} is a {}", other.label()),
        };
        let number = match number {
            Destination::Number(number) => Some(number.as_e164()),
            Destination::Missing => None,
            Destination::NotE164 => panic!("{name}: the number is not understood"),
        };
        assert_eq!(code, expect["otp_code"].as_str(), "{name}");
        assert_eq!(number, expect["phone_number"].as_str(), "{name}");
    }
}

#[tokio::test]
async fn what_was_changed_after_signing_or_signed_otherwise_is_refused() {
    for (name, delivery) in deliveries("refused") {
        let error = verify(&delivery).await.err().unwrap_or_else(|| panic!("{name} was believed"));
        let expected = delivery["error"].as_str().unwrap();
        assert!(format!("{error:?}").starts_with(expected), "{name}: {error:?} in place of {expected}");
    }
}
