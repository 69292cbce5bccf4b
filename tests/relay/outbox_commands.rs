//! `neon-sms-relay outbox`, beside the running server.

use crate::app_stub::{AppStub, status};
use crate::harness::{NUMBER, event};
use crate::process::{ReadyRelay, run};
use serde_json::json;
use tempfile::TempDir;

/// A server whose app is down, with one event in its outbox that was tried at least once.
struct Scene {
    folder: TempDir,
    app: AppStub,
    relay: ReadyRelay,
    id: String,
}

impl Scene {
    async fn new() -> Self {
        let (folder, app) = (tempfile::tempdir().unwrap(), AppStub::answering(status(500)).await);
        let store_url = store_url(&folder);
        let relay = ReadyRelay::start(&[
            ("SMS_PROVIDER", "log"),
            ("ALLOW_LOG_PROVIDER", "1"),
            ("STORE_URL", &store_url),
            ("FORWARD_URL", &app.url()),
        ])
        .await;
        let mut body = event("phone_number.verified");
        body["user"]["phone_number"] = json!(NUMBER);
        assert_eq!(relay.deliver(&body).await.status, 200);
        let id = body["event_id"].as_str().unwrap().to_owned();
        let scene = Self { folder, app, relay, id };
        while !scene.outbox(&["list"]).1.contains("it answers 500") {}
        scene
    }

    /// Runs `outbox` with these arguments; returns its exit code, and both of its outputs.
    fn outbox(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let store_url = store_url(&self.folder);
        let arguments = [&["outbox"], arguments].concat();
        let output = run(self.folder.path(), &arguments, &[("STORE_URL", &store_url)]);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }
}

fn store_url(folder: &TempDir) -> String {
    format!("sqlite://{}/relay.db", folder.path().display())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_listed_with_the_reason_and_its_content_only_if_asked_for() {
    let scene = Scene::new().await;
    let (code, plain, _) = scene.outbox(&["list"]);
    assert_eq!(code, Some(0));
    for words in [&scene.id, "phone_number.verified", "next 20", "it answers 500", "1 waiting, 0 given up."] {
        assert!(plain.contains(words), "{words} in: {plain}");
    }
    for secret in [NUMBER, "a@example.com", "x-neon-signature"] {
        assert!(!plain.contains(secret), "{secret} in: {plain}");
        assert!(scene.outbox(&["list", "--show", &scene.id]).1.contains(secret), "{secret}");
    }
    let (_, dead, _) = scene.outbox(&["list", "--dead"]);
    assert!(!dead.contains(&scene.id) && dead.contains("1 waiting"), "{dead}");
    scene.relay.process.signal("TERM");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_reaches_the_running_server() {
    let scene = Scene::new().await;
    scene.app.answer(status(200)).await;
    // Only somebody who asks for it can bring it before that.
    let in_an_hour = "UPDATE outbox SET due_at = due_at + 3600000, leased_until = 0, attempts = 12";
    let file = rusqlite::Connection::open(scene.folder.path().join("relay.db")).unwrap();
    while file.execute(in_an_hour, []).unwrap() == 0 {}
    assert_eq!(scene.outbox(&["retry", &scene.id]).0, Some(0));
    assert_eq!(scene.app.wait_for(1).await.len(), 1);
    while !scene.outbox(&["list"]).1.contains("0 waiting") {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_is_gone_and_a_stranger_is_told() {
    let scene = Scene::new().await;
    assert_eq!(scene.outbox(&["drop", "--dead"]).1, "0 dropped.\n");
    let (code, stdout, stderr) = scene.outbox(&["drop", "nobody", &scene.id, "nowhere"]);
    assert_eq!((code, stdout.as_str()), (Some(1), "1 dropped.\n"));
    assert!(stderr.contains("not in the outbox: nobody, nowhere"), "{stderr}");
    assert_eq!(scene.outbox(&["drop", "--all"]).1, "0 dropped.\n");
    assert!(scene.outbox(&["list"]).1.contains("0 waiting, 0 given up."));
}

#[test]
fn a_store_that_nobody_else_can_see_or_that_is_not_there_is_told_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    for (url, words) in [("memory:", "memory:"), (store_url(&folder).as_str(), "does not exist")] {
        let output = run(folder.path(), &["outbox", "list"], &[("STORE_URL", url)]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr.contains(words), "{stderr}");
    }
    let output = run(folder.path(), &["outbox", "list"], &[("STORE_URL", "s3cret")]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
