//! What is in the outbox stays there, and nothing else does: when the store fails, when the server stops, with time.

use crate::app_stub::{self, AppStub, never, status};
use crate::harness::{Start, event, manual_clock};
use crate::outbox::of_user;
use crate::plugged::{Plugged, relay_on_a_plugged_store};
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::Reply;
use neon_sms_relay::domain::{Clock, EventId, SystemClock};
use neon_sms_relay::store::memory::MemoryStore;
use neon_sms_relay::store::{
    Claim, Counts, DeliveryStore, NewDelivery, NewItem, Next, Outbox, Outcome, Selection, Whose,
};
use std::sync::Arc;
use std::time::Duration;
use wiremock::matchers::header;
use wiremock::{Mock, Request};

const LEASE: Duration = Duration::from_secs(15);

/// Waits until this is what is in the outbox.
async fn wait_for(store: &MemoryStore, counts: Counts) {
    while store.counts().await.unwrap() != counts {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neon_is_not_told_that_an_event_is_kept_before_it_is() {
    let app = AppStub::answering(status(200)).await;
    for rule in ["send", "refuse"] {
        app.answer(status(200)).await;
        let (relay, store) =
            relay_on_a_plugged_store(&[("STORE_FAILURE", rule), ("FORWARD_URL", &app.url())]).await;
        store.pull_only(&["finish"]);
        let body = of_user("u", 1);
        assert_eq!(relay.deliver(&body).await.error(), (503, "store_unavailable".into()), "{rule}");
        assert_eq!(store.store.counts().await.unwrap(), Counts::default());

        // The next attempt waits for what is left of the first one's lease, within which it is written after all.
        store.pull(false);
        let retry = relay.deliver(&body).await;
        assert_eq!((retry.status.as_u16(), retry.replayed), (200, true), "{rule}");
        wait_for(&store.store, Counts::default()).await;
        assert_eq!(app.wait_for(1).await.len(), 1, "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_can_be_kept_only_the_app_itself_can_take_an_event() {
    let app = AppStub::answering(status(400)).await;
    let (relay, store) = relay_on_a_plugged_store(&[("FORWARD_URL", &app.url())]).await;
    store.pull(true);
    let body = of_user("u", 1);
    // A refusal that could be kept would be tried again for a day, so it is no answer for Neon.
    assert_eq!(relay.deliver(&body).await.error(), (503, "store_unavailable".into()));
    app.answer(status(204)).await;
    let answer = relay.deliver(&body).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, r#"{"status":"accepted"}"#));
    assert!(relay.deliver(&body).await.replayed);
    assert_eq!(app.requests().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_neither_loses_an_event_nor_asks_the_app() {
    let app = AppStub::answering(status(200)).await;
    let (relay, store) =
        relay_on_a_plugged_store(&[("STORE_FAILURE", "refuse"), ("FORWARD_URL", &app.url())]).await;
    store.pull(true);
    let body = of_user("u", 1);
    assert_eq!(relay.deliver(&body).await.error(), (503, "store_unavailable".into()));
    assert!(app.requests().await.is_empty());
    store.pull(false);
    assert_eq!(relay.deliver(&body).await.status, 200);
    app.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_app_has_taken_is_not_sent_again_because_the_store_fails_to_note_it() {
    let app = AppStub::answering(status(200)).await;
    let (relay, store) = relay_on_a_plugged_store(&[("FORWARD_URL", &app.url())]).await;
    store.pull_only(&["delivered"]);
    assert_eq!(relay.deliver(&of_user("u", 1)).await.status, 200);
    store.wait_for_refusals(2).await;
    store.pull(false);
    wait_for(&store.store, Counts::default()).await;
    assert_eq!(app.requests().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_says_its_key_late_is_asked_until_it_does() {
    let app = AppStub::answering(status(200)).await;
    let store = Arc::new(Plugged::default());
    store.pull_only(&["hash_key"]);
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let relay = app.relay_with(Start { parts, ..Start::default() }).await;
    let body = of_user("u", 1);
    assert_eq!(relay.deliver(&body).await.error(), (503, "store_unavailable".into()));
    store.pull(false);
    assert_eq!(relay.deliver(&body).await.status, 200);
    app.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_another_instance_has_made_meanwhile_is_the_answer() {
    let allowed = |allowed: bool| status(200).set_body_json(serde_json::json!({"allowed": allowed}));
    let app = AppStub::answering(allowed(true).set_delay(Duration::from_secs(2))).await;
    let store = Arc::new(MemoryStore::default());
    let clock = manual_clock();
    let start = |clock: Option<Arc<dyn Clock>>| Start {
        parts: Parts { store: Some(store.clone()), clock, ..Parts::default() },
        ..Start::default()
    };
    let (first, second) =
        (app.relay_with(start(Some(clock.clone()))).await, app.relay_with(start(None)).await);
    let body = event("user.before_create");
    // To the second instance the first one's lease has lapsed: its own clock stands an hour ahead.
    let hour = Duration::from_secs(3600);
    clock.set(SystemClock.now().minus(hour));
    let text = body.to_string();
    let at_the_first = first.signed_request(&first.signer, clock.now(), text.as_bytes()).send();
    let at_the_second = async {
        app.wait_for(1).await;
        app.answer_without_forgetting(allowed(false)).await;
        second.deliver(&body).await
    };
    let (one, two) = tokio::join!(at_the_first, at_the_second);
    assert_eq!(two.json()["allowed"], false);
    assert_eq!(one.unwrap().status(), 503);
    let again = first.signed_request(&first.signer, clock.now(), text.as_bytes()).send().await.unwrap();
    assert_eq!(again.json::<serde_json::Value>().await.unwrap()["allowed"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_finishes_what_it_has_started_and_starts_nothing_new() {
    let app = AppStub::answering(never()).await;
    let slow = status(200).set_delay(Duration::from_secs(4));
    let queued = Mock::given(header("X-Neon-Event-Type", "user.created")).respond_with(slow);
    queued.with_priority(1).mount(&app.server).await;
    let mut relay = app.relay().await;
    for number in 0..40 {
        assert_eq!(relay.deliver(&of_user(&number.to_string(), 1)).await.status, 200);
    }
    // As many as there are slots; and one that keeps the server busy for longer than these take.
    app.wait_for(16).await;
    let blocking = event("send.magic_link");
    let request = relay.request(&blocking).send();
    let stop = async {
        let mut count = 17;
        let is_blocking =
            |request: &Request| app_stub::header(request, "X-Neon-Event-Type") == "send.magic_link";
        while !app.wait_for(count).await.iter().any(is_blocking) {
            count += 1;
        }
        relay.begin_stop();
        app.requests().await.len()
    };
    let (answer, started) = tokio::join!(request, stop);
    assert_eq!(answer.unwrap().status(), 503);
    assert_eq!(app.requests().await.len(), started);
}

/// Puts an item of this event into a store.
async fn put(store: &MemoryStore, id: &str) {
    let id = EventId::new(id).unwrap();
    let event_type = "user.created".to_owned();
    let delivery = NewDelivery::new(id.clone(), event_type.clone());
    let now = SystemClock.now();
    let Claim::Acquired(lease) = store.claim(&delivery, now, LEASE).await.unwrap() else { panic!("claimed") };
    let item = NewItem {
        event_type,
        endpoint: None,
        lane: id.to_string(),
        sealed: b"not of this relay".to_vec(),
        queued_at: now,
        give_up_at: now.plus(Duration::from_secs(60)),
    };
    let outcome = Outcome { queued: Some(item), ..Outcome::of(Reply::Done(None)) };
    store.finish(lease, &outcome, now).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_kept_for_seven_days() {
    let (app, store) = (AppStub::answering(status(200)).await, Arc::new(MemoryStore::default()));
    let day = Duration::from_secs(86_400);
    for (id, age) in [("old", day * 8), ("young", day * 6)] {
        put(&store, id).await;
        let item =
            store.take_due(SystemClock.now(), LEASE, 1, Whose::default()).await.unwrap().items.remove(0);
        let died_at = SystemClock.now().minus(age);
        store.failed(&item, "it answers 500", Next::Dead(died_at)).await.unwrap();
    }
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let _relay = app.relay_with(Start { parts, ..Start::default() }).await;
    wait_for(&store, Counts { waiting: 0, dead: 1 }).await;
    assert_eq!(store.list(&Selection::All, 9).await.unwrap()[0].id.as_str(), "young");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sealed_under_another_key_is_kept_and_named() {
    let (app, store) = (AppStub::answering(status(200)).await, Arc::new(MemoryStore::default()));
    put(&store, "sealed").await;
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let _relay = app.relay_with(Start { parts, ..Start::default() }).await;
    loop {
        let entry = store.list(&Selection::All, 1).await.unwrap().remove(0);
        if let Some(failure) = entry.failure {
            assert!(failure.contains("HASH_KEY has changed"), "{failure}");
            return assert!(app.requests().await.is_empty());
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_much_waits_is_counted_and_who_was_called() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let app = AppStub::answering(status(500)).await;
    let vars = vec![("METRICS_PORT", port.to_string())];
    let relay = app.relay_with(Start { vars, ..Start::default() }).await;
    relay.deliver(&event("send.magic_link")).await;
    relay.deliver(&of_user("u", 1)).await;
    app.wait_for(2).await;
    let lines = [
        r#"neon_sms_relay_deliveries_total{event="send_magic_link",reply="app"} 1"#,
        r#"neon_sms_relay_deliveries_total{event="user_created",reply="accepted"} 1"#,
        r#"neon_sms_relay_forwards_total{from="neon",result="5xx"} 1"#,
        r#"neon_sms_relay_forwards_total{from="outbox",result="5xx"} "#,
        "neon_sms_relay_outbox_waiting ",
        "neon_sms_relay_outbox_dead 0",
    ];
    let started = SystemClock.now();
    loop {
        let metrics = relay.http.get(relay.metrics_url.as_deref().unwrap()).send().await.unwrap();
        let text = metrics.text().await.unwrap();
        let missing: Vec<_> = lines.iter().filter(|line| !text.contains(**line)).collect();
        if missing.is_empty() {
            return;
        }
        assert!(SystemClock.now().since(started) < Duration::from_secs(30), "{missing:?} in:\n{text}");
    }
}
