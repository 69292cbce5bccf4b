//! No part of any request of a connection lasts for ever, and idle connections last longer than their other ends.

use crate::harness::{Start, TestRelay, otp};
use crate::process::ReadyRelay;
use crate::raw_client::{GET, RawClient, written};
use neon_sms_relay::app::Parts;
use neon_sms_relay::http::connection::Limits;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(300);

async fn relay(limits: Limits) -> TestRelay {
    TestRelay::with(Start { parts: Parts { limits, ..Parts::default() }, ..Start::default() }).await
}

fn hasty() -> Limits {
    Limits { head: SOON, body: SOON, exchange: 5 * SOON, farewell: SOON, ..Limits::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_head_is_waited_for_as_long_after_other_requests_as_on_a_new_connection() {
    let relay = relay(hasty()).await;
    for requests_before in [0, 1, 3] {
        let mut client = RawClient::connect(&relay.url).await;
        for _ in 0..requests_before {
            assert!(client.ask(GET).await.starts_with("HTTP/1.1 200"));
        }
        client.send(&GET[..20]).await;
        assert_eq!(client.end().await, "", "after {requests_before} requests");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_head_that_came_with_the_request_before_it_is_waited_for_no_longer() {
    let relay = relay(hasty()).await;
    let mut client = RawClient::connect(&relay.url).await;
    assert!(client.ask(format!("{GET}{}", &GET[..20])).await.starts_with("HTTP/1.1 200"));
    assert_eq!(client.end().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_come_before_the_answer_to_the_first_are_answered_one_after_the_other() {
    let relay = TestRelay::start().await;
    let mut client = RawClient::connect(&relay.url).await;
    let signed = |_| written(relay.request(&otp(|_| {})));
    client.send((0..40).flat_map(signed).collect::<Vec<_>>()).await;
    client.send(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
    let said = client.end().await;
    assert_eq!(said.matches("HTTP/1.1 200").count(), 41, "{said}");
    assert_eq!(relay.stub.sent().len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_ends_its_connection_whoever_waits_for_it() {
    let relay = relay(hasty()).await;
    for head in [
        "POST /webhooks/neon-auth HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "POST /webhooks/neon-auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        "POST /webhooks/neon-auth HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{",
        "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        "POST /webhooks/neon-auth HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ] {
        for requests_before in [0, 1] {
            let mut client = RawClient::connect(&relay.url).await;
            for _ in 0..requests_before {
                client.ask(GET).await;
            }
            client.send(head).await;
            let said = client.end().await;
            assert!(said.starts_with("HTTP/1.1 ") && said.contains("connection: close"), "{head}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_verified_ends_its_connection_and_what_is_verified_keeps_it() {
    let relay = TestRelay::start().await;
    let mut client = RawClient::connect(&relay.url).await;
    for _ in 0..3 {
        assert!(client.ask(written(relay.request(&otp(|_| {})))).await.starts_with("HTTP/1.1 200"));
        assert!(client.ask(GET).await.starts_with("HTTP/1.1 200"));
    }
    // Verified, and refused all the same.
    let refused = written(relay.request(&otp(|body| body["user"]["phone_number"] = "12".into())));
    assert!(client.ask(refused).await.starts_with("HTTP/1.1 422"));
    let answer = client.ask(written(relay.unsigned_request(b"{}"))).await;
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("connection: close"), "{answer}");
    assert_eq!(client.end().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_not_idle_for_ever() {
    let relay = relay(Limits { idle: SOON, ..Limits::default() }).await;
    for requests_before in [0, 1] {
        let mut client = RawClient::connect(&relay.url).await;
        for _ in 0..requests_before {
            client.ask(GET).await;
        }
        assert_eq!(client.end().await, "");
    }
}

/// Field 26: Caddy keeps idle connections for 120 s, Go's client, Traefik and cloudflared for 90 s. Whoever closes
/// first loses a request, and the time of a head must not count as idle time.
#[test]
fn idle_connections_outlive_the_pools_of_what_stands_in_front() {
    let limits = Limits::default();
    assert!(limits.idle > Duration::from_secs(120), "{limits:?}");
    assert!(limits.head < Duration::from_secs(15) && limits.body < Duration::from_secs(15), "{limits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_may_last_longer_than_a_head_or_a_body() {
    let quick = Duration::from_millis(50);
    let limits = Limits {
        head: quick,
        body: quick,
        exchange: 3 * quick,
        farewell: quick,
        idle: 20 * quick,
        unverified: 1,
    };
    let relay = relay(limits).await;
    let mut client = RawClient::connect(&relay.url).await;
    client.ask(GET).await;
    let (started, said) = (tokio::time::Instant::now(), client.end().await);
    assert!(said.is_empty() && started.elapsed() > 10 * quick, "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_more_than_16_kib_is_refused_on_every_request_of_a_connection() {
    let relay = TestRelay::start().await;
    let with_header = |length: usize| format!("{}A: {}\r\n\r\n", &GET[..GET.len() - 2], "a".repeat(length));
    let mut client = RawClient::connect(&relay.url).await;
    for _ in 0..2 {
        assert!(client.ask(with_header(16_000)).await.starts_with("HTTP/1.1 200"));
    }
    let answer = client.ask(with_header(16_400)).await;
    assert!(answer.starts_with("HTTP/1.1 431") && answer.contains("head_too_large"), "{answer}");
    assert_eq!(client.end().await, "");
    // Of a head that never ends, and before it is sent.
    let mut client = RawClient::connect(&relay.url).await;
    client.send(format!("GET /{}", "a".repeat(100_000))).await;
    assert!(client.end().await.starts_with("HTTP/1.1 431"));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_does_not_speak_http_writes_no_line_into_the_log() {
    let relay = ReadyRelay::start(&[("SMS_PROVIDER", "log"), ("ALLOW_LOG_PROVIDER", "1")]).await;
    for nonsense in ["\x16\x03\x01\x02\x00\x01\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET  /\r\n\r\n"] {
        let mut client = RawClient::connect(&relay.process.url).await;
        client.send(nonsense).await;
        client.end().await;
    }
    relay.process.signal("TERM");
    let (_, output) = relay.process.ended();
    assert!(!output.contains("ERROR") && !output.contains("WARN"), "{output}");
}
