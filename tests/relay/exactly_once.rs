//! Exactly one SMS, counted at the vendor, through real processes that are hurried, reset and killed.
//!
//! `EXACTLY_ONCE_EVENTS=1000 cargo nextest run --release --test relay exactly_once` is the full load.

use crate::harness::{Signer, otp, serve_keys};
use crate::process::RelayProcess;
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::{Value, json};
use sms_providers::client::http_client;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// Copies of each event that arrive at once.
const COPIES: usize = 3;
/// Neon gives up after three tries; whoever counts wants every event to end.
const TRIES: usize = 20;

fn events() -> usize {
    // Set by hand for the full load; a test has no settings of its own to read it through.
    option_env!("EXACTLY_ONCE_EVENTS").and_then(|events| events.parse().ok()).unwrap_or(60)
}

/// A vendor that takes its time and counts the texts for each number.
#[derive(Clone, Default)]
struct Vendor {
    texts: Arc<Mutex<HashMap<String, usize>>>,
    slowest: Duration,
}

impl Respond for Vendor {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let to =
            url::form_urlencoded::parse(&request.body).find(|(name, _)| name == "To").unwrap().1.into_owned();
        let random = RandomState::new().hash_one(&to);
        *self.texts.lock().unwrap().entry(to).or_default() += 1;
        let delay = self.slowest.mul_f64((random % 1000) as f64 / 1000.0);
        let sid = format!("SM{random:032x}");
        ResponseTemplate::new(201).set_body_json(json!({"sid": sid, "status": "queued"})).set_delay(delay)
    }
}

struct Scene {
    neon: MockServer,
    twilio: MockServer,
    vendor: Vendor,
    signer: Signer,
    store_url: String,
    http: reqwest::Client,
}

impl Scene {
    async fn new(store_url: String, slowest: Duration) -> Self {
        let (neon, twilio, signer) = (MockServer::start().await, MockServer::start().await, Signer::new());
        serve_keys(&neon, ResponseTemplate::new(200).set_body_json(signer.jwks())).await;
        let vendor = Vendor { slowest, ..Vendor::default() };
        Mock::given(method("POST")).respond_with(vendor.clone()).mount(&twilio).await;
        Self { neon, twilio, vendor, signer, store_url, http: http_client().unwrap() }
    }

    fn relay(&self) -> RelayProcess {
        RelayProcess::start(&[
            ("HOST", "127.0.0.1".to_owned()),
            ("PORT", "0".to_owned()),
            ("METRICS_PORT", "0".to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
            ("STORE_URL", self.store_url.clone()),
            ("NEON_AUTH_URL", format!("{}/neondb/auth", self.neon.uri())),
            ("SMS_PROVIDER", "twilio".to_owned()),
            ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned()),
            ("TWILIO_AUTH_TOKEN", "token".to_owned()),
            ("TWILIO_FROM_NUMBER", "+15005550006".to_owned()),
            ("TWILIO_BASE_URL", self.twilio.uri()),
        ])
    }

    /// One attempt of Neon's; `None` if the connection broke or was reset on purpose.
    async fn attempt(&self, url: &str, body: &Value, reset: bool) -> Option<u16> {
        let timestamp = SystemClock.now().as_millis().to_string();
        let body = body.to_string();
        let request = self
            .http
            .post(format!("{url}/webhooks/neon-auth"))
            .header("X-Neon-Signature", self.signer.sign(&timestamp, body.as_bytes()))
            .header("X-Neon-Signature-Kid", &self.signer.kid)
            .header("X-Neon-Timestamp", timestamp)
            .timeout(Duration::from_millis(if reset { 50 } else { 5_000 }))
            .body(body);
        Some(request.send().await.ok()?.status().as_u16())
    }

    /// All copies of an event at once, each tried until it is answered with 200.
    async fn deliver(&self, urls: &Mutex<Vec<String>>, number: usize) {
        let body = otp(|body| body["user"]["phone_number"] = json!(format!("+1555{number:07}")));
        let copies = (0..COPIES).map(|copy| {
            let body = &body;
            async move {
                for attempt in 0..TRIES {
                    let url = {
                        let urls = urls.lock().unwrap();
                        urls[(number + copy + attempt) % urls.len()].clone()
                    };
                    // Every fifth first attempt hangs up on the relay.
                    let reset = attempt == 0 && (number + copy).is_multiple_of(5);
                    match self.attempt(&url, body, reset).await {
                        Some(200) => return,
                        Some(503) => {}
                        Some(status) => panic!("answered {status}"),
                        // The instance is down: as with Neon, the next try is not immediate for long.
                        None => tokio::time::sleep(Duration::from_millis(200)).await,
                    }
                }
                panic!("not delivered after {TRIES} tries");
            }
        });
        futures_util::future::join_all(copies).await;
    }

    fn texts(&self) -> (usize, usize) {
        let texts = self.vendor.texts.lock().unwrap();
        (texts.len(), texts.values().sum())
    }
}

async fn every_event_is_sent_once(store_url: String, instances: usize) {
    let scene = Scene::new(store_url, Duration::from_secs(6)).await;
    let relays: Vec<_> = (0..instances).map(|_| scene.relay()).collect();
    let urls = Mutex::new(relays.iter().map(|relay| relay.url.clone()).collect());
    futures_util::future::join_all((0..events()).map(|number| scene.deliver(&urls, number))).await;
    println!(
        "{instances} instance(s): {} events × {COPIES} copies, {:?} (numbers, texts)",
        events(),
        scene.texts()
    );
    assert_eq!(scene.texts(), (events(), events()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_sent_once_by_one_instance_with_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/relay.db", folder.path().display());
    every_event_is_sent_once(url, 1).await;
}
