//! `neon-sms-relay dev bench`: short loads, and what is told of them. How fast anything is, no test says.

use crate::harness::{Start, TestRelay};
use crate::process::run;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;

/// Runs it; returns its exit code and both of its outputs.
fn bench(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let temporary = folder.to_str().unwrap();
    let output = run(folder, &[&["dev", "bench"], arguments].concat(), &[("TMPDIR", temporary)]);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The counts of the table: how many signed, or forged, ones were sent, and how each kind of answer came.
fn counts(table: &str, stream: &str) -> (u64, BTreeMap<String, u64>) {
    let rows = table.lines().filter_map(|line| line.strip_prefix(stream));
    let mut rows = rows.map(|row| row.trim().split_once(' ').unwrap());
    let sent = rows.next().unwrap().0.parse().unwrap();
    (sent, rows.map(|(count, kind)| (kind.trim().to_owned(), count.parse().unwrap())).collect())
}

#[test]
fn its_own_relay_is_loaded_beside_whatever_is_configured_and_leaves_nothing_behind() {
    for store in ["memory:", "sqlite:"] {
        let folder = tempfile::tempdir().unwrap();
        // Not its own.
        std::fs::write(folder.path().join(".env"), "SMS_TEMPLATE=without\nSTORE_URL=sqlite://mine.db\n")
            .unwrap();
        let arguments = ["--rate", "10", "--duration", "1", "--vendor-delay", "20", "--duplicates", "0.2"];
        let more = ["--forged", "8", "--store", store];
        let (code, table, stderr) = bench(folder.path(), &[&arguments[..], &more].concat());
        assert_eq!(code, Some(0), "{table}{stderr}");
        // A busy machine may leave some without an answer, and then it says so.
        let too_slow = ["no answer in 5 s", "503 in_flight", "503 keys_unavailable"];
        let (sent, answers) = counts(&table, "signed");
        assert_eq!((sent, answers.values().sum::<u64>()), (10, 10), "{table}");
        let kinds = [&["200", "200 replayed"][..], &too_slow].concat();
        assert!(answers.keys().all(|kind| kinds.contains(&kind.as_str())), "{table}");
        let (sent, answers) = counts(&table, "forged");
        assert_eq!((sent, answers.values().sum::<u64>()), (8, 8), "{table}");
        let kinds = [
            "401 invalid_signature",
            "401 invalid_signature_headers",
            "401 stale_timestamp",
            "401 unknown_key",
        ];
        let kinds = [&kinds[..], &too_slow].concat();
        assert!(answers.keys().all(|kind| kinds.contains(&kind.as_str())), "{table}");
        // As many as there are different events.
        assert!(table.contains("8 texts, 0 doubled, 0 missing"), "{table}");
        for quantile in ["p50", "p90", "p99", "p99.9", "max", "a second"] {
            assert!(table.contains(quantile), "{quantile} in {table}");
        }
        let left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [".env"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_runs_on_this_machine_is_loaded_if_it_has_the_keys() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let vars = vec![("NEON_AUTH_URL", format!("http://127.0.0.1:{port}/neondb/auth"))];
    let relay = TestRelay::with(Start { vars, without_keys: true, ..Start::default() }).await;
    let (url, folder) = (relay.url.clone(), tempfile::tempdir().unwrap());
    let path = folder.path().to_owned();
    let load =
        move || bench(&path, &["--url", &url, "--keys-port", &port, "--rate", "20", "--duration", "1"]);
    let (code, table, stderr) = tokio::task::spawn_blocking(load).await.unwrap();
    assert_eq!(code, Some(0), "{table}{stderr}");
    assert_eq!(counts(&table, "signed").0, 20, "{table}");
    assert!(table.contains("that relay's own providers") && !table.contains("doubled"), "{table}");
    // Those of the warm-up, too.
    assert_eq!(relay.stub.sent().len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_believes_somebody_else_is_not_loaded_and_what_to_do_is_said() {
    let relay = TestRelay::start().await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (url, folder) = (relay.url.clone(), tempfile::tempdir().unwrap());
    let (path, keys) = (folder.path().to_owned(), port.clone());
    let load = move || bench(&path, &["--url", &url, "--keys-port", &keys, "--rate", "1", "--duration", "1"]);
    let (code, _, stderr) = tokio::task::spawn_blocking(load).await.unwrap();
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(&format!("NEON_AUTH_URL=http://127.0.0.1:{port}/neondb/auth")), "{stderr}");
    assert_eq!(relay.stub.sent().len(), 0);
}

#[test]
fn what_is_out_of_range_or_on_another_machine_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        ["--url", "https://relay.example.com"],
        ["--url", "http://192.0.2.1:8080"],
        ["--url", "https://localhost:8080"],
        ["--url", "nonsense"],
        ["--rate", "0"],
        ["--rate", "50001"],
        ["--duration", "0"],
        ["--duplicates", "1"],
        ["--duplicates", "-0.1"],
        ["--vendor-delay", "10001"],
        ["--forged", "50001"],
        ["--keys-port", "8026"],
    ] {
        let (code, stdout, stderr) = bench(folder.path(), &arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_store_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, stderr) = bench(folder.path(), &["--store", "nonsense"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("STORE_URL") && stderr.contains("the relay ended"), "{stderr}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
