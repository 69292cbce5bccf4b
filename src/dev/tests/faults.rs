//! What goes wrong on purpose.

use super::page::message;
use super::*;
use sms_providers::{FailureKind, SmsProvider};

impl Dev {
    async fn plan(&self, plan: Value) -> Answer {
        Answer::of(self.http.put(self.server.inbox_url().join("/dev/faults").unwrap()).json(&plan)).await
    }

    async fn faults(&self) -> Value {
        Answer::of(self.get("/dev/faults")).await.body
    }
}

#[tokio::test]
async fn the_vendor_refuses_as_often_as_planned() {
    let dev = Dev::start().await;
    let plan = json!({ "vendor": { "kind": "unavailable", "times": 2, "delay_ms": 0 } });
    assert_eq!(dev.plan(plan.clone()).await.body, plan);
    for left in [1, 0] {
        let refused = dev.server.inbox().send(&message("Code 042137")).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::Unavailable);
        let left = if left == 0 {
            json!({})
        } else {
            json!({ "vendor": { "kind": "unavailable", "times": left, "delay_ms": 0 } })
        };
        assert_eq!(dev.faults().await, left);
    }
    dev.server.inbox().send(&message("Code 042137")).await.unwrap();
}

#[tokio::test]
async fn a_silent_vendor_takes_a_text_that_nobody_receives() {
    let dev = Dev::start().await;
    dev.plan(json!({ "vendor": { "kind": "silent" } })).await;
    dev.server.inbox().send(&message("Code 042137")).await.unwrap();
    assert_eq!(Answer::of(dev.get("/dev/messages")).await.body, json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_slow_vendor_takes_its_time_and_one_that_never_answers_all_of_it() {
    let clock = Arc::new(ManualClock::new(NOW));
    let inbox = InboxProvider::new(clock);
    let plan = |plan| inbox.faults().plan(serde_json::from_value(plan).unwrap()).unwrap();
    plan(json!({ "vendor": { "delay_ms": 3000 } }));
    let began = tokio::time::Instant::now();
    inbox.send(&message("Code 042137")).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 3);
    plan(json!({ "vendor": { "kind": "timeout" } }));
    assert_eq!(inbox.send(&message("Code 042137")).await.unwrap_err().kind, FailureKind::Unknown);
    assert!(began.elapsed() > Duration::from_secs(30), "longer than anybody waits");
}

#[tokio::test]
async fn a_lost_webhook_is_tried_again_and_arrives() {
    let dev = Dev::start().await;
    dev.plan(json!({ "webhook": { "lose": 1 } })).await;
    assert_eq!(dev.send_otp(NUMBER).await.status, StatusCode::OK);
    assert_eq!(dev.events().await.len(), 1);
    let log = Answer::of(dev.get("/dev/events")).await.body;
    assert_eq!(log[0]["attempts"][0]["result"], "unreachable");
    assert_eq!(log[0]["attempts"][1]["status"], 200);
}

#[tokio::test]
async fn the_next_code_is_found_expired_and_the_one_after_it_is_not() {
    let dev = Dev::start().await;
    dev.plan(json!({ "code": { "expired": 1 } })).await;
    dev.send_otp(NUMBER).await;
    assert_eq!(dev.verify(NUMBER, &dev.code().await).await.error(), (400, "OTP_EXPIRED"));
    assert_eq!(dev.sign_in(NUMBER).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_plan_that_cannot_be_is_refused_and_a_new_one_takes_the_place_of_the_old() {
    let dev = Dev::start().await;
    dev.plan(json!({ "webhook": { "lose": 3 } })).await;
    for wrong in [
        json!({ "vendor": { "kind": "explodes" } }),
        json!({ "vendor": { "delay_ms": 60_001 } }),
        json!({ "vendor": { "times": -1 } }),
        json!({ "webhooks": {} }),
    ] {
        assert_eq!(dev.plan(wrong.clone()).await.error().0, 400, "{wrong}");
    }
    assert_eq!(dev.faults().await, json!({ "webhook": { "lose": 3 } }));
    dev.plan(json!({ "code": { "expired": 1 } })).await;
    assert_eq!(dev.faults().await, json!({ "code": { "expired": 1 } }));
    let url = dev.server.inbox_url().join("/dev/faults").unwrap();
    dev.http.delete(url).send().await.unwrap();
    assert_eq!(dev.faults().await, json!({}));
}
