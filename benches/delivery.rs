//! What a delivery costs: its verification alone, and the whole way from the socket to the provider and
//! back with each store, beside a bare handler that reads the body and says 200; and what it costs to ask an app,
//! or to keep an event for it.
//!
//! `cargo bench --bench delivery`; compare the lines of one run with each other, never with another run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that meets the unexpected should stop there"
)]

#[path = "../tests/postgres_server/mod.rs"]
mod postgres_server;

use actix_web::{App as ActixApp, HttpResponse, HttpServer, web};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use neon_sms_relay::app::{App, Parts};
use neon_sms_relay::config::Settings;
use neon_sms_relay::domain::{Clock, SystemClock};
use neon_sms_relay::neon::jwks::Kid;
use neon_sms_relay::neon::{Endpoints, KeyError, KeySource, Verifier};
use postgres_server::PostgresServer;
use serde_json::json;
use sms_providers::client::http_client;
use sms_providers::{ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use uuid::Uuid;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

const KID: &str = "7d3f1a52-0d55-4cf5-a0a4-8f9f6c4b8c11";
/// Deliveries at once.
const CONCURRENT: usize = 64;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// What becomes of an event.
#[derive(Clone, Copy)]
enum Way {
    Sms,
    /// The app is asked.
    Forward,
    /// The app gets it in the background.
    Queue,
}

fn event(way: Way) -> String {
    let (event_type, preference) = match way {
        Way::Sms => ("send.otp", "sms"),
        Way::Forward => ("send.otp", "email"),
        Way::Queue => ("user.created", ""),
    };
    // Of somebody else each time: codes for one number wait for each other.
    let number = format!("+12022{:06}", Uuid::new_v4().as_u64_pair().0 % 1_000_000);
    json!({
        "event_id": Uuid::new_v4().to_string(),
        "event_type": event_type,
        "context": { "project_name": "My SaaS App" },
        "user": { "phone_number": number },
        "event_data": {
            "otp_code": "042137", "otp_type": "sign-in", "delivery_preference": preference,
            "expires_at": SystemClock.now().plus(Duration::from_secs(300)).to_rfc3339(),
            "ip_address": "192.0.2.1", "user_agent": "Mozilla/5.0"
        }
    })
    .to_string()
}

fn headers(body: &str) -> [(&'static str, String); 3] {
    let timestamp = SystemClock.now().as_millis().to_string();
    let protected = BASE64URL.encode(r#"{"alg":"EdDSA","typ":"JWS","kid":"7d3f1a52"}"#);
    let payload = BASE64URL.encode(format!("{timestamp}.{}", BASE64URL.encode(body)));
    let signature = key().sign(format!("{protected}.{payload}").as_bytes()).to_bytes();
    let jws = format!("{protected}..{}", BASE64URL.encode(signature));
    [("x-neon-signature", jws), ("x-neon-signature-kid", KID.to_owned()), ("x-neon-timestamp", timestamp)]
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

/// Takes every message at once.
struct Instant;

#[async_trait::async_trait]
impl SmsProvider for Instant {
    fn name(&self) -> ProviderName {
        ProviderName::Stub
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        black_box(message);
        Ok(SendReceipt::new(ProviderName::Stub, Some("id")))
    }
}

fn verification(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let keys = Arc::new(OneKey(key().verifying_key()));
    let verifier = Verifier::new(keys, Duration::from_secs(300), Endpoints::Any);
    let body = event(Way::Sms);
    let headers = headers(&body).map(|(name, value)| (name.to_owned(), value.into_bytes())).to_vec();
    let body = web::Bytes::from(body);
    let now = SystemClock.now();
    criterion.bench_function("verification", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| async { verifier.verify(headers.clone(), black_box(body.clone()), now).await.unwrap() });
    });
}

async fn bare() -> String {
    let handler = |body: web::Bytes| async move {
        black_box(body);
        HttpResponse::Ok().json(json!({ "status": "accepted" }))
    };
    let server =
        HttpServer::new(move || ActixApp::new().route("/webhooks/neon-auth", web::post().to(handler)))
            .bind(("127.0.0.1", 0))
            .unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    tokio::runtime::Handle::current().spawn(server.disable_signals().run());
    url
}

async fn relay(store_url: &str, app: &str, guard: &str) -> String {
    let neon = MockServer::start().await;
    let jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "kid": KID, "x": BASE64URL.encode(key().verifying_key())});
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"keys": [jwk]})))
        .mount(&neon)
        .await;
    let vars = [
        ("HOST", "127.0.0.1"),
        ("PORT", "0"),
        ("METRICS_PORT", "0"),
        ("SMS_PROVIDER", "log"),
        ("ALLOW_LOG_PROVIDER", "1"),
        ("STORE_URL", store_url),
        ("GUARD", guard),
        ("FORWARD_URL", app),
        ("NEON_AUTH_URL", &format!("{}/neondb/auth", neon.uri())),
    ];
    let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let parts = Parts { providers: Some(vec![Arc::new(Instant)]), ..Parts::default() };
    let app = App::build(&Settings::from_vars(vars).unwrap(), parts).unwrap();
    let url = format!("http://{}", app.address());
    tokio::runtime::Handle::current().spawn(app.run_until(std::future::pending()));
    let http = http_client().unwrap();
    while !http.get(format!("{url}/readyz")).send().await.unwrap().status().is_success() {
        tokio::task::yield_now().await;
    }
    url
}

async fn deliver(http: &reqwest::Client, url: &str, way: Way) {
    let body = event(way);
    let request =
        headers(&body).into_iter().fold(http.post(url), |request, (name, value)| request.header(name, value));
    assert_eq!(request.body(body).send().await.unwrap().status(), 200);
}

fn delivery(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let http = http_client().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("relay.db").display());
    let bare = runtime.block_on(bare());
    let app = format!("{bare}/webhooks/neon-auth");
    let server = PostgresServer::start();
    let [memory, sqlite, postgres] =
        ["memory:", &sqlite, &server.url()].map(|store| runtime.block_on(relay(store, &app, "off")));
    // Decides as `enforce` does, and sends whatever it decides.
    let guarded = runtime.block_on(relay("memory:", &app, "record"));
    let targets = [
        ("bare handler", &bare, Way::Sms),
        ("memory", &memory, Way::Sms),
        ("memory, guarded", &guarded, Way::Sms),
        ("sqlite", &sqlite, Way::Sms),
        ("postgres", &postgres, Way::Sms),
        ("memory, forwarded", &memory, Way::Forward),
        ("sqlite, forwarded", &sqlite, Way::Forward),
        ("sqlite, queued", &sqlite, Way::Queue),
    ];
    let mut group = criterion.benchmark_group("delivery");
    group.throughput(Throughput::Elements(CONCURRENT as u64)).sample_size(30);
    for (name, url, way) in targets {
        let url = format!("{url}/webhooks/neon-auth");
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter(|| async {
                let deliveries = (0..CONCURRENT).map(|_| deliver(&http, &url, way));
                futures_util::future::join_all(deliveries).await
            });
        });
    }
    group.finish();
}

criterion_group!(benches, verification, delivery);
criterion_main!(benches);
