//! A network between the relay and its database that is slow, ends connections, or says nothing.

use crate::postgres::server;
use crate::proxy::{Proxy, Way};
use crate::scene::Scene;
use std::time::Duration;

const CODES: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_way_to_the_store_costs_time_and_no_code() {
    let Some(server) = server() else { return };
    let (scene, proxy) = (Scene::new().await, Proxy::to(&server.url()).await);
    let relay = scene.relay(&proxy.url, &[]).await;
    proxy.becomes(Way::Slow(Duration::from_millis(150)));
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    relay.takes_all(&codes).await;
    assert_eq!(scene.assert_texted(&codes, 1), CODES);
    // Claim and outcome, each there and back.
    assert!(relay.metric("store_wait_seconds_sum").await >= 0.3 * CODES as f64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_to_the_store_that_is_cut_is_told_and_loses_and_doubles_nothing() {
    let Some(server) = server() else { return };
    let scene = Scene::with_a_vendor_that_takes(Duration::from_millis(500)).await;
    let proxy = Proxy::to(&server.url()).await;
    let relay = scene.relay(&proxy.url, &[]).await;
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    let (on_their_way, late) = codes.split_at(CODES / 2);
    let fault = async {
        // The vendor thinks; no outcome is written down yet.
        scene.asked(on_their_way.len()).await;
        proxy.becomes(Way::Cut);
        assert_eq!(relay.attempt(&late[0]).await.unwrap().error(), (503, "store_unavailable".into()));
        relay.misses_its_store().await;
        proxy.becomes(Way::Open);
        relay.takes_all(late).await;
    };
    tokio::join!(relay.takes_all(on_their_way), fault);
    assert_eq!(scene.assert_texted(&codes, 1), CODES);
    relay.is_ready().await;
    relay.told_of_its_store("cannot be reached").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for time-outs; ./test faults"]
async fn a_store_that_says_nothing_is_told_and_loses_and_doubles_nothing() {
    let Some(server) = server() else { return };
    let (scene, proxy) = (Scene::new().await, Proxy::to(&server.url()).await);
    let relay = scene.relay(&proxy.url, &[]).await;
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    let (before, after) = codes.split_at(CODES / 2);
    relay.takes_all(before).await;
    proxy.becomes(Way::Silent);
    assert_eq!(relay.attempt(&after[0]).await.unwrap().error(), (503, "store_unavailable".into()));
    relay.misses_its_store().await;
    proxy.becomes(Way::Open);
    relay.takes_all(after).await;
    assert_eq!(scene.assert_texted(&codes, 1), CODES);
    relay.is_ready().await;
    relay.told_of_its_store("does not answer in time").await;
}

/// With `STORE_FAILURE=send`, a code matters more than that nobody gets two.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for time-outs; ./test faults"]
async fn a_store_that_says_nothing_keeps_no_code_from_leaving_where_the_operator_says_so() {
    let Some(server) = server() else { return };
    let (scene, proxy) = (Scene::new().await, Proxy::to(&server.url()).await);
    let relay = scene.relay(&proxy.url, &[("STORE_FAILURE", "send")]).await;
    proxy.becomes(Way::Silent);
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    relay.takes_all(&codes).await;
    let (status, said) = relay.readiness().await;
    assert_eq!((status, said["warnings"][0]["part"].as_str()), (200, Some("store")), "{said}");
    proxy.becomes(Way::Open);
    // Nor does a store that comes back without knowing have them sent again.
    relay.takes_all(&codes).await;
    assert_eq!(scene.assert_texted(&codes, 1), CODES);
}
