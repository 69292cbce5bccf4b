//! The limit of file descriptors, reached and left. That it is reached with an answer is said in `tests/relay`.

#![cfg(target_os = "linux")]

use crate::scene::Scene;
use std::time::Duration;

const CODES: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_did_not_fit_into_the_descriptors_is_served_once_others_have_left() {
    let scene = Scene::with_a_vendor_that_takes(Duration::from_millis(500)).await;
    let relay = scene.relay_that_starts("ulimit -n 300", "memory:", &[("WORKERS", "1")]);
    relay.is_ready().await;
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    relay.takes_all(&codes).await;
    assert_eq!(scene.assert_texted(&codes, 1), CODES);
    let line = tokio::task::block_in_place(|| relay.process.wait_for_line("MAX_IN_FLIGHT"));
    assert!(line.contains("file descriptors"), "{line}");
    relay.is_ready().await;
}
