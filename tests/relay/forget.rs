//! `neon-sms-relay guard forget NUMBER`: one number is erased everywhere, and nothing else.

use crate::app_stub::{AppStub, status};
use crate::harness::{CODE, NUMBER, Start, TestRelay, manual_clock, send};
use crate::plugged::Plugged;
use crate::postgres_server::PostgresServer;
use crate::process::run;
use crate::second_vendor::{Vendors, otp_to, verified};
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, HashKey, SystemClock, Timestamp};
use neon_sms_relay::store::{DeliveryStore, Erasure, Forgotten};
use rusqlite::Connection;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const OTHER: &str = "+15557654321";
const TEST_NUMBER: &str = "+15550100001";

/// A server whose app is down, so that events wait for it.
struct Scene {
    folder: TempDir,
    store_url: String,
    relay: TestRelay,
    _app: AppStub,
}

impl Scene {
    async fn new(folder: TempDir, store_url: String, vars: &[(&'static str, &str)]) -> Self {
        let app = AppStub::answering(status(500)).await;
        let more = vars.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let fixed = [
            ("STORE_URL", store_url.clone()),
            ("FORWARD_URL", app.url()),
            ("TEST_NUMBERS", format!("{TEST_NUMBER}:2099-12-31")),
            ("TEST_NUMBERS_TOKEN", "token-of-the-reviewers".to_owned()),
        ];
        let vars = fixed.into_iter().chain(more).collect();
        let relay = TestRelay::with(Start { vars, ..Start::default() }).await;
        Self { folder, store_url, relay, _app: app }
    }

    async fn on_a_file(vars: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store_url = format!("sqlite://{}", folder.path().join("relay.db").display());
        Self::new(folder, store_url, vars).await
    }

    /// The number gets a code and is verified, which the app is to be told; returns the first event.
    async fn signs_in(&self, number: &str) -> Value {
        let body = otp_to(number);
        assert_eq!(self.relay.deliver(&body).await.status, 200);
        assert_eq!(self.relay.deliver(&verified(number)).await.status, 200);
        body
    }

    /// Runs the program beside the server; returns its exit code and both of its outputs.
    fn runs(&self, arguments: &[&str], vars: &[(&str, &str)]) -> (Option<i32>, String, String) {
        let vars = [&[("STORE_URL", self.store_url.as_str())], vars].concat();
        let output = run(self.folder.path(), arguments, &vars);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        for secret in [&NUMBER[2..], CODE] {
            assert!(!stdout.contains(secret) && !stderr.contains(secret), "{secret} in: {stdout}{stderr}");
        }
        (output.status.code(), stdout, stderr)
    }

    fn forgets(&self, number: &str, counts: [u64; 5]) {
        let (code, stdout, stderr) = self.runs(&["guard", "forget", number], &[]);
        assert_eq!(code, Some(0), "{stderr}");
        let found: Vec<u64> =
            stdout.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
        assert_eq!(found, counts, "{stdout}");
    }

    /// How many codes for the number the store knows of.
    fn known(&self, number: &str) -> usize {
        self.runs(&["events", "--json", "--number", number], &[]).1.lines().count()
    }
}

/// Everything of one number goes, nothing of another does, and what comes again sends nothing.
async fn one_number_goes(scene: &Scene) {
    let body = scene.signs_in(NUMBER).await;
    scene.signs_in(OTHER).await;
    assert_eq!(scene.relay.deliver(&otp_to(TEST_NUMBER)).await.status, 200);
    assert_eq!((scene.known(NUMBER), scene.known(OTHER)), (1, 1));
    scene.forgets(NUMBER, [1, 1, 1, 0, 1]);
    assert_eq!((scene.known(NUMBER), scene.known(OTHER)), (0, 1));
    let waiting = scene.runs(&["outbox", "list", "--show"], &[]).1;
    assert!(waiting.contains(OTHER) && waiting.contains("1 waiting"), "{waiting}");
    let again = scene.relay.deliver(&body).await;
    assert_eq!((again.status.as_u16(), again.replayed), (200, true));
    assert_eq!(scene.relay.stub.sent().len(), 2);
    scene.forgets(TEST_NUMBER, [1, 1, 1, 1, 0]);
    scene.forgets(NUMBER, [0; 5]);
    // It starts anew.
    assert_eq!(scene.relay.deliver(&otp_to(NUMBER)).await.status, 200);
    assert_eq!(scene.known(NUMBER), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_file_one_number_is_erased_everywhere_beside_the_running_server() {
    one_number_goes(&Scene::on_a_file(&[]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_database_one_number_is_erased_everywhere_beside_the_running_server() {
    if std::env::var_os("TEST_SKIP_POSTGRES").is_some() {
        return;
    }
    let server = PostgresServer::start();
    let scene = Scene::new(tempfile::tempdir().unwrap(), server.url(), &[]).await;
    one_number_goes(&scene).await;
}

/// Whether the file holds these bytes, used or not.
fn holds(path: &Path, text: &str) -> bool {
    std::fs::read(path).unwrap().windows(text.len()).any(|part| part == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_is_overwritten_in_the_file() {
    let scene = Scene::on_a_file(&[]).await;
    scene.signs_in(NUMBER).await;
    let path = scene.folder.path().join("relay.db");
    let file = Connection::open(&path).unwrap();
    let select = "SELECT value FROM settings WHERE name = 'hash_key'";
    let key: String = file.query_row(select, [], |row| row.get(0)).unwrap();
    let hash = HashKey::new(&hex::decode(key).unwrap()).recipient(&NUMBER.parse().unwrap()).hash;
    let Scene { folder, store_url, relay, _app } = scene;
    relay.stopped().await;
    let settle = || file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    settle();
    assert!(holds(&path, &hash));
    let output = run(folder.path(), &["guard", "forget", NUMBER], &[("STORE_URL", &store_url)]);
    assert_eq!(output.status.code(), Some(0));
    // For a day its hash is announced to servers; nothing else is left of it.
    file.execute_batch("PRAGMA secure_delete = ON; DELETE FROM forgotten").unwrap();
    settle();
    assert!(!holds(&path, &hash));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_of_the_server_nothing_is_said_to_be_erased() {
    let scene = Scene::on_a_file(&[("HASH_KEY", "a-key-of-the-operator")]).await;
    scene.signs_in(NUMBER).await;
    let (code, stdout, stderr) = scene.runs(&["guard", "forget", NUMBER], &[]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("HASH_KEY"), "{stderr}");
    let another = [("HASH_KEY", "another-key-of-somebody")];
    let (code, _, stderr) = scene.runs(&["guard", "forget", NUMBER], &another);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("1 events that wait for the app were sealed under another HASH_KEY"), "{stderr}");
    let (code, stdout, stderr) =
        scene.runs(&["guard", "forget", NUMBER], &[("HASH_KEY", "a-key-of-the-operator")]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("1  events\n"), "{stdout}");
}

#[test]
fn a_store_that_nobody_else_can_see_or_a_number_that_is_none_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["guard", "forget", NUMBER], &[("STORE_URL", "memory:")]);
    assert_eq!(output.status.code(), Some(1));
    let output = run(folder.path(), &["guard", "forget", "5551234567"], &[("STORE_URL", "memory:")]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_forgets_codes_of_an_erased_number_and_no_later_ones() {
    let (store, vendors) = (Arc::new(Plugged::default()), Vendors::new().await);
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let relay = vendors.relay(&[("GUARD", "enforce")], parts).await;
    let key = store.store.hash_key().await.unwrap();
    let announce = async |number: &str, until: Timestamp| {
        let recipient_hash = key.recipient(&number.parse().unwrap()).hash;
        store.announce(&Forgotten { recipient_hash: recipient_hash.to_string(), until }).await.unwrap();
    };
    let now = SystemClock.now();
    let hour = Duration::from_secs(3600);
    announce(NUMBER, now.plus(hour)).await;
    announce(OTHER, now.minus(hour)).await;
    for number in [NUMBER, OTHER] {
        assert_eq!(relay.deliver(&otp_to(number)).await.status, 200);
    }
    // The second look comes after what the first one led to.
    while store.asked().get("forgotten").is_none_or(|times| *times < 2) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    vendors.reports(&relay, 0, "failed", Some("30003")).await;
    vendors.reports(&relay, 1, "failed", Some("30003")).await;
    vendors.second.wait_for_sends(1).await;
    // Whatever had been started is finished by then.
    relay.stopped().await;
    let again: Vec<_> = vendors.second.sent().iter().map(|text| text.to.as_e164().to_owned()).collect();
    assert_eq!(again, [OTHER]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_of_a_running_server_compares_no_number_with_an_erased_one() {
    let (store, clock) = (Arc::new(Plugged::default()), manual_clock());
    let parts = Parts { store: Some(store.clone()), clock: Some(clock.clone()), ..Parts::default() };
    let vars = vec![("GUARD", "enforce".to_owned())];
    let relay = TestRelay::with(Start { vars, parts, ..Start::default() }).await;
    let asks = async |number: &str| {
        let mut body = otp_to(number);
        body["event_data"]["expires_at"] = "2999-01-01T00:00:00Z".into();
        let request = relay.signed_request(&relay.signer, clock.now(), body.to_string().as_bytes());
        send(request).await.status.as_u16()
    };
    // Somebody who tries numbers one after the other is stopped at the fifth.
    let run = |prefix: &str| [1, 2, 3, 4, 5].map(|last| format!("{prefix}{last}"));
    let (erased, kept) = (run("+1202555001"), run("+1303555001"));
    for number in erased[..4].iter().chain(&kept[..4]) {
        assert_eq!(asks(number).await, 200);
    }
    clock.advance(Duration::from_secs(6 * 60));
    let key = store.store.hash_key().await.unwrap();
    let recipient_hash = key.recipient(&erased[0].parse().unwrap()).hash;
    let until = clock.now().plus(Duration::from_secs(3600));
    let before = store.asked().get("forgotten").copied().unwrap_or_default();
    store.store.announce(&Forgotten { recipient_hash: recipient_hash.to_string(), until }).await.unwrap();
    // One look may have been under way; the last one comes after what the one before it led to.
    while store.asked().get("forgotten").is_none_or(|times| *times < before + 3) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((asks(&erased[4]).await, asks(&kept[4]).await), (200, 422));
}
