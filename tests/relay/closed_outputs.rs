//! Commands whose output nobody reads to its end.

use crate::app_stub::{AppStub, status};
use crate::harness::event;
use crate::process::{ReadyRelay, command};
use std::fs::File;
use std::process::{Output, Stdio};
use tempfile::TempDir;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Runs a command whose reader has gone before its first word, as behind `| true`.
fn unread(folder: &TempDir, arguments: &[&str], vars: &[(&str, &str)]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command(folder.path(), arguments, vars).stdout(writer).stderr(Stdio::piped()).output().unwrap()
}

/// Runs a command that writes to a full disk.
fn on_a_full_disk(folder: &TempDir, arguments: &[&str], vars: &[(&str, &str)]) -> Output {
    let full = File::options().write(true).open("/dev/full").unwrap();
    command(folder.path(), arguments, vars).stdout(full).stderr(Stdio::piped()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn free_ports() -> Vec<(&'static str, &'static str)> {
    vec![("PORT", "0"), ("DEV_PORT", "0")]
}

/// Field 32: `--help | head -1`, `doctor | grep -q ok` and their like.
#[test]
fn a_reader_who_has_read_enough_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["outbox", "list", "--help"], 0),
        (&["--version"], 0),
        // Nothing is configured: that is what the exit code is about.
        (&["doctor"], 1),
        (&["dev"], 0),
    ] {
        let output = unread(&folder, arguments, &free_ports());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{arguments:?}");
    }
}

/// Field 32: `send … | true`.
#[tokio::test(flavor = "multi_thread")]
async fn a_test_text_is_sent_also_if_nobody_reads_what_became_of_it() {
    let (folder, twilio) = (tempfile::tempdir().unwrap(), MockServer::start().await);
    let created = include_str!("../../fixtures/twilio/created_by_number.json");
    Mock::given(any())
        .respond_with(ResponseTemplate::new(201).set_body_raw(created, "application/json"))
        .mount(&twilio)
        .await;
    let url = twilio.uri();
    let vars = [
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "token"),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
        ("TWILIO_BASE_URL", &url),
    ];
    let output = unread(&folder, &["send", "--to", "+15551234567"], &vars);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(twilio.received_requests().await.unwrap().len(), 1);
}

/// Field 32: `outbox list --show | head -1`, and what changes something does so unread.
#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_is_listed_and_changed_also_if_nobody_reads_it() {
    let (folder, app) = (tempfile::tempdir().unwrap(), AppStub::answering(status(500)).await);
    let store = format!("sqlite://{}/relay.db", folder.path().display());
    let app_url = app.url();
    let relay = ReadyRelay::start(&[
        ("SMS_PROVIDER", "log"),
        ("ALLOW_LOG_PROVIDER", "1"),
        ("STORE_URL", &store),
        ("FORWARD_URL", &app_url),
    ])
    .await;
    let body = event("user.created");
    assert_eq!(relay.deliver(&body).await.status, 200);
    app.wait_for(1).await;
    relay.process.signal("TERM");
    assert_eq!(relay.process.ended().0.code(), Some(0));
    let id = body["event_id"].as_str().unwrap();
    for arguments in [&["outbox", "list", "--show"][..], &["outbox", "retry", id], &["outbox", "drop", id]] {
        let output = unread(&folder, arguments, &[("STORE_URL", &store)]);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{arguments:?}");
    }
    let left = unread(&folder, &["outbox", "drop", id], &[("STORE_URL", &store)]);
    assert_eq!(left.status.code(), Some(1), "it was dropped before");
}

#[test]
fn a_full_disk_is_told_as_the_reason_of_the_failure() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &["doctor"], &["dev"]] {
        let output = on_a_full_disk(&folder, arguments, &free_ports());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", stderr(&output));
        let expected = "neon-sms-relay: cannot write to the standard output: No space left on device";
        assert!(stderr(&output).starts_with(expected), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output).lines().count(), 1, "{arguments:?}");
    }
}

#[test]
fn nothing_panics_where_no_output_can_be_written_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for (arguments, code) in [
        (&["--help"][..], 1),
        (&["fly-to-the-moon"], 2),
        (&["serve"], 2),
        (&["doctor"], 1),
        (&["dev"], 1),
        (&["outbox", "list"], 1),
    ] {
        let mut command = command(folder.path(), arguments, &free_ports());
        let status = command.stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}
