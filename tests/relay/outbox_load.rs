//! Nothing is lost, and no user's events change places: counted at the app, while it is down and the relay is
//! killed.
//!
//! `OUTBOX_EVENTS=10000 OUTBOX_DOWN_SECONDS=60 cargo nextest run --release --test relay outbox_load --no-capture`
//! is the full load.

use crate::app_stub::deaf_socket;
use crate::harness::{Signer, event, serve_keys};
use crate::postgres_server::PostgresServer;
use crate::process::RelayProcess;
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::{Value, json};
use sms_providers::client::http_client;
use socket2::Socket;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

const EVENTS_OF_A_USER: usize = 20;
const KILLS: u32 = 2;

/// A number that is set by hand for the full load; a test has no settings of its own to read it through.
fn number(set: Option<&str>, default: usize) -> usize {
    set.and_then(|number| number.parse().ok()).unwrap_or(default)
}

fn users() -> usize {
    number(option_env!("OUTBOX_EVENTS"), 400) / EVENTS_OF_A_USER
}

fn down() -> Duration {
    Duration::from_secs(number(option_env!("OUTBOX_DOWN_SECONDS"), 4) as u64)
}

/// Remembers, for each user, the numbers of the events in the order in which they came.
#[derive(Clone, Default)]
struct App {
    arrivals: Arc<Mutex<HashMap<String, Vec<u64>>>>,
}

impl Respond for App {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = request.body_json().unwrap();
        let user = body["user"]["id"].as_str().unwrap().to_owned();
        let number = body["event_data"]["number"].as_u64().unwrap();
        self.arrivals.lock().unwrap().entry(user).or_default().push(number);
        ResponseTemplate::new(200)
    }
}

impl App {
    /// Different events, and requests.
    fn counts(&self) -> (usize, usize) {
        let arrivals = self.arrivals.lock().unwrap();
        let different = |numbers: &Vec<u64>| numbers.iter().max().map_or(0, |max| *max as usize + 1);
        (arrivals.values().map(different).sum(), arrivals.values().map(Vec::len).sum())
    }
}

struct Scene {
    neon: MockServer,
    signer: Signer,
    store_url: String,
    app_address: SocketAddr,
    /// Of an app that is down until it listens.
    app_socket: Socket,
    http: reqwest::Client,
}

impl Scene {
    async fn new(store_url: String) -> Self {
        let (neon, signer) = (MockServer::start().await, Signer::new());
        serve_keys(&neon, ResponseTemplate::new(200).set_body_json(signer.jwks())).await;
        let (app_socket, app_address) = deaf_socket();
        Self { neon, signer, store_url, app_address, app_socket, http: http_client().unwrap() }
    }

    fn relay(&self) -> RelayProcess {
        let vars = [
            ("SMS_PROVIDER", "log"),
            ("ALLOW_LOG_PROVIDER", "1"),
            ("STORE_URL", &self.store_url),
            ("FORWARD_URL", &format!("http://{}/hook", self.app_address)),
        ];
        RelayProcess::start(&self.neon, &vars)
    }

    /// All events of a user, one after the other, each until it is taken.
    async fn deliver(&self, urls: &Mutex<Vec<String>>, user: usize) {
        for number in 0..EVENTS_OF_A_USER {
            let mut body = event("user.created");
            body["user"]["id"] = json!(format!("user {user}"));
            body["event_data"]["number"] = json!(number);
            let mut attempt = 0;
            while !self.attempt(urls, user + attempt, body.to_string()).await {
                attempt += 1;
                // Whoever was killed is given time to come back.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    async fn attempt(&self, urls: &Mutex<Vec<String>>, number: usize, body: String) -> bool {
        let url = {
            let urls = urls.lock().unwrap();
            format!("{}/webhooks/neon-auth", urls[number % urls.len()])
        };
        let request = self.http.post(url).timeout(Duration::from_secs(5)).body(body.clone());
        let response = self.signer.add_headers(request, SystemClock.now(), body.as_bytes()).send().await;
        response.is_ok_and(|response| response.status() == 200)
    }

    /// Lets the app listen.
    async fn start_app(&self, app: &App) -> MockServer {
        self.app_socket.listen(1024).unwrap();
        let listener = self.app_socket.try_clone().unwrap().into();
        let server = MockServer::builder().listener(listener).disable_request_recording().start().await;
        Mock::given(method("POST")).respond_with(app.clone()).mount(&server).await;
        server
    }
}

async fn nothing_is_lost(scene: &str, store_url: String, instances: usize) {
    let (stage, app) = (Scene::new(store_url).await, App::default());
    let mut relays: Vec<_> = (0..instances).map(|_| stage.relay()).collect();
    let urls = Mutex::new(relays.iter().map(|relay| relay.url.clone()).collect::<Vec<_>>());
    let events = users() * EVENTS_OF_A_USER;
    let deliveries = futures_util::future::join_all((0..users()).map(|user| stage.deliver(&urls, user)));
    let trouble = async {
        for kill in 0..KILLS {
            tokio::time::sleep(down() / (KILLS + 1)).await;
            let victim = kill as usize % instances;
            relays[victim].signal("KILL");
            relays[victim] = tokio::task::block_in_place(|| stage.relay());
            urls.lock().unwrap()[victim] = relays[victim].url.clone();
        }
        tokio::time::sleep(down() / (KILLS + 1)).await;
        let server = stage.start_app(&app).await;
        // And once more while the outbox empties.
        while app.counts().0 < events / 4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        relays[0].signal("KILL");
        relays[0] = tokio::task::block_in_place(|| stage.relay());
        urls.lock().unwrap()[0] = relays[0].url.clone();
        server
    };
    let (_, _server) = tokio::join!(deliveries, trouble);
    while app.counts().0 < events {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (different, requests) = app.counts();
    println!("{scene}: {events} events, {different} arrived, {} of them twice", requests - different);
    for (user, numbers) in app.arrivals.lock().unwrap().iter() {
        assert!(numbers.is_sorted(), "{user}: {numbers:?}");
        let mut once = numbers.clone();
        once.dedup();
        assert_eq!(once, (0..EVENTS_OF_A_USER as u64).collect::<Vec<_>>(), "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_with_sqlite_that_is_killed_brings_every_event_to_the_app_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/relay.db", folder.path().display());
    nothing_is_lost("one instance, SQLite", url, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_instances_with_postgres_that_are_killed_bring_every_event_to_the_app_in_order() {
    if std::env::var_os("TEST_SKIP_POSTGRES").is_some() {
        return;
    }
    nothing_is_lost("three instances, PostgreSQL", PostgresServer::start().url(), 3).await;
}
