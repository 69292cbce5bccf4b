//! What runs for ever and panics all the same is seen, and runs again.

use crate::app_stub::{AppStub, status};
use crate::harness::{Signer, Start, TestRelay, event, manual_clock, otp, send};
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, EventId, SystemClock};
use neon_sms_relay::store::memory::MemoryStore;
use serde_json::json;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Makes the task of a name panic, as often as it is told to.
#[derive(Clone)]
struct Tripwire {
    task: &'static str,
    left: Arc<AtomicUsize>,
}

impl Tripwire {
    fn across(task: &'static str) -> Self {
        Self { task, left: Arc::default() }
    }

    /// Makes the task panic at its next step.
    fn pull(&self) {
        self.left.store(1, Ordering::SeqCst);
    }

    /// What a relay is started with on this wire, and with a port for its metrics.
    fn start(&self, parts: Parts) -> Start {
        let wire = self.clone();
        let trip = move |task: &'static str| {
            let once = |left: usize| left.checked_sub(1);
            task == wire.task && wire.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, once).is_ok()
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Start {
            parts: Parts { trip: Some(Arc::new(trip)), ..parts },
            vars: vec![("METRICS_PORT", port.to_string())],
            ..Start::default()
        }
    }

    /// The panic is counted and shown, and the server is ready all the same.
    async fn assert_seen(&self, relay: &TestRelay) {
        let metrics = relay.http.get(relay.metrics_url.as_deref().unwrap()).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let counted = format!("neon_sms_relay_task_restarts_total{{task=\"{}\"}} 1", self.task);
        assert!(metrics.contains(&counted), "{metrics}");
        let ready = relay.get("/readyz").await;
        assert_eq!((ready.status.as_u16(), &ready.json()["warnings"][0]["task"]), (200, &json!(self.task)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_refreshed_again_after_their_refresher_has_panicked() {
    let wire = Tripwire::across("key_refresher");
    let relay = TestRelay::with(wire.start(Parts::default())).await;
    let next = Signer::new();
    relay.serve_keys_of(&next).await;
    wire.pull();
    // The panic comes with this, and so does the answer.
    let body = otp(|_| {}).to_string();
    let answer = send(relay.signed_request(&next, SystemClock.now(), body.as_bytes())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    wire.assert_seen(&relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_reach_the_app_after_the_worker_of_the_outbox_has_panicked() {
    let (app, wire) = (AppStub::answering(status(200)).await, Tripwire::across("outbox"));
    let relay = app.relay_with(wire.start(Parts::default())).await;
    wire.pull();
    assert_eq!(relay.deliver(&event("user.created")).await.status, 200);
    app.wait_for(1).await;
    wire.assert_seen(&relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_events_are_forgotten_after_the_purge_has_panicked() {
    let (store, clock) = (Arc::new(MemoryStore::default()), manual_clock());
    let parts = || Parts { store: Some(store.clone()), clock: Some(clock.clone()), ..Parts::default() };
    let body = otp(|_| {});
    let id = EventId::new(body["event_id"].as_str().unwrap()).unwrap();
    let relay = TestRelay::with(Start { parts: parts(), ..Start::default() }).await;
    assert_eq!(relay.deliver(&body).await.status, 200);
    relay.stopped().await;

    clock.advance(Duration::from_secs(48 * 3600));
    let wire = Tripwire::across("purge");
    wire.pull();
    let relay = TestRelay::with(wire.start(parts())).await;
    while store.finished(&id).is_some() {
        tokio::task::yield_now().await;
    }
    wire.assert_seen(&relay).await;
}
