//! Nothing that Neon was told is taken care of is lost: events that nobody waits for reach the app in the end.

use crate::app_stub::{AppStub, assert_unreadable, header, never, status};
use crate::forwarding::signed_at;
use crate::harness::{NUMBER, Start, TestRelay, event, manual_clock};
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, ManualClock};
use neon_sms_relay::store::memory::MemoryStore;
use neon_sms_relay::store::{Counts, Entry, EntryState, Outbox, Selection};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use wiremock::Request;

/// The `number`th event about a user.
pub fn of_user(user: &str, number: u64) -> Value {
    let mut body = event("user.created");
    body["user"]["id"] = json!(user);
    body["event_data"]["number"] = json!(number);
    body
}

fn number(request: &Request) -> u64 {
    request.body_json::<Value>().unwrap()["event_data"]["number"].as_u64().unwrap()
}

/// A relay whose clock and whose store the test holds in its hands.
struct Scene {
    app: AppStub,
    relay: TestRelay,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
}

impl Scene {
    async fn new() -> Self {
        let (app, store, clock) =
            (AppStub::answering(status(200)).await, Arc::new(MemoryStore::default()), manual_clock());
        let parts = Parts { store: Some(store.clone()), clock: Some(clock.clone()), ..Parts::default() };
        let relay = app.relay_with(Start { parts, ..Start::default() }).await;
        Self { app, relay, store, clock }
    }

    async fn accept(&self, body: &Value) {
        assert_eq!(self.relay.deliver(body).await.status, 200);
    }

    /// Waits until this is what is in the outbox.
    async fn wait_for(&self, counts: Counts) {
        while self.store.counts().await.unwrap() != counts {
            tokio::task::yield_now().await;
        }
    }

    async fn oldest(&self) -> Entry {
        self.store.list(&Selection::All, 1).await.unwrap().remove(0)
    }

    /// Waits until the first item has failed as often.
    async fn wait_for_failures(&self, attempts: u32) {
        loop {
            let entry = self.oldest().await;
            let failed = matches!(entry.state, EntryState::Waiting(due_at) if due_at > self.clock.now());
            if entry.attempts == attempts && failed {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_nobody_waits_for_reaches_the_app_once_as_it_was() {
    let scene = Scene::new().await;
    let names =
        ["phone_number.verified", "user.created", "organization.invitation.created", "passkey.created"];
    for (count, name) in names.into_iter().enumerate() {
        let body = event(name);
        let request = scene.relay.request(&body).build().unwrap();
        let sent = request.headers().clone();
        assert_eq!(scene.relay.http.execute(request).await.unwrap().status(), 200);
        let received = scene.app.wait_for(count + 1).await.pop().unwrap();
        assert_eq!(received.body, body.to_string().into_bytes());
        for (name, value) in sent.iter().filter(|(name, _)| name.as_str().starts_with("x-neon-")) {
            assert_eq!(received.headers[name], value, "{name}");
        }
        assert_eq!(header(&received, "relay-attempt"), "1");
        signed_at(&received);
        assert!(scene.relay.deliver(&body).await.replayed);
    }
    scene.wait_for(Counts::default()).await;
    assert_eq!(scene.app.requests().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_fails_is_tried_again_with_neons_timestamp_and_a_time_and_number_of_our_own() {
    let scene = Scene::new().await;
    scene.app.answer(status(500)).await;
    scene.accept(&of_user("u", 1)).await;
    for (attempts, pause) in [(1, 2), (2, 4), (3, 8)] {
        scene.wait_for_failures(attempts).await;
        scene.clock.advance(Duration::from_secs(pause));
    }
    scene.wait_for_failures(4).await;
    let entry = scene.oldest().await;
    assert_eq!(entry.failure.as_deref(), Some("it answers 500"));

    scene.app.answer_without_forgetting(status(204)).await;
    scene.clock.advance(Duration::from_secs(16));
    scene.wait_for(Counts::default()).await;
    let requests = scene.app.requests().await;
    let attempts: Vec<_> = requests.iter().map(|request| header(request, "relay-attempt")).collect();
    assert_eq!(attempts, ["1", "2", "3", "4", "5"]);
    let times: Vec<_> = requests.iter().map(signed_at).collect();
    assert!(times.is_sorted() && times[4] - times[0] == 30, "{times:?}");
    let first = header(&requests[0], "x-neon-timestamp");
    assert!(requests.iter().all(|request| header(request, "x-neon-timestamp") == first));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_one_user_arrive_in_order_and_those_of_others_do_not_wait_for_them() {
    let scene = Scene::new().await;
    scene.app.answer(status(503)).await;
    scene.accept(&of_user("first", 1)).await;
    scene.wait_for_failures(1).await;
    scene.app.answer(status(200)).await;
    scene.accept(&of_user("first", 2)).await;
    scene.accept(&of_user("other", 3)).await;
    assert_eq!(number(&scene.app.wait_for(1).await[0]), 3);
    scene.wait_for(Counts { waiting: 2, dead: 0 }).await;
    scene.clock.advance(Duration::from_secs(2));
    scene.wait_for(Counts::default()).await;
    assert_eq!(scene.app.requests().await.iter().map(number).collect::<Vec<_>>(), [3, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_an_event_is_given_up_and_the_next_of_its_user_has_its_turn() {
    let scene = Scene::new().await;
    scene.app.answer(status(400)).await;
    scene.accept(&of_user("u", 1)).await;
    scene.wait_for_failures(1).await;
    scene.clock.advance(Duration::from_secs(24 * 3600));
    scene.wait_for(Counts { waiting: 0, dead: 1 }).await;
    let entry = scene.oldest().await;
    assert_eq!((entry.attempts, entry.failure.as_deref()), (2, Some("it answers 400")));
    assert_eq!(entry.state, EntryState::Dead(scene.clock.now()));

    scene.app.answer(status(200)).await;
    let body = of_user("u", 2).to_string();
    let request = scene.relay.signed_request(&scene.relay.signer, scene.clock.now(), body.as_bytes());
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(number(&scene.app.wait_for(1).await[0]), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_of_the_app_is_a_failure_and_is_named() {
    let scene = Scene::new().await;
    scene.app.answer(status(301).insert_header("Location", scene.app.url())).await;
    scene.accept(&of_user("u", 1)).await;
    scene.wait_for_failures(1).await;
    let entry = scene.oldest().await;
    assert!(entry.failure.unwrap().contains("it redirects"));
    assert_eq!(scene.app.requests().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_hangs_keeps_neither_neon_nor_a_stop_waiting() {
    let app = AppStub::answering(never()).await;
    let mut relay = app.relay().await;
    for number in 0..20 {
        assert_eq!(relay.deliver(&of_user(&number.to_string(), 1)).await.status, 200);
    }
    app.wait_for(16).await;
    relay.begin_stop();
    assert_eq!(relay.stopped().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_survives_a_restart_and_is_not_readable_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store_url = format!("sqlite://{}/relay.db", folder.path().display());
    let start = || Start { vars: vec![("STORE_URL", store_url.clone())], ..Start::default() };
    let app = AppStub::answering(status(503)).await;
    // Its clock stands still, so it makes one attempt.
    let parts = Parts { clock: Some(manual_clock()), ..Parts::default() };
    let relay = app.relay_with(Start { parts, ..start() }).await;
    let mut body = event("phone_number.verified");
    body["user"]["phone_number"] = json!(NUMBER);
    assert_eq!(relay.deliver(&body).await.status, 200);
    app.wait_for(1).await;
    relay.stopped().await;
    assert_unreadable(folder.path(), &["5551234567", "a@example.com", "eyJjb250ZXh0Ijp7"]);

    app.answer(status(200)).await;
    let _again = app.relay_with(start()).await;
    let received = app.wait_for(1).await;
    assert_eq!(received[0].body, body.to_string().into_bytes());
    assert_eq!(header(&received[0], "relay-attempt"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_goes_where_the_url_leads_by_then() {
    let folder = tempfile::tempdir().unwrap();
    let vars = vec![("STORE_URL", format!("sqlite://{}/relay.db", folder.path().display()))];
    let (wrong, right) = (AppStub::answering(status(404)).await, AppStub::answering(status(200)).await);
    let relay = wrong.relay_with(Start { vars: vars.clone(), ..Start::default() }).await;
    assert_eq!(relay.deliver(&of_user("u", 7)).await.status, 200);
    wrong.wait_for(1).await;
    relay.stopped().await;
    let _again = right.relay_with(Start { vars, ..Start::default() }).await;
    assert_eq!(number(&right.wait_for(1).await[0]), 7);
}
