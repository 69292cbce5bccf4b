//! Neon, which comes again until it is answered; a vendor that counts; relays between them; and what an operator sees
//! of it.

use crate::harness::{Answer, Signer, otp, serve_keys};
use crate::process::RelayProcess;
use futures_util::future::join_all;
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::{Value, json};
use sms_providers::client::http_client;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// Only a broken relay lets anybody wait for so long.
pub const FAR_TOO_LONG: Duration = Duration::from_secs(120);
/// How long Neon waits before it comes again to somebody who does not answer, or who answers at once.
const PAUSE: Duration = Duration::from_millis(200);

/// A vendor that takes every text and counts them by their numbers.
#[derive(Clone)]
struct Vendor {
    texts: Arc<Mutex<HashMap<String, usize>>>,
    asked: watch::Sender<usize>,
    delay: Duration,
}

impl Respond for Vendor {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let to = url::form_urlencoded::parse(&request.body).find(|(name, _)| name == "To").unwrap().1;
        *self.texts.lock().unwrap().entry(to.into_owned()).or_default() += 1;
        self.asked.send_modify(|asked| *asked += 1);
        let sid = format!("SM{:032x}", *self.asked.borrow());
        ResponseTemplate::new(201)
            .set_body_json(json!({"sid": sid, "status": "queued"}))
            .set_delay(self.delay)
    }
}

/// Everybody around the relays.
pub struct Scene {
    pub neon: MockServer,
    pub signer: Signer,
    pub http: reqwest::Client,
    vendor: Vendor,
    twilio: MockServer,
    numbers: AtomicUsize,
}

impl Scene {
    pub async fn new() -> Self {
        Self::with_a_vendor_that_takes(Duration::ZERO).await
    }

    /// The vendor thinks about each text for so long.
    pub async fn with_a_vendor_that_takes(delay: Duration) -> Self {
        let (neon, twilio, signer) = (MockServer::start().await, MockServer::start().await, Signer::new());
        serve_keys(&neon, ResponseTemplate::new(200).set_body_json(signer.jwks())).await;
        let vendor = Vendor { texts: Arc::default(), asked: watch::Sender::new(0), delay };
        Mock::given(method("POST")).respond_with(vendor.clone()).mount(&twilio).await;
        let http = http_client().unwrap();
        Self { neon, signer, http, vendor, twilio, numbers: AtomicUsize::new(1) }
    }

    /// A relay of its own process, once it is ready.
    pub async fn relay(&self, store_url: &str, vars: &[(&str, &str)]) -> Relay<'_> {
        let relay = self.relay_that_starts("", store_url, vars);
        relay.is_ready().await;
        relay
    }

    /// A relay, after a line of shell; it may not be ready.
    pub fn relay_that_starts(&self, preparation: &str, store_url: &str, vars: &[(&str, &str)]) -> Relay<'_> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (twilio, metrics) = (self.twilio.uri(), port.to_string());
        let mut all = vec![
            ("LOG_FORMAT", "json"),
            ("METRICS_PORT", &metrics),
            ("STORE_URL", store_url),
            // Whether a store that is down is worth more than a second text is the operator's choice; here it is not.
            ("STORE_FAILURE", "refuse"),
            ("SMS_PROVIDER", "twilio"),
            ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("TWILIO_AUTH_TOKEN", "token"),
            ("TWILIO_FROM_NUMBER", "+15005550006"),
            ("TWILIO_BASE_URL", &twilio),
            ("NEON_ENDPOINT_IDS", "*"),
        ];
        all.extend_from_slice(vars);
        let process =
            tokio::task::block_in_place(|| RelayProcess::start_after(preparation, &self.neon, &all));
        Relay { scene: self, process, metrics_url: format!("http://127.0.0.1:{port}/metrics") }
    }

    /// A code for a number that nobody has texted yet.
    pub fn code(&self) -> Value {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        otp(|body| body["user"]["phone_number"] = json!(format!("+1555{number:07}")))
    }

    /// Waits until the vendor was asked for so many texts.
    pub async fn asked(&self, texts: usize) {
        let mut asked = self.vendor.asked.subscribe();
        let waited = tokio::time::timeout(FAR_TOO_LONG, asked.wait_for(|asked| *asked >= texts)).await;
        waited.expect("the vendor is not asked").unwrap();
    }

    /// Every code reached the vendor, and none more often than `most` times; returns how many texts there were.
    pub fn assert_texted(&self, codes: &[Value], most: usize) -> usize {
        let texts = self.vendor.texts.lock().unwrap();
        let counts: Vec<_> = codes
            .iter()
            .map(|code| texts.get(code["user"]["phone_number"].as_str().unwrap()).copied().unwrap_or(0))
            .collect();
        assert!(counts.iter().all(|count| (1..=most).contains(count)), "texts for each code: {counts:?}");
        counts.iter().sum()
    }
}

/// One relay.
pub struct Relay<'a> {
    scene: &'a Scene,
    pub process: RelayProcess,
    metrics_url: String,
}

impl Relay<'_> {
    /// One attempt of Neon's; `None` if it was not answered.
    pub async fn attempt(&self, code: &Value) -> Option<Answer> {
        self.attempt_within(code, FAR_TOO_LONG).await
    }

    async fn attempt_within(&self, code: &Value, patience: Duration) -> Option<Answer> {
        let body = code.to_string().into_bytes();
        let request = self.scene.http.post(format!("{}/webhooks/neon-auth", self.process.url));
        let request = request.timeout(patience).body(body.clone());
        let request = self.scene.signer.add_headers(request, SystemClock.now(), &body);
        Some(Answer::of(request.send().await.ok()?).await)
    }

    /// Comes again until the code is taken.
    pub async fn takes(&self, code: &Value) {
        let taken = async {
            loop {
                match self.attempt(code).await {
                    Some(answer) if answer.status == 200 => return,
                    Some(answer) => assert_eq!(answer.status, 503, "{}", answer.text),
                    None => {}
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(FAR_TOO_LONG, taken).await.expect("a code is not taken");
    }

    pub async fn takes_all(&self, codes: &[Value]) {
        join_all(codes.iter().map(|code| self.takes(code))).await;
    }

    /// Status and body of `/readyz`.
    pub async fn readiness(&self) -> (u16, Value) {
        let answer = self.scene.http.get(format!("{}/readyz", self.process.url)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Waits until `/readyz` says yes.
    pub async fn is_ready(&self) {
        self.is(200).await;
    }

    /// Waits until `/readyz` says that the store is missing.
    pub async fn misses_its_store(&self) {
        assert_eq!(self.is(503).await["missing"], json!(["store"]));
    }

    async fn is(&self, wanted: u16) -> Value {
        let known = async {
            loop {
                let (status, body) = self.readiness().await;
                if status == wanted {
                    return body;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(FAR_TOO_LONG, known).await.expect("/readyz says nothing new")
    }

    /// The sum of a metric's series.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.scene.http.get(&self.metrics_url).send().await.unwrap().text().await.unwrap();
        let name = format!("neon_sms_relay_{name}");
        let series = text.lines().filter(|line| line.starts_with(&name));
        series.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    }

    /// The log says so, and how many operations failed is counted.
    pub async fn told_of_its_store(&self, words: &str) {
        let line = tokio::task::block_in_place(|| self.process.wait_for_line("the store fails"));
        assert!(line.contains(words), "{words}: {line}");
        assert!(self.metric("store_failures_total").await >= 1.0);
    }
}
