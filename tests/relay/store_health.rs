//! Health as the store's state decides it, and how little the store is asked for it.

use crate::harness::{Start, TestRelay, otp};
use crate::plugged::{Plugged, relay_on_a_plugged_store as relay};
use crate::process::ReadyRelay;
use futures_util::future::join_all;
use neon_sms_relay::app::Parts;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Field 21: a load balancer that takes the machine out would lose codes that the relay can deliver.
#[tokio::test(flavor = "multi_thread")]
async fn with_send_a_store_that_is_down_is_a_warning_and_the_relay_stays_ready() {
    let (relay, store) = relay(&[("STORE_FAILURE", "send")]).await;
    store.pull(true);
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    let answer = relay.get("/readyz").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("ready")));
    assert_eq!(answer.json()["warnings"][0]["part"], "store");
    store.pull(false);
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    assert_eq!(relay.get("/readyz").await.json(), json!({"status": "ready"}));
}

/// Field 21: what cannot deliver a code is not ready, and is again once the store is back.
#[tokio::test(flavor = "multi_thread")]
async fn with_refuse_a_store_that_is_down_is_not_ready_until_it_works_again() {
    let (relay, store) = relay(&[("STORE_FAILURE", "refuse")]).await;
    store.pull(true);
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 503);
    let answer = relay.get("/readyz").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["missing"]), (503, &json!(["store"])));
    store.pull(false);
    relay.wait_until_ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_knows_the_last_failure_even_where_a_check_passes() {
    let (relay, store) = relay(&[("STORE_FAILURE", "refuse")]).await;
    store.pull_only(&["claim"]);
    assert_eq!(relay.deliver(&otp(|_| {})).await.error(), (503, "store_unavailable".into()));
    assert_eq!(relay.get("/readyz").await.json()["missing"], json!(["store"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_ask_for_readiness_the_store_is_asked_once() {
    let (relay, store) = relay(&[]).await;
    let before = store.asked().get("ping").copied().unwrap_or_default();
    let answers = join_all((0..200).map(|_| relay.get("/readyz"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    // One more if the two seconds for which an answer stands are over meanwhile.
    let asked = store.asked().get("ping").copied().unwrap_or_default() - before;
    assert!(asked <= 3, "{asked} checks for 200 questions");
}

/// Field 19: a statement every few seconds keeps a compute awake, and paid for, that nobody uses.
#[tokio::test(start_paused = true)]
async fn an_idle_relay_lets_a_store_sleep() {
    let store = Arc::new(Plugged::sleepy());
    let vars = vec![("FORWARD_URL", "http://127.0.0.1:9/hook".to_owned())];
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let relay = TestRelay::with(Start { vars, parts, without_keys: true, ..Start::default() }).await;
    // What has to be looked at once is looked at within the first minute.
    tokio::time::sleep(Duration::from_secs(90)).await;
    let before: usize = store.asked().values().sum();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let after: usize = store.asked().values().sum();
    assert!(after - before <= 7, "{} statements in an idle hour: {:?}", after - before, store.asked());
    drop(relay);
}

/// Files that cannot grow any more, as on a full disk.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_seen_by_whoever_asks_for_readiness() {
    let vars = [
        ("SMS_PROVIDER", "log"),
        ("ALLOW_LOG_PROVIDER", "1"),
        ("STORE_FAILURE", "refuse"),
        ("STORE_URL", "sqlite://relay.db"),
        ("NEON_ENDPOINT_IDS", "*"),
    ];
    let relay = ReadyRelay::start_after("trap '' XFSZ; ulimit -f 400", &vars).await;
    let mut answer = relay.deliver(&otp(|_| {})).await;
    for _ in 0..1000 {
        if answer.status != 200 {
            break;
        }
        answer = relay.deliver(&otp(|_| {})).await;
    }
    assert_eq!(answer.error(), (503, "store_unavailable".into()));
    let ready = relay.http.get(format!("{}/readyz", relay.process.url)).send().await.unwrap();
    assert_eq!(ready.status().as_u16(), 503);
    assert!(ready.text().await.unwrap().contains("store"));
}
