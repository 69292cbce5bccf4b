//! Instances that stand still, and several on one store.

use crate::postgres::server;
use crate::scene::{FAR_TOO_LONG, Scene};
use futures_util::future::join_all;
use std::time::Duration;

const CODES: usize = 20;

/// A second process on the same file, as while one version takes over from another.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_file_lose_and_double_nothing() {
    let scene = Scene::with_a_vendor_that_takes(Duration::from_millis(200)).await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/relay.db", folder.path().display());
    let relays = [scene.relay(&url, &[]).await, scene.relay(&url, &[]).await];
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    join_all(relays.iter().map(|relay| relay.takes_all(&codes))).await;
    assert_eq!(scene.assert_texted(&codes, 1), CODES);
}

/// The machine was suspended, or had no time for it. What it was about to hear of the vendor is its alone, so those
/// codes may be sent once more by whoever takes them over; that is the exception.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "stands still for ten seconds; ./test faults"]
async fn an_instance_that_stands_still_for_ten_seconds_sends_nothing_more_once_it_goes_on() {
    let Some(server) = server() else { return };
    let scene = Scene::with_a_vendor_that_takes(Duration::from_secs(1)).await;
    let url = server.url();
    let (still, other) = (scene.relay(&url, &[]).await, scene.relay(&url, &[]).await);
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    let attempts = join_all(codes.iter().map(|code| still.attempt(code)));
    let fault = async {
        scene.asked(CODES).await;
        still.process.signal("STOP");
        // What is simulated is the time itself.
        let (_, ()) = tokio::join!(other.takes_all(&codes), tokio::time::sleep(Duration::from_secs(10)));
        let taken_over = scene.assert_texted(&codes, 2);
        still.process.signal("CONT");
        taken_over
    };
    let (answers, taken_over) = tokio::join!(attempts, fault);
    assert_eq!(answers.iter().flatten().count(), CODES, "the one that stood still answers all the same");
    // Whoever comes to it now hears what the other one has decided.
    for code in &codes {
        let answer = still.attempt(code).await.unwrap();
        assert!(answer.status == 200 && answer.replayed, "{}", answer.text);
    }
    assert_eq!(scene.assert_texted(&codes, 2), taken_over, "it went on sending");
    let line = tokio::task::block_in_place(|| still.process.wait_for_line("had taken the event over"));
    assert!(line.contains("WARN"), "{line}");
    let new = scene.code();
    tokio::time::timeout(FAR_TOO_LONG, still.takes(&new)).await.unwrap();
    assert_eq!(scene.assert_texted(&[new], 1), 1);
}
