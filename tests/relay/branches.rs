//! Several branches behind one relay, or one store: each is served by itself.

use crate::app_stub::{AppStub, never, status};
use crate::harness::{ENDPOINT, Start, TestRelay, event};
use crate::outbox::of_user;
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, EndpointId, EventId, Reply, SystemClock};
use neon_sms_relay::store::memory::MemoryStore;
use neon_sms_relay::store::{
    Claim, DeliveryStore, Entry, EntryState, NewDelivery, NewItem, Outbox, Outcome, Selection,
};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const OTHER: &str = "ep-other-branch-87654321";

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_hangs_delays_the_events_of_its_own_branch_alone() {
    let (hanging, other) = (AppStub::answering(never()).await, AppStub::answering(status(200)).await);
    let vars = vec![
        ("NEON_ENDPOINT_IDS", format!("{ENDPOINT},{OTHER}")),
        ("FORWARD_URL_EP_OTHER_BRANCH_87654321", other.url()),
    ];
    let relay = hanging.relay_with(Start { vars, ..Start::default() }).await;
    // More users, and so lanes, than there are requests at once.
    for user in 0..40 {
        assert_eq!(relay.deliver(&of_user(&format!("user-{user}"), 1)).await.status, 200);
    }
    hanging.wait_for(16).await;
    let mut body = event("user.created");
    body["context"]["endpoint_id"] = json!(OTHER);
    assert_eq!(relay.deliver(&body).await.status, 200);
    other.wait_for(1).await;
    assert_eq!(hanging.requests().await.len(), 16, "no branch has more than its share");
}

/// Field 22: a copy of a store, as a Neon preview branch makes one, holds events that its owner delivers.
#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_branch_that_is_not_served_stay_where_they_are() {
    let store = Arc::new(MemoryStore::default());
    leave_an_event_of(OTHER, &store).await;
    let app = AppStub::answering(status(200)).await;
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let relay: TestRelay = app.relay_with(Start { parts, ..Start::default() }).await;
    assert_eq!(relay.deliver(&event("user.created")).await.status, 200);
    app.wait_for(1).await;
    while store.counts().await.unwrap().waiting > 1 {
        tokio::task::yield_now().await;
    }
    let left = store.list(&Selection::All, 9).await.unwrap();
    assert_eq!(app.requests().await.len(), 1);
    let [Entry { attempts: 0, state: EntryState::Waiting(_), endpoint: Some(endpoint), .. }] =
        left.as_slice()
    else {
        panic!("{left:?}")
    };
    assert_eq!(endpoint.as_str(), OTHER);
}

/// Queues an event as another relay would have.
async fn leave_an_event_of(endpoint: &str, store: &MemoryStore) {
    let (now, endpoint) = (SystemClock.now(), EndpointId::new(endpoint));
    let id = EventId::new("left-by-somebody-else").unwrap();
    let delivery = NewDelivery { endpoint: endpoint.clone(), ..NewDelivery::new(id, "user.created") };
    let claim = store.claim(&delivery, now, Duration::from_secs(4)).await.unwrap();
    let Claim::Acquired(lease) = claim else { panic!("not new") };
    let queued = NewItem {
        event_type: "user.created".into(),
        endpoint,
        lane: "theirs".into(),
        sealed: b"sealed under their key".to_vec(),
        queued_at: now,
        give_up_at: now.plus(Duration::from_secs(3600)),
    };
    let outcome = Outcome { queued: Some(queued), ..Outcome::of(Reply::Done(None)) };
    store.finish(lease, &outcome, now).await.unwrap();
}
