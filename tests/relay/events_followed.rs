//! `neon-sms-relay events --follow`, beside the running server.

use crate::events_command::{OTHER_NUMBER, Scene};
use crate::harness::NUMBER;
use crate::process::{RelayProcess, command};
use crate::twilio::Twilio;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_and_what_changes_is_followed_until_somebody_interrupts() {
    let scene = Scene::new(Twilio::that_accepts().await).await;
    let before = scene.asks_for_a_code(OTHER_NUMBER).await;
    let vars = [("STORE_URL", &scene.store_url)];
    let following = command(scene.folder.path(), &["events", "--follow"], &vars);
    let following = RelayProcess::spawn(following, tempfile::tempdir().unwrap());
    following.wait_for_line(&before);
    let id = scene.asks_for_a_code(NUMBER).await;
    let came = following.wait_for_line(&id);
    assert!(came.contains("  waiting  "), "{came}");
    scene.verifies(NUMBER).await;
    following.wait_for_line("  in, ");
    following.signal("INT");
    let (status, written) = following.ended();
    assert_eq!(status.code(), Some(0), "{written}");
    assert_eq!(written.matches(&before).count(), 1, "nothing is told twice: {written}");
    assert_eq!(written.matches(&id).count(), 2, "{written}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_ends_as_soon_as_nobody_reads_any_more() {
    let scene = Scene::new(Twilio::that_accepts().await).await;
    scene.asks_for_a_code(NUMBER).await;
    let vars = [("STORE_URL", &scene.store_url)];
    let mut following = command(scene.folder.path(), &["events", "--follow", "--json"], &vars);
    let mut following = following.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(following.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
    // Nothing else comes that could not be written.
    let output = following.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}
