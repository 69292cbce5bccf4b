//! `SMS_ROUTING=adaptive`: whoever gets the users of a country in is asked first.

use crate::harness::{Answer, Start, TestRelay, event, manual_clock, otp, send};
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, ManualClock};
use neon_sms_relay::store::{Store, memory::MemoryStore};
use serde_json::{Value, json};
use sms_providers::stub::StubProvider;
use sms_providers::{ProviderName, SmsProvider};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than any code of these tests lives.
const A_LIFE: Duration = Duration::from_secs(301);

/// A relay that learns, with two vendors that take everything.
struct Learner {
    relay: TestRelay,
    clock: Arc<ManualClock>,
}

impl Learner {
    async fn start(store: &Arc<dyn Store>, clock: &Arc<ManualClock>) -> Self {
        let vendors = [ProviderName::Twilio, ProviderName::Vonage];
        let vendors = vendors.map(|name| Arc::new(StubProvider::new(name)) as Arc<dyn SmsProvider>);
        let parts = Parts {
            providers: Some(vendors.into()),
            store: Some(store.clone()),
            clock: Some(clock.clone()),
            ..Parts::default()
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let vars = [("SMS_ROUTING", "adaptive"), ("METRICS_PORT", &port.to_string())];
        let vars = vars.map(|(name, value)| (name, value.to_owned())).into();
        Self { relay: TestRelay::with(Start { vars, parts, ..Start::default() }).await, clock: clock.clone() }
    }

    async fn deliver(&self, body: &Value) -> Answer {
        let body = body.to_string();
        let request = self.relay.signed_request(&self.relay.signer, self.clock.now(), body.as_bytes());
        let answer = send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    }

    /// Sends a code; says who took it.
    async fn text(&self, number: &str) -> String {
        let expires_at = self.clock.now().plus(A_LIFE - Duration::from_secs(1)).to_rfc3339();
        let body = otp(|body| {
            body["user"]["phone_number"] = json!(number);
            body["event_data"]["expires_at"] = json!(expires_at);
        });
        self.deliver(&body).await.json()["provider"].as_str().unwrap().to_owned()
    }

    /// Sends codes to so many numbers of a country, each of which is new; says how many each vendor took.
    async fn texts(&self, country: &str, first: u32, count: u32) -> BTreeMap<String, u32> {
        let mut taken = BTreeMap::new();
        for n in first..first + count {
            *taken.entry(self.text(&format!("{country}{n:07}")).await).or_default() += 1;
        }
        taken
    }

    async fn user_verifies(&self, number: &str) {
        let mut body = event("phone_number.verified");
        body["user"]["phone_number"] = json!(number);
        self.deliver(&body).await;
    }

    /// Waits until the metric says that this is how likely a German gets in through `provider`.
    async fn believes(&self, provider: &str, of: impl Fn(f64) -> bool) {
        let series = format!("neon_sms_relay_provider_chance{{provider=\"{provider}\",region=\"DE\"}} ");
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let metrics = self.relay.http.get(self.relay.metrics_url.as_ref().unwrap()).send().await.unwrap();
            let metrics = metrics.text().await.unwrap();
            let chance = metrics.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok());
            if chance.is_some_and(&of) {
                return;
            }
            assert!(Instant::now() < until, "{series}{chance:?}");
            tokio::task::yield_now().await;
        }
    }
}

/// German mobile numbers, and French ones.
const DE: &str = "+49151";
const FR: &str = "+3360";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gets_the_users_of_a_country_in_is_asked_first_there_and_by_every_relay_of_the_store() {
    let (store, clock): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), manual_clock());
    let learner = Learner::start(&store, &clock).await;
    // Only what Vonage sends arrives in Germany.
    for n in 0..60 {
        let number = format!("{DE}{n:07}");
        if learner.text(&number).await == "vonage" {
            learner.user_verifies(&number).await;
        }
    }
    clock.advance(A_LIFE);
    learner.believes("vonage", |chance| chance > 0.85).await;
    learner.believes("twilio", |chance| chance <= 0.5).await;

    let german = learner.texts(DE, 100, 40).await;
    // One in fifty is a try of who is behind.
    assert!(german["vonage"] >= 33, "{german:?}");
    let french = learner.texts(FR, 1_000_000, 40).await;
    assert!(french.values().all(|count| *count >= 7) && french.len() == 2, "{french:?}");

    let newcomer = Learner::start(&store, &clock).await;
    newcomer.believes("vonage", |chance| chance > 0.85).await;
    let german = newcomer.texts(DE, 200, 40).await;
    assert!(german["vonage"] >= 33, "{german:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_die_unused_count_against_whoever_took_them() {
    let (store, clock): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), manual_clock());
    let learner = Learner::start(&store, &clock).await;
    let mut number = 0;
    // First Twilio alone gets users in, then Vonage alone.
    for (good, codes) in [("twilio", 12), ("vonage", 90)] {
        for _ in 0..codes {
            number += 1;
            let number = format!("{DE}{number:07}");
            if learner.text(&number).await == good {
                learner.user_verifies(&number).await;
            }
        }
        clock.advance(A_LIFE);
    }
    learner.believes("twilio", |chance| chance < 0.5).await;
}
