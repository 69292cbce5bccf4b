//! Exactly one SMS, counted at the vendor, through real processes that are hurried, reset and killed.
//!
//! `EXACTLY_ONCE_EVENTS=1000 cargo nextest run --release --test relay exactly_once` is the full load.

use crate::harness::{Signer, otp, serve_keys};
use crate::postgres_server::PostgresServer;
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
const TRIES: usize = 100;
/// Only a broken relay leaves anybody without an answer for so long. Neon would hang up after five seconds and come
/// again; on a machine that has no time for the relay the copies would then come faster than they can be answered.
const FAR_TOO_LONG: Duration = Duration::from_secs(60);
/// So soon does whoever hangs up on purpose.
const AT_ONCE: Duration = Duration::from_millis(50);

fn events() -> usize {
    // Set by hand for the full load; a test has no settings of its own to read it through.
    option_env!("EXACTLY_ONCE_EVENTS").and_then(|events| events.parse().ok()).unwrap_or(60)
}

/// Instances that are killed, one a second.
const KILLS: usize = 6;

fn postgres() -> Option<PostgresServer> {
    std::env::var_os("TEST_SKIP_POSTGRES").is_none().then(PostgresServer::start)
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
        let vars = [
            ("LOG_FORMAT", "json"),
            ("STORE_URL", &self.store_url),
            // Whether a store that is down is worth more than a second text is the operator's choice; here it is not.
            ("STORE_FAILURE", "refuse"),
            ("SMS_PROVIDER", "twilio"),
            ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("TWILIO_AUTH_TOKEN", "token"),
            ("TWILIO_FROM_NUMBER", "+15005550006"),
            ("TWILIO_BASE_URL", &self.twilio.uri()),
        ];
        RelayProcess::start(&self.neon, &vars)
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
            .timeout(if reset { AT_ONCE } else { FAR_TOO_LONG })
            .body(body);
        Some(request.send().await.ok()?.status().as_u16())
    }

    /// All copies of an event at once, each tried until it is answered with 200; `false` if one never is.
    async fn deliver(&self, urls: &Mutex<Vec<String>>, number: usize) -> bool {
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
                        Some(200) => return true,
                        Some(status) => assert_eq!(status, 503),
                        None => {}
                    }
                    // Whoever answers at once, or not at all, is given time to come back.
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                false
            }
        });
        futures_util::future::join_all(copies).await.into_iter().all(|answered| answered)
    }

    /// Delivers everything; returns how many events were answered with 200 in the end.
    async fn deliver_all(&self, urls: &Mutex<Vec<String>>) -> usize {
        let events = (0..events()).map(|number| self.deliver(urls, number));
        futures_util::future::join_all(events).await.into_iter().filter(|answered| *answered).count()
    }

    /// Says what the vendor counted, and holds it to the limit for one event.
    fn count(&self, scene: &str, answered: usize) -> usize {
        let texts = self.vendor.texts.lock().unwrap();
        let all: usize = texts.values().sum();
        println!("{scene}: {} events x {COPIES} copies, {answered} answered 200, {all} texts", events());
        assert_eq!(texts.len(), events(), "an event was lost");
        assert!(texts.values().all(|texts| *texts <= 2), "an event was sent more than twice");
        all
    }
}

async fn every_event_is_sent_once(scene: &str, store_url: String, instances: usize) {
    let stage = Scene::new(store_url, Duration::from_secs(6)).await;
    let relays: Vec<_> = (0..instances).map(|_| stage.relay()).collect();
    let urls = Mutex::new(relays.iter().map(|relay| relay.url.clone()).collect());
    let answered = stage.deliver_all(&urls).await;
    assert_eq!((stage.count(scene, answered), answered), (events(), events()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_sent_once_by_one_instance_with_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/relay.db", folder.path().display());
    every_event_is_sent_once("one instance, SQLite", url, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_sent_once_by_three_instances_with_postgres() {
    let Some(server) = postgres() else { return };
    every_event_is_sent_once("three instances, PostgreSQL", server.url(), 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_are_killed_lose_no_event_and_send_none_more_than_twice() {
    let Some(server) = postgres() else { return };
    let stage = Scene::new(server.url(), Duration::from_secs(2)).await;
    let mut relays: Vec<_> = (0..3).map(|_| stage.relay()).collect();
    let urls = Mutex::new(relays.iter().map(|relay| relay.url.clone()).collect::<Vec<_>>());
    let killer = async {
        for round in 0..KILLS {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let victim = round % relays.len();
            relays[victim].signal("KILL");
            relays[victim] = tokio::task::block_in_place(|| stage.relay());
            urls.lock().unwrap()[victim] = relays[victim].url.clone();
        }
    };
    let (answered, ()) = tokio::join!(stage.deliver_all(&urls), killer);
    stage.count("three instances, PostgreSQL, one killed every second", answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_restarts_loses_no_event_and_sends_none_more_than_twice() {
    let Some(mut server) = postgres() else { return };
    let stage = Scene::new(server.url(), Duration::from_secs(4)).await;
    let relays: Vec<_> = (0..3).map(|_| stage.relay()).collect();
    let urls = Mutex::new(relays.iter().map(|relay| relay.url.clone()).collect());
    let restart = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        tokio::task::block_in_place(|| server.restart());
    };
    let (answered, ()) = tokio::join!(stage.deliver_all(&urls), restart);
    stage.count("three instances, PostgreSQL restarted", answered);
    assert_eq!(answered, events());
}
