//! `neon-sms-relay neon …`: what it shows, what it writes, and what it refuses before Neon does.

use crate::neon_branch::{KEY, NeonBranch, production};
use crate::process::run;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use wiremock::ResponseTemplate;

/// Runs `neon …` against the branch: the exit code, and what is said on each output.
fn neon(branch: &NeonBranch, arguments: &[&str]) -> (Option<i32>, String, String) {
    let vars = branch.vars();
    let vars: Vec<_> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    neon_with(&vars, arguments)
}

fn neon_with(vars: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let output = run(folder.path(), &[&["neon"], arguments].concat(), &[vars, &[("HOME", home)]].concat());
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!format!("{stdout}{stderr}").contains("s3cret"), "{stdout}{stderr}");
    (output.status.code(), stdout, stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_shown_without_what_is_secret_in_it() {
    let mut webhook = production();
    webhook["webhook_url"] = json!("https://u:s3cret@sms.example.com/webhooks/neon-auth?key=s3cret");
    let branch = NeonBranch::with(webhook).await;
    let (code, stdout, _) = neon(&branch, &["webhook", "get"]);
    assert_eq!(code, Some(0));
    for words in [
        "enabled          yes",
        "https://…@sms.example.com/webhooks/neon-auth?…",
        "user.created, send.otp",
        "7",
    ] {
        assert!(stdout.contains(words), "{words} in: {stdout}");
    }
    let (code, stdout, _) = neon(&branch, &["phone-number", "get"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("enabled          no") && stdout.contains("otp_expires_in   300 s"), "{stdout}");
    assert_eq!(branch.writes(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_named_is_written_back_as_it_was() {
    let mut webhook = production();
    webhook["max_attempts"] = json!(3);
    let branch = NeonBranch::with(webhook.clone()).await;
    let events = "send.otp,phone_number.verified";
    let (code, stdout, stderr) = neon(&branch, &["webhook", "set", "--events", events, "--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    let line = "enabled_events   user.created, send.otp → send.otp, phone_number.verified";
    assert!(stdout.contains(line) && stdout.contains("it holds"), "{stdout}");
    webhook["enabled_events"] = json!(["send.otp", "phone_number.verified"]);
    assert_eq!(branch.writes(), [webhook]);

    let (code, stdout, _) = neon(&branch, &["phone-number", "set", "--enabled", "--yes"]);
    assert_eq!(
        (code, branch.plugin()),
        (Some(0), json!({"enabled": true, "otp_expires_in": 300})),
        "{stdout}"
    );
    let (code, ..) = neon(&branch, &["phone-number", "set", "--expires-in", "120", "--disabled", "--yes"]);
    assert_eq!((code, branch.plugin()), (Some(0), json!({"enabled": false, "otp_expires_in": 120})));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_without_a_webhook_gets_one_in_one_command() {
    let branch = NeonBranch::with(json!({"enabled": false})).await;
    let url = "https://sms.example.com/webhooks/neon-auth";
    let events = "send.otp,phone_number.verified";
    let set = ["webhook", "set", "--enabled", "--url", url, "--events", events, "--timeout", "10", "--yes"];
    assert_eq!(neon(&branch, &set).0, Some(0));
    let expected = json!({
        "enabled": true, "webhook_url": url, "enabled_events": ["send.otp", "phone_number.verified"], "timeout_seconds": 10,
    });
    assert_eq!(branch.webhook(), expected);
    let (code, stdout, _) = neon(&branch, &set);
    assert_eq!((code, branch.writes().len()), (Some(0), 1));
    assert!(stdout.contains("Nothing changes"), "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_where_there_is_no_terminal_and_nothing_is_written() {
    let branch = NeonBranch::of_production().await;
    for set in [&["webhook", "set", "--disabled"][..], &["phone-number", "set", "--enabled"]] {
        let (code, stdout, stderr) = neon(&branch, set);
        assert_eq!(code, Some(2));
        assert!(
            stdout.contains('→') && stderr.contains("nothing was written; add --yes"),
            "{stdout}{stderr}"
        );
    }
    assert_eq!(branch.writes(), Vec::<Value>::new());
}

/// `script` (util-linux) gives the command a terminal.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_it_is_written_only_after_a_yes() {
    for (answer, code, writes) in [("n\n", Some(1), 0), ("\n", Some(1), 0), ("y\n", Some(0), 1)] {
        let (branch, folder) = (NeonBranch::of_production().await, tempfile::tempdir().unwrap());
        let set = format!("{} neon webhook set --timeout 5", env!("CARGO_BIN_EXE_neon-sms-relay"));
        let mut terminal = Command::new("script")
            .args(["-qec", &set, "/dev/null"])
            .current_dir(folder.path())
            .env_clear()
            .envs(branch.vars())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        terminal.stdin.as_mut().unwrap().write_all(answer.as_bytes()).unwrap();
        let output = terminal.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("Write this to branch br-a of project p-1? [y/N]"), "{said}");
        assert_eq!((output.status.code(), branch.writes().len()), (code, writes), "{answer:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_neon_refuses_is_refused_by_name_before_neon_is_asked() {
    let branch = NeonBranch::of_production().await;
    for (option, value, words) in [
        ("--url", "http://sms.example.com/x", "--url is not https"),
        ("--url", "https://u:s3cret@127.0.0.1/x", "--url has an IP address"),
        ("--url", "https://0x7f000001/x?s3cret", "--url has an IP address"),
        ("--url", "https://localhost:8080/webhooks/neon-auth", "--url leads to localhost"),
        ("--url", "https://10.0.0.1.nip.io/", "stands for an IP address"),
        ("--url", "https://relay.internal/webhooks/neon-auth", "only a private network knows"),
        ("--url", "https://console.neon.tech/x", "Neon's own servers"),
        ("--url", "sms.example.com s3cret", "--url is not a URL"),
        ("--timeout", "0", "0 is not in 1..=10"),
        ("--timeout", "11", "11 is not in 1..=10"),
        ("--events", "send.otp,user.deleted", "'user.deleted' for '--events"),
    ] {
        let (code, _, stderr) = neon(&branch, &["webhook", "set", option, value, "--yes"]);
        assert_eq!(code, Some(2), "{value}: {stderr}");
        assert!(stderr.contains(words), "{words} in: {stderr}");
    }
    for seconds in ["59", "601"] {
        let (code, _, stderr) = neon(&branch, &["phone-number", "set", "--expires-in", seconds, "--yes"]);
        assert_eq!(code, Some(2));
        assert!(stderr.contains(&format!("{seconds} is not in 60..=600")), "{stderr}");
    }
    for nothing in ["webhook", "phone-number"] {
        assert_eq!(neon(&branch, &[nothing, "set", "--yes"]).0, Some(2), "nothing to set");
        assert_eq!(neon(&branch, &[nothing, "set", "--enabled", "--disabled", "--yes"]).0, Some(2));
    }
    assert_eq!(branch.requests().await, 0);

    let branch = NeonBranch::with(json!({"enabled": false})).await;
    let (code, _, stderr) = neon(&branch, &["webhook", "set", "--enabled", "--yes"]);
    assert_eq!((code, branch.writes().len()), (Some(2), 0));
    assert!(stderr.contains("add --url"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_and_seldom_meant_is_said() {
    let branch = NeonBranch::with(json!({"enabled": false})).await;
    let set = |more: &[&str]| neon(&branch, &[&["webhook", "set", "--yes"], more].concat()).1;
    let told = set(&["--url", "https://sms.example.com/hook"]);
    assert!(told.contains("It is disabled") && told.contains("…/webhooks/neon-auth"), "{told}");
    let told = set(&["--enabled", "--events", "user.created"]);
    assert!(
        told.contains("send.otp is not among") && told.contains("phone_number.verified is not among"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_somebody_else_changes_meanwhile_is_left_alone() {
    let branch = NeonBranch::of_production().await;
    let theirs = json!({"enabled": true, "webhook_url": "https://other.example/webhooks/neon-auth"});
    branch.somebody_sets_after(1, theirs.clone());
    let (code, _, stderr) = neon(&branch, &["webhook", "set", "--timeout", "5", "--yes"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("nothing was written: somebody else has changed the branch"), "{stderr}");
    assert_eq!((branch.webhook(), branch.writes().len()), (theirs, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_after_it_was_written_is_named() {
    let branch = NeonBranch::of_production().await;
    branch.forgets();
    let (code, _, stderr) = neon(&branch, &["webhook", "set", "--timeout", "5", "--yes"]);
    assert_eq!((code, branch.writes().len()), (Some(1), 1));
    assert!(stderr.contains("holds something else in timeout_seconds"), "{stderr}");
    let (code, _, stderr) = neon(&branch, &["phone-number", "set", "--enabled", "--yes"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("holds something else in enabled"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_of_neons_api_is_a_sentence_with_a_remedy_and_no_key() {
    for (status, words) in [
        (401, "refuses NEON_API_KEY; make a key"),
        (403, "refuses NEON_API_KEY for this project"),
        (404, "no such NEON_PROJECT_ID and NEON_BRANCH_ID"),
        (409, "something else changes the branch"),
        (423, "locked while an operation runs"),
        (429, "too many requests with this key"),
        (422, "does not take this configuration (status 422)"),
        (500, "a failure of its own (status 500)"),
        (503, "a failure of its own (status 503)"),
        (302, "status 302, which it does not document"),
    ] {
        let branch = NeonBranch::of_production().await;
        branch.fails("GET", &[status]);
        let (code, stdout, stderr) = neon(&branch, &["webhook", "get"]);
        assert_eq!((code, stdout.as_str()), (Some(1), ""));
        assert!(stderr.contains(words), "{words} in: {stderr}");

        branch.fails("PUT", &[status]);
        let (code, _, stderr) = neon(&branch, &["webhook", "set", "--timeout", "5", "--yes"]);
        assert_eq!((code, branch.webhook()), (Some(1), production()));
        assert!(stderr.contains("nothing has changed: ") && stderr.contains(words), "{words} in: {stderr}");
    }
    let branch = NeonBranch::of_production().await;
    branch.answers(ResponseTemplate::new(200).set_body_string(format!("<html>{KEY}</html>")));
    let (code, _, stderr) = neon(&branch, &["phone-number", "get"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("something that is not understood"), "{stderr}");

    let mut vars = branch.vars();
    vars.push(("NEON_API_BASE_URL", "http://127.0.0.1:1".to_owned()));
    let vars: Vec<_> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (code, _, stderr) = neon_with(&vars, &["webhook", "get"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("gives no answer") && stderr.contains("HTTPS_PROXY"), "{stderr}");
}

/// Neon works through what it has answered nothing to, all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_after_the_write_does_not_matter() {
    let branch = NeonBranch::of_production().await;
    branch.loses_the_answer_to_the_next_write();
    let (code, stdout, stderr) = neon(&branch, &["webhook", "set", "--timeout", "5", "--yes"]);
    assert_eq!((code, branch.webhook()["timeout_seconds"].as_u64()), (Some(0), Some(5)), "{stderr}");
    assert!(stdout.contains("it holds"), "{stdout}");
}

#[test]
fn every_variable_that_is_missing_is_named_at_once() {
    for command in [&["webhook", "get"][..], &["webhook", "restore"], &["phone-number", "get"]] {
        let (code, _, stderr) = neon_with(&[], command);
        assert_eq!(code, Some(2));
        for name in ["NEON_API_KEY", "NEON_PROJECT_ID", "NEON_BRANCH_ID"] {
            assert!(stderr.contains(&format!("{name} is missing")), "{name} in: {stderr}");
        }
    }
    let vars = [("NEON_API_KEY", "s3cret"), ("NEON_API_BASE_URL", "http://s3cret.example")];
    let (code, _, stderr) = neon_with(&vars, &["webhook", "get"]);
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("NEON_PROJECT_ID is missing") && stderr.contains("NEON_API_BASE_URL"),
        "{stderr}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_left_behind_there_is_nothing_to_restore() {
    let branch = NeonBranch::of_production().await;
    let (code, stdout, _) = neon(&branch, &["webhook", "restore"]);
    assert_eq!((code, branch.requests().await), (Some(0), 0));
    assert!(stdout.contains("nothing to restore"), "{stdout}");
}
