//! Neon's part: events signed and verified as those of the real one are, and tried three times.

use super::scene::CODE_LIFE;
use super::world::World;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use neon_sms_relay::domain::{Clock, Reply};
use neon_sms_relay::neon::jwks::Kid;
use neon_sms_relay::neon::{Endpoints, KeyError, KeySource, Verifier};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const KID: &str = "7d3f1a52-0d55-4cf5-a0a4-8f9f6c4b8c11";
/// How often an event is tried, at most.
const TRIES: usize = 3;

/// Whoever makes events.
pub struct Neon {
    key: SigningKey,
    verifier: Verifier,
}

struct OneKey(VerifyingKey);

#[async_trait::async_trait]
impl KeySource for OneKey {
    async fn key(&self, _kid: &Kid) -> Result<VerifyingKey, KeyError> {
        Ok(self.0)
    }

    fn is_ready(&self) -> bool {
        true
    }
}

impl Neon {
    /// One with a key of its own.
    pub fn new() -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        let keys = Arc::new(OneKey(key.verifying_key()));
        Self { key, verifier: Verifier::new(keys, Duration::from_secs(300), Endpoints::Any) }
    }

    /// Has a code sent; `id` is the event's.
    pub async fn sends_code(&self, world: &World, id: &str, number: &str, code: &str) {
        let dies = world.clock.now().plus(Duration::from_secs(CODE_LIFE)).to_rfc3339();
        let code = json!({
            "otp_code": code, "otp_type": "sign-in", "delivery_preference": "sms", "expires_at": dies
        });
        self.tells(world, id, "send.otp", number, code).await;
    }

    /// Tells that a code was typed.
    pub async fn verified(&self, world: &World, id: &str, number: &str) {
        self.tells(world, id, "phone_number.verified", number, json!({})).await;
    }

    async fn tells(&self, world: &World, id: &str, name: &str, number: &str, about: Value) {
        let body = json!({
            "event_id": id,
            "event_type": name,
            "context": { "project_name": "My SaaS App" },
            "user": { "id": id, "phone_number": number },
            "event_data": about
        })
        .to_string();
        let relay = world.relay().unwrap();
        for _ in 0..TRIES {
            let now = world.clock.now();
            let headers = self.headers(&body, now.as_millis());
            let delivery = self.verifier.verify(headers, body.clone().into(), now).await.unwrap();
            match relay.handle(delivery, Instant::now()).await.reply {
                Reply::TryAgain(_) => {}
                _ => return,
            }
        }
    }

    fn headers(&self, body: &str, timestamp: i64) -> Vec<(String, Vec<u8>)> {
        let protected = BASE64URL.encode(r#"{"alg":"EdDSA","typ":"JWS","kid":"7d3f1a52"}"#);
        let payload = BASE64URL.encode(format!("{timestamp}.{}", BASE64URL.encode(body)));
        let signature = self.key.sign(format!("{protected}.{payload}").as_bytes()).to_bytes();
        let jws = format!("{protected}..{}", BASE64URL.encode(signature));
        [
            ("x-neon-signature", jws),
            ("x-neon-signature-kid", KID.to_owned()),
            ("x-neon-timestamp", timestamp.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value.into_bytes()))
        .to_vec()
    }
}
