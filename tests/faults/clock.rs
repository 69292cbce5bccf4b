//! A clock that is set forth and back while codes go through.

use crate::harness::{Answer, Start, TestRelay, otp};
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, ManualClock, SystemClock, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A code that is asked for now, by a clock that Neon's agrees with.
fn code(number: usize, now: Timestamp) -> Value {
    otp(|body| {
        body["user"]["phone_number"] = json!(format!("+1555{number:07}"));
        body["event_data"]["expires_at"] = json!(now.plus(Duration::from_secs(300)).to_rfc3339());
    })
}

async fn deliver(relay: &TestRelay, code: &Value, now: Timestamp) -> Answer {
    crate::harness::send(relay.signed_request(&relay.signer, now, code.to_string().as_bytes())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_go_out_once_however_the_clock_is_set_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let start = SystemClock.now();
    let clock = Arc::new(ManualClock::new(start));
    let parts = Parts { clock: Some(clock.clone()), ..Parts::default() };
    let vars = vec![("STORE_URL", format!("sqlite://{}/relay.db", folder.path().display()))];
    let relay = TestRelay::with(Start { parts, vars, ..Start::default() }).await;
    let (hour, day) = (Duration::from_secs(3600), Duration::from_secs(86_400));
    let times = [start, start.plus(hour), start.minus(day), start.plus(day * 300), start.minus(hour), start];
    let mut sent = Vec::new();
    for (number, now) in times.into_iter().enumerate() {
        clock.set(now);
        let new = code(number, now);
        assert_eq!(deliver(&relay, &new, now).await.status, 200);
        sent.push(new);
        // Whatever was sent under another time is known.
        for old in &sent {
            let answer = deliver(&relay, old, now).await;
            assert!(answer.status == 200 && answer.replayed, "{}", answer.text);
        }
    }
    assert_eq!(relay.stub.sent().len(), sent.len());
}

/// The vendor thinks while the clock is set: the lease then ends long ago or far ahead.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_on_its_way_when_the_clock_is_set_is_answered_and_sent_once() {
    let start = SystemClock.now();
    let minutes = Duration::from_secs(600);
    for set in [start.plus(minutes), start.minus(minutes)] {
        let clock = Arc::new(ManualClock::new(start));
        let parts = Parts { clock: Some(clock.clone()), ..Parts::default() };
        let relay = TestRelay::with(Start { parts, ..Start::default() }).await;
        relay.stub.hold();
        let new = code(1, start);
        let fault = async {
            relay.stub.wait_for_sends(1).await;
            clock.set(set);
            let copy = deliver(&relay, &new, set);
            relay.stub.release();
            copy.await
        };
        let (first, copy) = tokio::join!(deliver(&relay, &new, start), fault);
        assert_eq!((first.status.as_u16(), copy.status.as_u16()), (200, 200));
        assert_eq!(relay.stub.sent().len(), 1);
    }
}
