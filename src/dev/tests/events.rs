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
        assert_eq!((fired.status, &fired.body["status"]), (StatusCode::OK, &json!(200)), "{name}");
        assert!(fired.body["event_id"].is_string());
    }
    dev.finish_background_work().await;
    let mut seen: Vec<_> =
        dev.events().await.iter().map(|event| event["event_type"].as_str().unwrap().to_owned()).collect();
    seen.sort_unstable();
    assert_eq!(seen, EVENTS);
}

#[tokio::test]
async fn any_field_of_an_event_can_be_replaced_and_the_answer_is_told() {
    let answer = ResponseTemplate::new(422).set_body_string(r#"{"error":"no_delivery_channel"}"#);
    let dev = Dev::with_webhook(answer).await;
    let set = json!({ "set": { "event_data.delivery_preference": "email", "user.phone_number": null } });
    let fired = Answer::of(dev.post("/dev/events/send.otp", &set)).await;
    let event = &dev.events().await[0];
    assert_eq!(event["event_data"]["delivery_preference"], "email");
    assert_eq!(event["user"]["phone_number"], Value::Null);
    assert!(event["user"]["email"].is_string());
    assert_eq!(fired.status, StatusCode::OK);
    let told = &fired.body;
    assert_eq!((&told["event_id"], &told["status"]), (&event["event_id"], &json!(422)));
    assert_eq!((&told["body"], &told["error"]), (&json!(r#"{"error":"no_delivery_channel"}"#), &Value::Null));
    assert_eq!(told["url"], format!("{}/", dev.webhook.uri()));
    assert!(told["elapsed_ms"].is_u64());
}

#[tokio::test]
async fn an_event_can_be_sent_to_another_program_of_this_machine_and_to_no_other_machine() {
    let (dev, app) = (Dev::start().await, MockServer::start().await);
    Mock::given(any()).respond_with(ResponseTemplate::new(204)).mount(&app).await;
    let url = format!("{}/hook", app.uri());
    let fired = Answer::of(dev.post("/dev/events/user.created", &json!({ "url": url }))).await;
    assert_eq!((&fired.body["status"], &fired.body["url"]), (&json!(204), &json!(url)));
    assert_eq!(app.received_requests().await.unwrap()[0].url.path(), "/hook");
    assert!(dev.events().await.is_empty());
    for url in ["https://example.com/hook", "http://10.0.0.1/", "nonsense", "file:///etc/passwd"] {
        let refused = Answer::of(dev.post("/dev/events/user.created", &json!({ "url": url }))).await;
        assert_eq!(refused.error().0, 400, "{url}");
    }
}

#[tokio::test]
async fn an_event_that_nobody_takes_says_so() {
    let dev = Dev::start().await;
    let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let body = json!({ "url": format!("http://{unused}/") });
    let fired = Answer::of(dev.post("/dev/events/send.otp", &body)).await;
    assert_eq!((&fired.body["status"], &fired.body["error"]), (&Value::Null, &json!("no connection")));
}

#[tokio::test]
async fn an_event_of_a_type_to_come_is_sent_too() {
    let dev = Dev::start().await;
    assert_eq!(Answer::of(dev.post("/dev/events/send.whatsapp", &json!({}))).await.body["status"], 200);
    let event = &dev.events().await[0];
    assert_eq!(
        (&event["event_type"], &event["user"]["name"]),
        (&json!("send.whatsapp"), &json!("Ada Example"))
    );
    let answered = dev.webhook.received_requests().await.unwrap();
    assert_eq!(answered[0].headers["X-Neon-Event-Type"], "send.whatsapp");
}

#[tokio::test]
async fn what_cannot_be_an_event_is_refused_with_the_reason() {
    let dev = Dev::start().await;
    for (name, body) in [
        ("Send.Otp", json!({})),
        ("send-otp", json!({})),
        ("send.otp", json!({ "bad": "everything" })),
        ("send.otp", json!({ "set": { "event_data..code": 1 } })),
        ("send.otp", json!({ "set": [] })),
        ("send.otp", json!({ "delivery_preference": "email" })),
    ] {
        let refused = Answer::of(dev.post(&format!("/dev/events/{name}"), &body)).await;
        assert_eq!(refused.error().0, 400, "{name} {body}");
    }
    assert!(dev.events().await.is_empty());
}

#[tokio::test]
async fn an_event_can_be_bad_on_purpose() {
    let dev = Dev::start().await;
    for bad in ["signature", "timestamp", "kid", "body"] {
        let fired = Answer::of(dev.post("/dev/events/send.otp", &json!({ "bad": bad }))).await;
        assert_eq!(fired.status, StatusCode::OK, "{bad}");
    }
    let requests = dev.webhook.received_requests().await.unwrap();
    let kids: std::collections::HashSet<_> =
        requests.iter().map(|request| request.headers["X-Neon-Signature-Kid"].clone()).collect();
    assert_eq!((requests.len(), kids.len()), (4, 2));
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
        assert_eq!(fired.status, StatusCode::OK);
        last = fired.body["event_id"].clone();
    }
    let log = log(&dev).await;
    assert_eq!(log.len(), 100);
    assert_eq!(log[0]["event_id"], last);
}
