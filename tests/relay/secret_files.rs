//! Secrets from files, as Docker, Kubernetes and systemd hand them on.

use crate::harness::otp;
use crate::process::{ReadyRelay, run};
use neon_sms_relay::config::variables::secrets;
use std::fs;
use std::process::Command;
use wiremock::matchers::basic_auth;
use wiremock::{Mock, MockServer, ResponseTemplate};

const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Exit code, and everything that `serve` writes with these variables and no others.
fn served(arguments: &[&str], vars: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = run(tempfile::tempdir().unwrap().path(), arguments, vars);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
    (output.status.code(), text)
}

const WORKING: [(&str, &str); 4] = [
    ("NEON_AUTH_URL", "https://ep-a.example.com/neondb/auth"),
    ("SMS_PROVIDER", "log"),
    ("ALLOW_LOG_PROVIDER", "1"),
    ("STORE_URL", "memory:"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_file_is_used_without_the_line_break_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (token, url) = (folder.path().join("token"), folder.path().join("url"));
    fs::write(&token, "\u{feff} s3cret \r\n").unwrap();
    fs::write(&url, "memory:\n").unwrap();
    let twilio = MockServer::start().await;
    let created = include_str!("../../fixtures/twilio/created_by_number.json");
    Mock::given(basic_auth(ACCOUNT, "s3cret"))
        .respond_with(ResponseTemplate::new(201).set_body_string(created))
        .mount(&twilio)
        .await;
    let relay = ReadyRelay::start(&[
        ("STORE_URL", ""),
        ("STORE_URL_FILE", url.to_str().unwrap()),
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_AUTH_TOKEN_FILE", token.to_str().unwrap()),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
        ("TWILIO_BASE_URL", &twilio.uri()),
    ])
    .await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    relay.process.signal("TERM");
    let (_, log) = relay.process.ended();
    assert!(!log.contains("s3cret") && !log.contains("read by nobody"), "{log}");
}

#[test]
fn every_secret_may_come_from_a_file_and_all_that_are_not_there_are_told_at_once() {
    let names: Vec<_> = secrets().map(|secret| format!("{}_FILE", secret.name)).collect();
    let files = names.iter().map(|name| (name.as_str(), "/not/there/s3cret"));
    let vars = [
        ("NEON_AUTH_URL", "https://ep-a.example.com/neondb/auth"),
        ("SMS_PROVIDER", "twilio,messagebird,vonage"),
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
    ];
    let vars: Vec<_> = vars.into_iter().chain(files).collect();
    let (code, text) = served(&["serve"], &vars);
    assert_eq!(code, Some(2), "{text}");
    for name in &names {
        assert!(text.contains(&format!("{name} names a file that does not exist")), "{name} in {text}");
    }
    // What is missing only because of that is no fault of its own.
    for secret in secrets() {
        assert!(!text.contains(&format!("  {} ", secret.name)), "{} in {text}", secret.name);
    }
}

#[test]
fn a_file_that_holds_no_secret_is_told_by_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, bytes) in [
        ("empty", &b" \n"[..]),
        ("binary", &[0xff, 0xfe, 0x00]),
        ("long", &[b'a'; 64 * 1024 + 1]),
        ("s3cret", b"s3cret-s3cret-s3cret"),
        ("short", b"s3cret"),
        ("placeholder", "<s3cret>".as_bytes()),
    ] {
        fs::write(path(name), bytes).unwrap();
    }
    assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    for (name, file, words) in [
        ("HASH_KEY", path("empty"), "HASH_KEY_FILE names a file that is empty"),
        ("HASH_KEY", path("binary"), "HASH_KEY_FILE names a file that is not UTF-8"),
        ("HASH_KEY", path("long"), "HASH_KEY_FILE names a file of more than 64 KiB"),
        ("HASH_KEY", path(""), "HASH_KEY_FILE names a folder"),
        ("HASH_KEY", path("pipe"), "HASH_KEY_FILE names something that is no plain file"),
        ("STORE_URL", path("s3cret"), "STORE_URL_FILE is set, and so is the variable itself"),
        // What is in it is judged like the variable's own value, under the variable's name.
        ("HASH_KEY", path("short"), "HASH_KEY is shorter"),
        ("NEON_API_KEY", path("placeholder"), "NEON_API_KEY still holds the placeholder"),
    ] {
        let file_variable = format!("{name}_FILE");
        let (code, text) = served(&["serve"], &[&WORKING[..], &[(&file_variable, &file)]].concat());
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(words) && text.contains("1 fault"), "{words} in {text}");
    }
}

/// The commands that read a part of the variables read that part of the files.
#[test]
fn every_command_reads_the_files_of_the_secrets_that_it_needs() {
    let url = ("STORE_URL_FILE", "/not/there/s3cret");
    let token = ("TWILIO_AUTH_TOKEN_FILE", "/not/there/s3cret");
    let proxy = ("HTTPS_PROXY_FILE", "/not/there/s3cret");
    for (arguments, file) in [
        (&["outbox", "list"][..], url),
        (&["outbox", "list"], proxy),
        (&["send", "--to", "+15551234567"], token),
        (&["send", "--to", "+15551234567"], proxy),
        (&["doctor"], url),
    ] {
        let vars = if file.0 == "STORE_URL_FILE" { &WORKING[..3] } else { &WORKING[..] };
        let (code, text) = served(arguments, &[vars, &[file]].concat());
        assert!(code != Some(0), "{arguments:?}: {text}");
        // Some print tables.
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&format!("{} names a file", file.0)), "{arguments:?}: {text}");
    }
}

#[test]
fn a_check_says_with_its_exit_code_whether_serve_would_start_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let check = |vars: &[(&str, &str)]| {
        let output = run(folder.path(), &["serve", "--check"], vars);
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    // A port that is taken is no fault of the variables, and nothing is opened.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let vars = [&WORKING[..3], &[("HOST", "127.0.0.1"), ("PORT", &port)]].concat();
    assert_eq!(check(&vars), (Some(0), String::new()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a store was made");

    let (code, text) = check(&[&vars[..], &[("WORKERS", "s3cret"), ("STORE_FAILURE", "s3cret")]].concat());
    assert_eq!(code, Some(2));
    assert!(text.contains("WORKERS is not") && text.contains("STORE_FAILURE is") && !text.contains("s3cret"));

    // What only a start would find: the certificates that a database is to be believed by.
    let url = "postgres://u@db.example.com/app?sslmode=verify-full&sslrootcert=/not/there.pem";
    let (code, text) = check(&[&vars[..], &[("STORE_URL", url)]].concat());
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("STORE_URL "), "{text}");
}
