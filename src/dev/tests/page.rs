//! The page, its stream, and what is kept away from both.

use super::*;
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use sha2::{Digest, Sha256};
use sms_providers::{MessageRef, SmsBody, SmsMessage, SmsProvider};

pub(super) fn message(body: &str) -> SmsMessage {
    SmsMessage {
        to: NUMBER.parse().unwrap(),
        body: SmsBody::new(body),
        country: None,
        reference: MessageRef::new("ref"),
        idempotency_key: "key".into(),
        attempt: 1,
        callbacks: None,
        expires_in: Duration::from_secs(300),
    }
}

/// Reads the stream until `expected` was told.
async fn read_until(stream: &mut Response, expected: &str) {
    let mut told = String::new();
    while !told.contains(expected) {
        told.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }
}

#[tokio::test]
async fn a_text_reaches_the_open_page_and_stays_for_the_next_one() {
    let dev = Dev::start().await;
    let mut stream = dev.get("/dev/stream").send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let inbox = dev.server.inbox();
    let receipt = inbox.send(&message("Code 042137")).await.unwrap();
    assert_eq!(receipt.message_id.as_deref(), Some("inbox-1"));
    read_until(&mut stream, "event: sms\ndata: {\"id\":\"inbox-1\"").await;
    inbox.send(&message("Code 555555")).await.unwrap();
    let messages: Value = dev.get("/dev/messages").send().await.unwrap().json().await.unwrap();
    assert_eq!(messages[0]["id"], "inbox-2");
    let first = json!({
        "id": "inbox-1", "to": NUMBER, "body": "Code 042137", "code": "042137", "event_id": null,
        "provider": "inbox", "at": NOW.to_rfc3339(),
    });
    assert_eq!(messages[1], first);
}

#[tokio::test]
async fn the_inbox_keeps_the_newest_hundred_texts() {
    let dev = Dev::start().await;
    for _ in 0..101 {
        dev.server.inbox().send(&message("Code 042137")).await.unwrap();
    }
    let messages: Vec<Value> = dev.get("/dev/messages").send().await.unwrap().json().await.unwrap();
    assert_eq!((messages.len(), &messages[99]["id"]), (100, &json!("inbox-2")));
}

#[tokio::test]
async fn a_page_that_fell_behind_is_told_to_load_everything_anew() {
    let dev = Dev::start().await;
    let mut stream = dev.get("/dev/stream").send().await.unwrap();
    read_until(&mut stream, ":").await;
    // More than the sockets and the backlog hold while nobody reads.
    for _ in 0..200 {
        dev.server.inbox().send(&message(&"x".repeat(100_000))).await.unwrap();
    }
    read_until(&mut stream, "event: reload").await;
}

#[tokio::test]
async fn open_streams_end_when_the_server_stops() {
    let dev = Dev::start().await;
    let mut stream = dev.get("/dev/stream").send().await.unwrap();
    read_until(&mut stream, ":").await;
    dev.server.stop().await;
    assert_eq!(stream.chunk().await.unwrap(), None);
    assert_eq!(dev.tasks.drain(Duration::from_secs(30)).await, 0);
}

#[tokio::test]
async fn no_more_than_32_pages_are_streamed_to_and_a_closed_one_makes_room() {
    let dev = Dev::start().await;
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(dev.get("/dev/stream").send().await.unwrap());
    }
    let refused = dev.get("/dev/stream").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    drop(open);
    // Each text makes the server write to the closed connections, which is how it learns of them.
    loop {
        dev.server.inbox().send(&message("Code 042137")).await.unwrap();
        if dev.get("/dev/stream").send().await.unwrap().status() == StatusCode::OK {
            break;
        }
    }
}

#[tokio::test]
async fn the_page_is_one_file_whose_own_script_and_style_are_all_that_may_run() {
    let dev = Dev::start().await;
    let response = dev.get("/").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = response.text().await.unwrap();
    for (element, directive) in [("script", "script-src"), ("style", "style-src")] {
        let parts: Vec<_> = page.split(&format!("<{element}>")).collect();
        assert_eq!(parts.len(), 2, "one {element}");
        let content = parts[1].split(&format!("</{element}>")).next().unwrap();
        let hash = BASE64.encode(Sha256::digest(content));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}';")), "{policy}");
    }
    assert_eq!(page.matches("://").count(), page.matches("xmlns='http://www.w3.org/2000/svg'").count());
}

#[tokio::test]
async fn the_page_knows_the_urls_and_how_long_a_code_is_valid() {
    let dev = Dev::start().await;
    let settings = Answer::of(dev.get("/dev/settings")).await.body;
    assert_eq!(settings["neon_auth_url"], dev.server.neon_url().as_str());
    assert_eq!(settings["webhook_url"], format!("{}/", dev.webhook.uri()));
    assert_eq!(settings["otp_expires_in"], 300);
}

#[tokio::test]
async fn requests_of_other_sites_and_broken_ones_get_a_clean_refusal() {
    let dev = Dev::start().await;
    let send = "/neondb/auth/phone-number/send-otp";
    let foreign_host = Answer::of(dev.get("/dev/messages").header("host", "evil.example")).await;
    assert_eq!(foreign_host.error(), (403, "FOREIGN_HOST"));
    let number = json!({ "phoneNumber": NUMBER });
    let foreign_origin = Answer::of(dev.post(send, &number).header("origin", "https://evil.example")).await;
    assert_eq!(foreign_origin.error(), (403, "FOREIGN_ORIGIN"));
    let url = dev.server.inbox_url().join(send).unwrap();
    let form = dev.http.post(url.clone()).body(number.to_string());
    let form = Answer::of(form.header("content-type", "text/plain")).await;
    assert_eq!(form.error(), (415, "UNSUPPORTED_MEDIA_TYPE"));
    assert_eq!(
        form.body["message"],
        r#"Content-Type "text/plain" is not allowed. Allowed types: application/json"#
    );
    let json = dev.http.post(url).header("content-type", "application/json");
    for (body, error) in [
        ("{".to_owned(), (400, "BAD_REQUEST")),
        ("[]".to_owned(), (400, "VALIDATION_ERROR")),
        (r#"{"phoneNumber":1}"#.to_owned(), (400, "VALIDATION_ERROR")),
        (" ".repeat(100_000), (413, "PAYLOAD_TOO_LARGE")),
    ] {
        assert_eq!(Answer::of(json.try_clone().unwrap().body(body)).await.error(), error);
    }
    assert!(dev.events().await.is_empty());
}

#[tokio::test]
async fn what_neon_does_not_allow_does_not_start() {
    type Change = fn(&mut DevOptions);
    let clock = Arc::new(ManualClock::new(NOW));
    let start = |change: Change| {
        let mut options = options(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), clock.clone());
        change(&mut options);
        DevServer::start(options).err().map(|error| error.to_string())
    };
    assert_eq!(start(|_| {}), None);
    let cases: [(Change, &str); 4] = [
        (|options| options.behaviour.otp_expires_in = 10, "otp_expires_in is 11 to 600 seconds"),
        (|options| options.behaviour.otp_expires_in = 601, "otp_expires_in is 11 to 600 seconds"),
        (|options| options.behaviour.timeout_seconds = 0, "timeout_seconds is 1 to 10"),
        (|options| options.behaviour.timeout_seconds = 11, "timeout_seconds is 1 to 10"),
    ];
    for (change, error) in cases {
        assert_eq!(start(change).as_deref(), Some(error));
    }
    let everywhere =
        start(|options| options.listeners.push(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap()));
    assert_eq!(everywhere.unwrap(), DevError::NotLoopback.to_string());
    assert_eq!(start(|options| options.listeners.clear()).unwrap(), DevError::NoListener.to_string());
}
