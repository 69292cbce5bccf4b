//! The guard decides each text of a real server: who is refused, why, and what that costs.

use crate::harness::{NUMBER, Start, TestRelay, manual_clock, otp};
use crate::process::run;
use crate::second_vendor::verified;
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{EventId, ManualClock};
use neon_sms_relay::store::memory::MemoryStore;
use neon_sms_relay::store::texts::{Query, TextLog};
use serde_json::{Value, json};
use sms_providers::{FailureKind, SendError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const TOO_MANY: (u16, &str) = (422, "too_many_codes");

/// A relay with a guard, and a clock that the test sets.
pub struct Scene {
    pub relay: TestRelay,
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    latest: Mutex<Option<EventId>>,
}

impl Scene {
    pub async fn new(vars: &[(&'static str, &str)]) -> Self {
        let (clock, store) = (manual_clock(), Arc::new(MemoryStore::default()));
        let parts = Parts { clock: Some(clock.clone()), store: Some(store.clone()), ..Parts::default() };
        let vars = guarded(vars);
        Self {
            relay: TestRelay::with(Start { vars, parts, ..Start::default() }).await,
            clock,
            store,
            latest: Mutex::default(),
        }
    }

    /// Asks for a code for this number; returns status and error code.
    pub async fn asks(&self, number: &str) -> (u16, String) {
        self.deliver(&code_for(number)).await
    }

    pub async fn deliver(&self, body: &Value) -> (u16, String) {
        *self.latest.lock().unwrap() = EventId::new(body["event_id"].as_str().unwrap());
        let request = self.relay.signed_request(&self.relay.signer, self.now(), body.to_string().as_bytes());
        let answer = crate::harness::send(request).await;
        let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        (answer.status.as_u16(), error)
    }

    fn now(&self) -> neon_sms_relay::domain::Timestamp {
        neon_sms_relay::domain::Clock::now(&*self.clock)
    }

    pub fn waits(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// What the store says of the latest decision.
    pub async fn decision(&self) -> Value {
        let query = Query { event: self.latest.lock().unwrap().clone(), ..Query::default() };
        let delivery = self.store.deliveries(&query, 1).await.unwrap().pop().unwrap();
        serde_json::from_str(&delivery.decision.unwrap()).unwrap()
    }
}

pub fn guarded(vars: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let vars = vars.iter().map(|(name, value)| (*name, (*value).to_owned()));
    std::iter::once(("GUARD", "enforce".to_owned())).chain(vars).collect()
}

/// An event whose code outlives every wait of a test.
pub fn code_for(number: &str) -> Value {
    otp(|body| {
        body["user"]["phone_number"] = json!(number);
        body["event_data"]["expires_at"] = json!("2999-01-01T00:00:00Z");
    })
}

pub fn refused(expected: (u16, &str)) -> (u16, String) {
    (expected.0, expected.1.to_owned())
}

pub fn sent() -> (u16, String) {
    (200, String::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_waits_between_two_codes_and_longer_from_the_fourth_on() {
    let scene = Scene::new(&[]).await;
    assert_eq!(scene.asks(NUMBER).await, sent());
    assert_eq!(scene.asks(NUMBER).await, refused(TOO_MANY));
    assert_eq!(scene.decision().await, json!({"outcome": "refused", "rules": ["number_pause"]}));
    for wait in [30, 30, 60] {
        scene.waits(wait - 1);
        assert_eq!(scene.asks(NUMBER).await, refused(TOO_MANY), "{wait}");
        scene.waits(1);
        assert_eq!(scene.asks(NUMBER).await, sent(), "{wait}");
    }
    assert_eq!(scene.relay.stub.sent().len(), 4, "what is refused is no text");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_gets_no_more_than_its_caps_and_a_verification_starts_anew() {
    let vars = [("GUARD_NUMBER_PAUSE_SECONDS", "0"), ("GUARD_NUMBER_PER_10_MIN", "2")];
    let scene = Scene::new(&vars).await;
    for expected in [sent(), sent(), refused(TOO_MANY)] {
        assert_eq!(scene.asks(NUMBER).await, expected);
    }
    assert_eq!(scene.deliver(&verified(NUMBER)).await, sent());
    assert_eq!(scene.asks(NUMBER).await, sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_a_refused_event_gets_the_same_refusal_and_counts_once() {
    let scene = Scene::new(&[]).await;
    scene.asks(NUMBER).await;
    let again = code_for(NUMBER);
    assert_eq!(scene.deliver(&again).await, refused(TOO_MANY));
    scene.waits(30);
    assert_eq!(scene.deliver(&again).await, refused(TOO_MANY), "it was decided");
    assert_eq!(scene.asks(NUMBER).await, sent());
    assert_eq!(scene.relay.stub.sent().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_an_event_that_no_vendor_took_is_sent_without_a_pause() {
    let scene = Scene::new(&[]).await;
    let body = code_for(NUMBER);
    scene.relay.stub.answer(Err(SendError::new(FailureKind::Unavailable)));
    assert_eq!(scene.deliver(&body).await.0, 503);
    assert_eq!(scene.deliver(&body).await, sent());
    assert_eq!(scene.decision().await, json!({"outcome": "allowed", "rules": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn countries_and_kinds_that_are_not_sent_to_are_refused() {
    let scene = Scene::new(&[("SMS_COUNTRIES", "US,GB")]).await;
    assert_eq!(scene.asks("+4915112345678").await, refused((422, "country_not_allowed")));
    assert_eq!(scene.asks("+19002345678").await, refused((422, "number_not_allowed")));
    assert_eq!(scene.decision().await["rules"], json!(["number_kind"]));
    assert_eq!(scene.asks(NUMBER).await, sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_verified_passes_what_strangers_do_not() {
    let scene = Scene::new(&[("SMS_DAILY_LIMIT", "1")]).await;
    assert_eq!(scene.asks(NUMBER).await, sent());
    assert_eq!(scene.asks("+14155550123").await, refused((422, "spend_limit")));
    assert_eq!(scene.deliver(&verified(NUMBER)).await, sent());
    assert_eq!(scene.asks(NUMBER).await, sent());
    assert_eq!(scene.decision().await, json!({"outcome": "allowed", "rules": ["verified_before"]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn record_notes_what_it_would_refuse_and_sends_it() {
    let scene = Scene::new(&[("GUARD", "record"), ("SMS_COUNTRIES", "DE")]).await;
    for _ in 0..2 {
        assert_eq!(scene.asks(NUMBER).await, sent());
    }
    let expected = json!({"outcome": "noted", "rules": ["country_list", "number_pause"]});
    assert_eq!(scene.decision().await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_guard_everything_is_sent_and_nothing_is_recorded() {
    let scene = Scene::new(&[("GUARD", "off"), ("SMS_COUNTRIES", "DE")]).await;
    for _ in 0..7 {
        assert_eq!(scene.asks(NUMBER).await, sent());
    }
    let delivery = scene.store.deliveries(&Query::default(), 1).await.unwrap().pop().unwrap();
    assert_eq!(delivery.decision, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_of_one_prefix_close_it_and_nothing_else() {
    let scene = Scene::new(&[]).await;
    let mut texts = 0;
    for index in 0..20 {
        let said = scene.asks(&format!("+4915112345{:03}", index * 47)).await;
        texts += usize::from(said == sent());
    }
    assert_eq!(texts, 10);
    assert_eq!(scene.asks("+4915112345999").await, refused((422, "number_not_allowed")));
    assert_eq!(scene.asks("+4917098765432").await, sent());
}

/// Relays that share a store, and nobody else.
pub async fn relay_over(store_url: &str, vars: &[(&'static str, &str)]) -> TestRelay {
    let mut vars = guarded(vars);
    vars.push(("STORE_URL", store_url.to_owned()));
    TestRelay::with(Start { vars, ..Start::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_that_is_blocked_by_hand_gets_no_text_until_it_is_unblocked() {
    let folder = tempfile::tempdir().unwrap();
    let store_url = format!("sqlite://{}/relay.db", folder.path().display());
    let relay = relay_over(
        &store_url,
        &[
            ("GUARD_NUMBER_PAUSE_SECONDS", "0"),
            ("GUARD_NUMBER_PER_10_MIN", "100"),
            ("GUARD_NUMBER_PER_DAY", "1000"),
        ],
    )
    .await;
    let command = |arguments: &[&str]| {
        let arguments = [&["guard"], arguments].concat();
        let output = run(folder.path(), &arguments, &[("STORE_URL", &store_url), ("USER", "ann")]);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    assert_eq!(relay.deliver(&code_for(NUMBER)).await.status, 200);
    assert_eq!(relay.deliver(&verified(NUMBER)).await.status, 200);
    assert_eq!(command(&["block", "+1555"]).0, Some(0));
    let status = command(&["status"]).1;
    assert!(status.contains("+1555") && status.contains("blocked") && status.contains("by ann"), "{status}");
    // Within five seconds, also for a number that was verified.
    while relay.deliver(&code_for(NUMBER)).await.status == 200 {}
    assert_eq!(relay.deliver(&code_for(NUMBER)).await.error(), (422, "number_not_allowed".to_owned()));
    assert_eq!(command(&["unblock", "1555"]).0, Some(0));
    while relay.deliver(&code_for(NUMBER)).await.status != 200 {}
    let whole = command(&["block", "+4915112345678"]);
    assert!(whole.0 == Some(2) && whole.1.contains("none is stored"), "{whole:?}");
    let (code, said) = command(&["unblock", "1555"]);
    assert!(code == Some(1) && said.contains("is not closed"), "{said}");
}
