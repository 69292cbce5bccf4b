//! Numbers that an operator is alerted by, read where Prometheus reads them.

use crate::harness::{Start, TestRelay, event, manual_clock, otp};
use neon_sms_relay::app::Parts;
use neon_sms_relay::store::Store;
use neon_sms_relay::store::memory::MemoryStore;
use sms_providers::{FailureKind, SendError};
use std::sync::Arc;
use std::time::Duration;

/// A relay with its metrics on a port.
async fn measured(vars: Vec<(&'static str, String)>, parts: Parts) -> TestRelay {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let vars = [vec![("METRICS_PORT", port.to_string())], vars].concat();
    TestRelay::with(Start { vars, parts, ..Start::default() }).await
}

/// The value of a series, by its name without the prefix, and with its labels.
async fn value(relay: &TestRelay, series: &str) -> Option<f64> {
    let url = relay.metrics_url.as_deref().unwrap();
    let text = relay.http.get(url).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("neon_sms_relay_{series} ")))?;
    line.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_put_last_is_seen() {
    let relay = measured(Vec::new(), Parts::default()).await;
    assert_eq!(value(&relay, r#"breaker_open{provider="stub"}"#).await, Some(0.0));
    relay.stub.answer_always(Err(SendError::new(FailureKind::Unavailable)));
    for _ in 0..5 {
        relay.deliver(&otp(|_| {})).await;
    }
    assert_eq!(value(&relay, r#"breaker_open{provider="stub"}"#).await, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_waits_for_the_store_two_times_and_the_version_is_told() {
    let relay = measured(Vec::new(), Parts::default()).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    assert_eq!(value(&relay, "store_wait_seconds_count").await, Some(2.0));
    let version = format!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(value(&relay, &version).await, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_age_of_the_oldest_event_in_the_outbox_is_seen() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let clock = manual_clock();
    let parts = || Parts { store: Some(store.clone()), clock: Some(clock.clone()), ..Parts::default() };
    let app = || vec![("FORWARD_URL", "http://127.0.0.1:1/hook".to_owned())];
    let relay = measured(app(), parts()).await;
    assert_eq!(relay.deliver(&event("user.created")).await.status, 200);
    relay.stopped().await;
    // The outbox is counted at the start, and seldom after.
    clock.advance(Duration::from_secs(700));
    let relay = measured(app(), parts()).await;
    while value(&relay, "outbox_oldest_age_seconds").await != Some(700.0) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_a_user_may_not_have_is_answered_right_and_one_that_no_vendor_takes_is_not() {
    let relay = measured(Vec::new(), Parts::default()).await;
    let answered = async |result| {
        let series = format!(r#"delivery_seconds_count{{event="send_otp",result="{result}"}}"#);
        value(&relay, &series).await
    };
    assert_eq!((answered("right").await, answered("wrong").await), (Some(0.0), Some(0.0)));
    relay.deliver(&otp(|_| {})).await;
    relay.stub.answer(Err(SendError::new(FailureKind::OptedOut)));
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 422);
    assert_eq!((answered("right").await, answered("wrong").await), (Some(2.0), Some(0.0)));
    relay.stub.answer(Err(SendError::new(FailureKind::Misconfigured)));
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 424);
    assert_eq!((answered("right").await, answered("wrong").await), (Some(2.0), Some(1.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_code_can_go_wrong_is_counted_from_zero() {
    let relay = measured(Vec::new(), Parts::default()).await;
    for series in [
        r#"deliveries_total{event="send_otp",reply="providers_misconfigured"}"#,
        r#"deliveries_total{event="send_otp",reply="internal"}"#,
        r#"requests_refused_total{reason="keys_unavailable"}"#,
        r#"send_attempts_total{provider="stub",verdict="misconfigured"}"#,
    ] {
        assert_eq!(value(&relay, series).await, Some(0.0), "{series}");
    }
}
