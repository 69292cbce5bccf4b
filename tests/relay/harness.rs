//! A relay on a free port, a stub in the place of the SMS vendor, and somebody who signs like Neon.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use ed25519_dalek::{Signer as _, SigningKey};
use neon_sms_relay::app::{App, Parts};
use neon_sms_relay::config::Settings;
use neon_sms_relay::domain::{Clock, ManualClock, SystemClock, Timestamp};
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use sms_providers::client::http_client;
use sms_providers::stub::StubProvider;
use sms_providers::{ProviderName, SmsProvider};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub const ENDPOINT: &str = "ep-cool-sound-12345678";
pub const NUMBER: &str = "+15551234567";
pub const CODE: &str = "042137";

/// Neon's key pair, under one id.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    pub kid: String,
}

impl Signer {
    pub fn new() -> Self {
        let seed = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        Self { key: SigningKey::from_bytes(&seed.try_into().unwrap()), kid: Uuid::new_v4().to_string() }
    }

    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": self.kid, "x": BASE64URL.encode(self.public_key())})
    }

    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    /// The detached JWS over `body`, with Neon's protected header.
    pub fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let short = &self.kid[..8];
        self.sign_as(&json!({"alg": "EdDSA", "typ": "JWS", "kid": short}), timestamp, body)
    }

    /// The headers that Neon sends with `body`.
    pub fn add_headers(
        &self,
        mut request: reqwest::RequestBuilder,
        at: Timestamp,
        body: &[u8],
    ) -> reqwest::RequestBuilder {
        if let Ok(event) = serde_json::from_slice::<Value>(body) {
            for (header, field) in [("X-Neon-Event-Id", "event_id"), ("X-Neon-Event-Type", "event_type")] {
                if let Some(Ok(value)) = event[field].as_str().map(HeaderValue::from_str) {
                    request = request.header(header, value);
                }
            }
        }
        let timestamp = at.as_millis().to_string();
        request
            .header("X-Neon-Signature", self.sign(&timestamp, body))
            .header("X-Neon-Signature-Kid", &self.kid)
            .header("X-Neon-Timestamp", timestamp)
            .header("X-Neon-Delivery-Attempt", "1")
    }

    pub fn sign_as(&self, header: &Value, timestamp: &str, body: &[u8]) -> String {
        let protected = BASE64URL.encode(header.to_string());
        let input = signing_input(&protected, timestamp, body);
        format!("{protected}..{}", BASE64URL.encode(self.key.sign(input.as_bytes()).to_bytes()))
    }
}

pub fn signing_input(protected: &str, timestamp: &str, body: &[u8]) -> String {
    let payload = format!("{timestamp}.{}", BASE64URL.encode(body));
    format!("{protected}.{}", BASE64URL.encode(payload))
}

/// A `send.otp` as Neon documents it; `change` makes it another event.
pub fn otp(change: impl FnOnce(&mut Value)) -> Value {
    let expires_at = SystemClock.now().plus(Duration::from_secs(300)).to_rfc3339();
    let mut body = json!({
        "event_id": Uuid::new_v4().to_string(),
        "event_type": "send.otp",
        "timestamp": SystemClock.now().to_rfc3339(),
        "context": { "endpoint_id": ENDPOINT, "project_name": "My SaaS App" },
        "user": { "phone_number": NUMBER },
        "event_data": {
            "otp_code": CODE, "otp_type": "sign-in", "delivery_preference": "sms",
            "expires_at": expires_at, "ip_address": "192.0.2.1", "user_agent": "Mozilla/5.0"
        }
    });
    change(&mut body);
    body
}

/// An event of another type about a user with an e-mail address.
pub fn event(event_type: &str) -> Value {
    otp(|body| {
        body["event_type"] = json!(event_type);
        body["user"] = json!({"id": "u1", "email": "a@example.com"});
        body["event_data"] = json!({});
    })
}

pub struct Answer {
    pub status: StatusCode,
    pub replayed: bool,
    pub text: String,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let replayed = response.headers().contains_key("idempotent-replayed");
        Self { status: response.status(), replayed, text: response.text().await.unwrap() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// Status and error code, and that the body is an error body and nothing more.
    pub fn error(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        assert!(body["message"].is_string(), "{body}");
        (self.status.as_u16(), body["error"].as_str().unwrap().to_owned())
    }
}

pub struct TestRelay {
    pub url: String,
    pub stub: StubProvider,
    pub neon: MockServer,
    pub signer: Signer,
    pub http: reqwest::Client,
    pub metrics_url: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<std::io::Result<usize>>,
}

/// How a relay is to be started; `TestRelay::start()` is the plain one.
#[derive(Default)]
pub struct Start {
    pub vars: Vec<(&'static str, String)>,
    pub parts: Parts,
    /// `SMS_PROVIDER` decides who sends, in place of the stub.
    pub configured_providers: bool,
    /// Nothing is served under the JWKS URL until the test mounts something.
    pub without_keys: bool,
}

impl TestRelay {
    pub async fn start() -> Self {
        Self::with(Start::default()).await
    }

    pub async fn with_vars(vars: impl IntoIterator<Item = (&'static str, &str)>) -> Self {
        let vars = vars.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        Self::with(Start { vars, ..Start::default() }).await
    }

    pub async fn with_providers(providers: Vec<Arc<dyn SmsProvider>>) -> Self {
        let parts = Parts { providers: Some(providers), ..Parts::default() };
        Self::with(Start { parts, ..Start::default() }).await
    }

    pub async fn with(mut start: Start) -> Self {
        let (signer, neon) = (Signer::new(), MockServer::start().await);
        if !start.without_keys {
            serve_keys(&neon, ResponseTemplate::new(200).set_body_json(signer.jwks())).await;
        }
        let stub = StubProvider::new(ProviderName::Stub);
        if !start.configured_providers {
            start.parts.providers.get_or_insert_with(|| vec![Arc::new(stub.clone())]);
        }
        let defaults = [
            ("HOST", "127.0.0.1".to_owned()),
            ("PORT", "0".to_owned()),
            ("WORKERS", "2".to_owned()),
            ("METRICS_PORT", "0".to_owned()),
            ("STORE_URL", "memory:".to_owned()),
            ("SMS_PROVIDER", "log".to_owned()),
            ("ALLOW_LOG_PROVIDER", "1".to_owned()),
            // Tests send as many codes to one number as they like.
            ("GUARD", "off".to_owned()),
            ("NEON_AUTH_URL", format!("{}/neondb/auth", neon.uri())),
            ("NEON_ENDPOINT_IDS", ENDPOINT.to_owned()),
        ];
        let vars = defaults.into_iter().chain(start.vars).map(|(name, value)| (name.to_owned(), value));
        let settings = Settings::from_vars(vars).unwrap();
        let app = App::build(&settings, start.parts).unwrap();
        let url = format!("http://{}", app.address());
        let metrics_url = app.metrics_address().map(|address| format!("http://{address}/metrics"));
        let (stop, stopped) = oneshot::channel();
        let served =
            tokio::runtime::Handle::current().spawn(app.run_until(async { stopped.await.unwrap_or(()) }));
        let relay = Self {
            url,
            stub,
            neon,
            signer,
            http: http_client().unwrap(),
            metrics_url,
            stop: Some(stop),
            served,
        };
        if !start.without_keys {
            relay.wait_until_ready().await;
        }
        relay
    }

    /// Publishes the keys of another signer, which the relay then fetches on demand.
    pub async fn serve_keys_of(&self, signer: &Signer) {
        serve_keys(&self.neon, ResponseTemplate::new(200).set_body_json(signer.jwks())).await;
    }

    /// Returns once `/readyz` says so: keys are fetched in the background.
    pub async fn wait_until_ready(&self) {
        while self.get("/readyz").await.status != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    /// A correctly signed request, to be sent or spoilt.
    pub fn request(&self, body: &Value) -> reqwest::RequestBuilder {
        self.signed_request(&self.signer, SystemClock.now(), body.to_string().as_bytes())
    }

    pub fn signed_request(&self, signer: &Signer, at: Timestamp, body: &[u8]) -> reqwest::RequestBuilder {
        signer.add_headers(self.unsigned_request(body), at, body)
    }

    pub fn unsigned_request(&self, body: &[u8]) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}/webhooks/neon-auth", self.url))
            .header("Content-Type", "application/json")
            .body(body.to_vec())
    }

    /// Signs, sends and waits for the answer.
    pub async fn deliver(&self, body: &Value) -> Answer {
        send(self.request(body)).await
    }

    /// The promise behind every refusal: nothing was sent, and the next good event is served.
    pub async fn assert_unharmed(&self) {
        assert_eq!(self.stub.sent().len(), 0, "an SMS was sent");
        assert_eq!(self.deliver(&otp(|_| {})).await.status, StatusCode::OK, "the relay is broken");
    }

    /// Asks the relay to stop, as SIGTERM does, without waiting for it.
    pub fn begin_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits for a stop to be complete; returns how many deliveries were cut off.
    pub async fn stopped(mut self) -> usize {
        self.begin_stop();
        self.served.await.unwrap().unwrap()
    }
}

pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    Answer::of(request.send().await.unwrap()).await
}

/// Answers the JWKS URL with this from now on.
pub async fn serve_keys(neon: &MockServer, reply: ResponseTemplate) {
    neon.reset().await;
    Mock::given(path("/neondb/auth/.well-known/jwks.json")).respond_with(reply).mount(neon).await;
}

pub fn manual_clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(SystemClock.now()))
}
