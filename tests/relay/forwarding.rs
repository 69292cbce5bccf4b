//! One URL for the whole app: what the relay does not deliver is answered by the app, while Neon waits.

use crate::app_stub::{AppStub, SECRET, header, status};
use crate::harness::{ENDPOINT, Start, TestRelay, event, otp};
use hmac::{Hmac, KeyInit, Mac};
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::{Value, json};
use sha2::Sha256;
use std::net::TcpListener;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request};

pub fn email_code() -> Value {
    otp(|body| {
        body["user"] = json!({"id": "u1", "email": "a@example.com"});
        body["event_data"]["delivery_preference"] = json!("email");
    })
}

/// One of each that Neon waits for and that is not for SMS.
pub fn blocking() -> [Value; 3] {
    [email_code(), event("send.magic_link"), event("user.before_create")]
}

/// Verifies `Relay-Signature` as docs/forwarding.md tells apps to; returns the time of the delivery in seconds.
pub fn signed_at(request: &Request) -> i64 {
    let (time, signature) = header(request, "relay-signature").split_once(",v1=").unwrap();
    let time = time.strip_prefix("t=").unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("{time}.")).chain_update(&request.body);
    mac.verify_slice(&hex::decode(signature).unwrap()).unwrap();
    time.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_the_app_byte_for_byte_with_neons_headers_and_our_signature() {
    let app = AppStub::answering(status(200)).await;
    let relay = app.relay().await;
    for body in blocking() {
        let body = format!("{{ \"é\" : \"\\u00e9 \u{1f511}\",\r\n{}", &body.to_string()[1..]).into_bytes();
        let request = relay.signed_request(&relay.signer, SystemClock.now(), &body);
        let request = request.header("X-Neon-Something-New", "kept, too").build().unwrap();
        let sent = request.headers().clone();
        let before = SystemClock.now().as_millis() / 1000;
        assert_eq!(relay.http.execute(request).await.unwrap().status(), 200);

        let received = app.requests().await.pop().unwrap();
        assert_eq!(received.body, body);
        let names: Vec<_> = sent.keys().filter(|name| name.as_str().starts_with("x-neon-")).collect();
        assert_eq!(names.len(), 7);
        for name in names {
            assert_eq!(received.headers.get_all(name).iter().collect::<Vec<_>>(), [&sent[name]], "{name}");
        }
        assert_eq!(header(&received, "content-type"), "application/json");
        assert_eq!(header(&received, "relay-attempt"), "1");
        assert!((before..=before + 60).contains(&signed_at(&received)));
    }
    assert_eq!((app.requests().await.len(), relay.stub.sent().len()), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_there_is_no_signature_of_ours() {
    let app = AppStub::answering(status(200)).await;
    let relay = TestRelay::with_vars([("FORWARD_URL", app.url().as_str())]).await;
    assert_eq!(relay.deliver(&email_code()).await.status, 200);
    assert_eq!(header(&app.requests().await[0], "relay-signature"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_sms_is_sent_and_not_forwarded() {
    let app = AppStub::answering(status(500)).await;
    let relay = app.relay().await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    assert_eq!((relay.stub.sent().len(), app.requests().await.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_leads_back_to_the_relay_is_told_and_goes_no_further() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/webhooks/neon-auth", listener.local_addr().unwrap());
    let parts = Parts { listener: Some(listener), ..Parts::default() };
    let vars = vec![("FORWARD_URL", url)];
    let relay = TestRelay::with(Start { vars, parts, ..Start::default() }).await;
    for body in blocking() {
        assert_eq!(relay.deliver(&body).await.error(), (508, "loop_detected".into()));
    }
    relay.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_branch_may_have_an_app_of_its_own() {
    let (main, preview) = (AppStub::answering(status(200)).await, AppStub::answering(status(200)).await);
    let vars = vec![
        ("FORWARD_URL", main.url()),
        ("FORWARD_URL_EP_COOL_SOUND_12345678", preview.url()),
        ("NEON_ENDPOINT_IDS", format!("{ENDPOINT},ep-other-1")),
    ];
    let relay = TestRelay::with(Start { vars, ..Start::default() }).await;
    let mut other = email_code();
    other["context"]["endpoint_id"] = json!("ep-other-1");
    assert_eq!(relay.deliver(&other).await.status, 200);
    assert_eq!((main.requests().await.len(), preview.requests().await.len()), (1, 0));
    assert_eq!(relay.deliver(&email_code()).await.status, 200);
    assert_eq!((main.requests().await.len(), preview.requests().await.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_branch_that_is_not_served_is_not_forwarded() {
    let app = AppStub::answering(status(200)).await;
    let relay = app.relay().await;
    let mut body = email_code();
    body["context"]["endpoint_id"] = json!("ep-of-a-preview-branch");
    assert_eq!(relay.deliver(&body).await.error(), (403, "endpoint_not_allowed".into()));
    assert!(app.requests().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_and_query_of_the_url_are_the_operators() {
    let app = MockServer::start().await;
    Mock::given(method("POST")).respond_with(status(200)).mount(&app).await;
    let url = format!("{}/api/hooks/neon?tenant=a%20b", app.uri());
    let relay = TestRelay::with_vars([("FORWARD_URL", url.as_str())]).await;
    assert_eq!(relay.deliver(&email_code()).await.status, 200);
    let asked = app.received_requests().await.unwrap().remove(0).url;
    assert_eq!((asked.path(), asked.query()), ("/api/hooks/neon", Some("tenant=a%20b")));
}
