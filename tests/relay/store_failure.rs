//! The store is down: `STORE_FAILURE` decides, `/readyz` tells, and nothing has to be restarted.

use crate::harness::{Start, TestRelay, otp};
use crate::plugged::relay_on_a_plugged_store as relay;
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, EventId, SystemClock};
use neon_sms_relay::store::memory::MemoryStore;
use neon_sms_relay::store::{Claim, DeliveryStore, NewDelivery};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn with_send_codes_go_out_once_while_the_store_is_down() {
    let (relay, store) = relay(&[("STORE_FAILURE", "send")]).await;
    store.pull(true);
    let body = otp(|_| {});
    let (first, second) = (relay.deliver(&body).await, relay.deliver(&body).await);
    assert_eq!((first.status.as_u16(), second.status.as_u16(), second.replayed), (200, 200, true));
    // Nor is it sent again by a store that comes back without knowing.
    store.pull(false);
    assert!(relay.deliver(&body).await.replayed);
    assert_eq!(relay.stub.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_refuse_neon_is_asked_to_try_again() {
    let (relay, store) = relay(&[("STORE_FAILURE", "refuse")]).await;
    store.pull(true);
    let body = otp(|_| {});
    assert_eq!(relay.deliver(&body).await.error(), (503, "store_unavailable".into()));
    assert_eq!(relay.stub.sent().len(), 0);
    store.pull(false);
    assert_eq!(relay.deliver(&body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_after_the_send_does_not_cause_a_second_one() {
    for rule in ["send", "refuse"] {
        let (relay, store) = relay(&[("STORE_FAILURE", rule)]).await;
        relay.stub.hold();
        let body = otp(|_| {});
        let break_down = async {
            relay.stub.wait_for_sends(1).await;
            store.pull(true);
            relay.stub.release();
        };
        let (answer, ()) = tokio::join!(relay.deliver(&body), break_down);
        assert_eq!(answer.status, 200, "{rule}");
        store.pull(false);
        assert!(relay.deliver(&body).await.replayed, "{rule}");
        assert_eq!(relay.stub.sent().len(), 1, "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_owner_died_is_taken_over_within_one_attempt_of_neon() {
    let store = Arc::new(MemoryStore::default());
    let body = otp(|_| {});
    let event = NewDelivery::new(EventId::new(body["event_id"].as_str().unwrap()).unwrap(), "send.otp");
    // Claimed by an instance that ended before it wrote anything.
    let now = SystemClock.now();
    let claim = store.claim(&event, now, Duration::from_secs(4)).await.unwrap();
    assert!(matches!(claim, Claim::Acquired(_)));
    let parts = Parts { store: Some(store), ..Parts::default() };
    let relay = TestRelay::with(Start { parts, ..Start::default() }).await;
    assert_eq!(relay.deliver(&body).await.status, 200);
    assert_eq!(relay.stub.sent().len(), 1);
    assert!(SystemClock.now().since(now) >= Duration::from_secs(4), "the lease was not waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_is_waited_for_and_its_outcome_is_the_answer() {
    let store = Arc::new(MemoryStore::default());
    let parts = || Parts { store: Some(store.clone()), ..Parts::default() };
    let first = TestRelay::with(Start { parts: parts(), ..Start::default() }).await;
    let second = TestRelay::with(Start { parts: parts(), ..Start::default() }).await;
    first.stub.hold();
    let body = otp(|_| {});
    let at_the_second = async {
        first.stub.wait_for_sends(1).await;
        let (answer, ()) = tokio::join!(second.deliver(&body), async { first.stub.release() });
        answer
    };
    let (one, two) = tokio::join!(first.deliver(&body), at_the_second);
    assert_eq!((one.status.as_u16(), two.status.as_u16(), &one.text), (200, 200, &two.text));
    assert_eq!((first.stub.sent().len(), second.stub.sent().len()), (1, 0));
}
