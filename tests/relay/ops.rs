//! What the operator of the server is promised.

use crate::harness::{Start, TestRelay, otp};
use serde_json::json;
use sms_providers::{FailureKind, SendError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_can_do_its_work_says_so() {
    let relay = TestRelay::start().await;
    assert_eq!(relay.get("/livez").await.json(), json!({"status": "alive"}));
    assert_eq!(relay.get("/readyz").await.json(), json!({"status": "ready"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_the_sms_that_is_on_its_way() {
    let mut relay = TestRelay::start().await;
    relay.stub.hold();
    let body = otp(|_| {});
    let request = relay.request(&body).send();
    let stub = relay.stub.clone();
    let stop = async {
        stub.wait_for_sends(1).await;
        relay.begin_stop();
        stub.release();
    };
    let (response, ()) = tokio::join!(request, stop);
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!(relay.stopped().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_max_in_flight_neon_is_asked_to_try_again_at_once() {
    let relay = TestRelay::with_vars([("MAX_IN_FLIGHT", "1")]).await;
    relay.stub.hold();
    let first = otp(|_| {});
    let rest = async {
        relay.stub.wait_for_sends(1).await;
        assert_eq!(relay.deliver(&otp(|_| {})).await.error(), (503, "overloaded".into()));
        relay.stub.release();
    };
    let (answer, ()) = tokio::join!(relay.deliver(&first), rest);
    assert_eq!(answer.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_events_and_attempts_on_a_port_of_their_own() {
    let vars = vec![("METRICS_PORT", "0".to_owned())];
    assert!(TestRelay::with(Start { vars, ..Start::default() }).await.metrics_url.is_none());

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let vars = vec![("METRICS_PORT", port.to_string())];
    let relay = TestRelay::with(Start { vars, ..Start::default() }).await;
    relay.stub.answer(Err(SendError::new(FailureKind::Throttled)));
    relay.deliver(&otp(|_| {})).await;
    relay.deliver(&otp(|_| {})).await;
    relay.http.post(format!("{}/webhooks/neon-auth", relay.url)).send().await.unwrap();
    let text =
        relay.http.get(relay.metrics_url.as_deref().unwrap()).send().await.unwrap().text().await.unwrap();
    for line in [
        r#"neon_sms_relay_deliveries_total{event="send_otp",reply="accepted"} 1"#,
        r#"neon_sms_relay_deliveries_total{event="send_otp",reply="providers_unavailable"} 1"#,
        r#"neon_sms_relay_send_attempts_total{provider="stub",verdict="throttled"} 1"#,
        r#"neon_sms_relay_requests_refused_total{reason="invalid_signature_headers"} 1"#,
        "neon_sms_relay_deliveries_in_flight 0",
    ] {
        assert!(text.contains(line), "{line} in:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_waits_for_a_retry_of_neon_is_not_closed_with_a_408() {
    let relay = TestRelay::start().await;
    let mut stream = TcpStream::connect(relay.url.trim_start_matches("http://")).await.unwrap();
    let mut byte = [0];
    // Longer than actix would wait by default, and than Neon's attempt takes.
    let unasked = tokio::time::timeout(Duration::from_secs(7), stream.read(&mut byte)).await;
    assert!(unasked.is_err(), "the server spoke or hung up: {unasked:?}");
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
}
