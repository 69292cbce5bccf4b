//! Requests as Neon sends them, and as others might.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use ed25519_dalek::{Signer, SigningKey};
use futures_util::{StreamExt, stream};
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::json;
use sms_providers::client::http_client;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub const KID: &str = "7d3f1a52-0d55-4cf5-a0a4-8f9f6c4b8c11";

pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// What is wrong with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    BadSignature,
    UnknownKid,
    Stale,
    NoSignature,
}

/// Sends requests.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    keeps: bool,
}

impl Client {
    /// One that keeps its connections, or makes one for each request.
    pub fn new(keeps: bool) -> Self {
        Self { http: http_client().unwrap(), keeps }
    }

    /// Delivers one event, to somebody else each time; says what came back.
    pub async fn deliver(&self, server: &str, fault: Fault) -> u16 {
        let mut request = self.http.post(format!("{server}/webhooks/neon-auth"));
        if !self.keeps {
            request = request.header("connection", "close");
        }
        let number = format!("+12022{:06}", Uuid::new_v4().as_u64_pair().0 % 1_000_000);
        let body = json!({
            "event_id": Uuid::new_v4().to_string(),
            "event_type": "send.otp",
            "timestamp": SystemClock.now().to_rfc3339(),
            "context": { "endpoint_id": "ep-cool-rain-a1b2c3d4", "project_name": "My SaaS App" },
            "user": { "id": Uuid::new_v4().to_string(), "phone_number": number },
            "event_data": {
                "otp_code": "042137", "otp_type": "sign-in", "delivery_preference": "sms",
                "expires_at": SystemClock.now().plus(Duration::from_secs(300)).to_rfc3339(),
                "ip_address": "192.0.2.1", "user_agent": "Mozilla/5.0"
            }
        })
        .to_string();
        let now = SystemClock.now();
        let sent_at = if fault == Fault::Stale { now.minus(Duration::from_secs(3600)) } else { now };
        let timestamp = sent_at.as_millis().to_string();
        if fault != Fault::NoSignature {
            let protected = BASE64URL.encode(r#"{"alg":"EdDSA","typ":"JWS","kid":"7d3f1a52"}"#);
            let payload = BASE64URL.encode(format!("{timestamp}.{}", BASE64URL.encode(&body)));
            let signer = if fault == Fault::BadSignature { SigningKey::from_bytes(&[8; 32]) } else { key() };
            let signature = signer.sign(format!("{protected}.{payload}").as_bytes()).to_bytes();
            request =
                request.header("x-neon-signature", format!("{protected}..{}", BASE64URL.encode(signature)));
        }
        let kid = if fault == Fault::UnknownKid { Uuid::new_v4().to_string() } else { KID.to_owned() };
        let request = request
            .header("x-neon-signature-kid", kid)
            .header("x-neon-timestamp", timestamp)
            .header("content-type", "application/json")
            .body(body);
        match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                // To its end, so that the connection can be used again.
                if answer.bytes().await.is_ok() { status } else { 0 }
            }
            Err(_) => 0,
        }
    }

    /// Delivers so many, so many at once; returns how many were answered with `expected`.
    pub async fn deliver_all(
        &self,
        server: &str,
        fault: Fault,
        (count, at_once): (usize, usize),
        expected: &[u16],
    ) -> usize {
        let answers = stream::iter(0..count).map(|_| self.deliver(server, fault)).buffer_unordered(at_once);
        answers.filter(|status| std::future::ready(expected.contains(status))).count().await
    }

    /// Delivers at a steady rate, whatever becomes of each; returns how long each took, counted from when it was due.
    pub async fn deliver_steadily(&self, server: &str, count: usize, every: Duration) -> Vec<Duration> {
        let begun = Instant::now();
        let deliveries = stream::iter(0..count).map(|place| {
            let due = begun + every * u32::try_from(place).unwrap();
            async move {
                tokio::time::sleep_until(due.into()).await;
                let status = self.deliver(server, Fault::None).await;
                (due.elapsed(), status)
            }
        });
        let answers: Vec<_> = deliveries.buffer_unordered(count).collect().await;
        assert!(answers.iter().all(|(_, status)| *status == 200), "a delivery was not answered with 200");
        answers.into_iter().map(|(took, _)| took).collect()
    }
}
