//! Samples and the log of what the webhook answered.

use super::*;

const EVENTS: [&str; 7] = [
    "organization.invitation.accepted",
    "organization.invitation.created",
    "phone_number.verified",
    "send.magic_link",
    "send.otp",
    "user.before_create",
    "user.created",
];

async fn log(dev: &Dev) -> Vec<Value> {
    dev.get("/dev/events").send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_sample_of_every_documented_event_reaches_the_webhook() {
    let dev = Dev::start().await;
    for name in EVENTS {
        let fired = Answer::of(dev.post(&format!("/dev/events/{name}"), &json!({}))).await;
        assert_eq!(fired.status, StatusCode::ACCEPTED, "{name}");
        assert!(fired.body["event_id"].is_string());
    }
    dev.finish_background_work().await;
    let mut seen: Vec<_> =
        dev.events().await.iter().map(|event| event["event_type"].as_str().unwrap().to_owned()).collect();
    seen.sort_unstable();
    assert_eq!(seen, EVENTS);
}

#[tokio::test]
async fn a_sample_code_can_ask_for_e_mail() {
    let dev = Dev::start().await;
    let email = json!({ "delivery_preference": "email" });
    Answer::of(dev.post("/dev/events/send.otp", &email)).await;
    dev.finish_background_work().await;
    let event = &dev.events().await[0];
    assert_eq!(event["event_data"]["delivery_preference"], "email");
    assert_eq!(event["user"]["phone_number"], Value::Null);
    assert!(event["user"]["email"].is_string());
}

#[tokio::test]
async fn an_event_that_neon_does_not_have_is_not_fired() {
    let dev = Dev::start().await;
    let fired = Answer::of(dev.post("/dev/events/user.deleted", &json!({}))).await;
    assert_eq!(fired.error(), (404, "UNKNOWN_EVENT"));
}

#[tokio::test]
async fn the_log_shows_every_attempt_with_its_answer() {
    let dev = Dev::with_webhook(ResponseTemplate::new(503).set_body_string(r#"{"error":"down"}"#)).await;
    dev.send_otp(NUMBER).await;
    let [delivery] = &log(&dev).await[..] else { panic!("one delivery") };
    assert_eq!(delivery["event_type"], "send.otp");
    assert_eq!(delivery["blocking"], true);
    assert_eq!(delivery["verdict"], "failed");
    let request = dev.webhook.received_requests().await.unwrap().remove(0);
    assert_eq!(delivery["request"].as_str().unwrap().as_bytes(), request.body);
    let attempts = delivery["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 3);
    for (number, attempt) in (1..).zip(attempts) {
        assert_eq!(attempt["number"], number);
        assert_eq!((&attempt["result"], &attempt["status"]), (&json!("answered"), &json!(503)));
        assert_eq!(attempt["answer"], r#"{"error":"down"}"#);
        assert!(attempt["elapsed_ms"].is_u64());
    }
}

#[tokio::test]
async fn a_sign_up_passes_only_if_the_webhook_says_so() {
    for (answer, verdict) in [
        (json!({ "allowed": true }), "delivered"),
        (json!({ "allowed": false, "error_message": "no" }), "sign_up_refused"),
        (json!({ "status": "accepted" }), "failed"),
    ] {
        let dev = Dev::with_webhook(ResponseTemplate::new(200).set_body_json(&answer)).await;
        let mut stream = dev.get("/dev/stream").send().await.unwrap();
        Answer::of(dev.post("/dev/events/user.before_create", &json!({}))).await;
        let expected = format!(r#""verdict":"{verdict}""#);
        let mut told = String::new();
        while !told.contains(&expected) {
            let chunk = stream.chunk().await.unwrap().unwrap();
            told.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

#[tokio::test]
async fn the_log_keeps_the_newest_hundred_events_newest_first() {
    let dev = Dev::start().await;
    let mut last = Value::Null;
    for _ in 0..102 {
        let fired = Answer::of(dev.post("/dev/events/user.created", &json!({}))).await;
        assert_eq!(fired.status, StatusCode::ACCEPTED);
        last = fired.body["event_id"].clone();
        // One after the other, so that the order is known.
        while !log(&dev)
            .await
            .iter()
            .any(|delivery| delivery["event_id"] == last && delivery["verdict"] == "delivered")
        {}
    }
    let log = log(&dev).await;
    assert_eq!(log.len(), 100);
    assert_eq!(log[0]["event_id"], last);
}
