//! The environment as people have it: files from any editor, quotes that somebody kept, hosts of every form.

use crate::harness::otp;
use crate::process::{ReadyRelay, run};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use tempfile::TempDir;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const WORKING: [(&str, &str); 3] = [
    ("NEON_AUTH_URL", "https://ep-a.example.com/neondb/auth"),
    ("SMS_PROVIDER", "log"),
    ("ALLOW_LOG_PROVIDER", "1"),
];

/// Exit code and everything that a command writes.
fn command(folder: &TempDir, arguments: &[&str], vars: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = run(folder.path(), arguments, vars);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
    (output.status.code(), text)
}

/// What `serve` says to these variables, none of which can be served.
fn refused(vars: &[(&str, &str)]) -> String {
    let (code, text) = command(&tempfile::tempdir().unwrap(), &["serve"], &[&WORKING, vars].concat());
    assert_eq!(code, Some(2), "{vars:?}: {text}");
    text
}

/// The lines of `doctor` about variables.
fn warned(vars: &[(&str, &str)]) -> String {
    let vars =
        [&WORKING[..], &[("STORE_URL", "memory:"), ("NEON_AUTH_URL", "http://127.0.0.1:1/auth")], vars]
            .concat();
    let (_, table) = command(&tempfile::tempdir().unwrap(), &["doctor"], &vars);
    assert!(table.contains("serve has all that it needs"), "{table}");
    let lines: Vec<_> = table.lines().filter(|line| line.starts_with("warn  variables")).collect();
    lines.join("\n")
}

/// Field 4: a file of Windows', and one that a shell reads, too. What is read of each is told by what is wrong in it.
#[test]
fn a_dotenv_file_is_read_whatever_editor_wrote_it() {
    let lines = "NEON_AUTH_URL=https://ep-a.example.com/auth\nSMS_PROVIDER=log \nexport ALLOW_LOG_PROVIDER=1\nPORT=s3cret";
    for file in [
        lines.to_owned(),
        format!("\u{feff}{lines}\n"),
        format!("\u{feff}# a comment\n{lines}\n"),
        lines.replace('\n', "\r\n"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), &file).unwrap();
        let (code, text) = command(&folder, &["serve"], &[]);
        assert_eq!(code, Some(2), "{file:?}: {text}");
        assert!(text.contains("1 fault") && text.contains("PORT is not"), "{file:?}: {text}");
    }
}

/// Field 4: what cannot be read is called by its line, or by its encoding.
#[test]
fn a_dotenv_file_that_cannot_be_read_says_where() {
    let quote = "A=1\nAPP_NAME=Joe's s3cret\nB=2\nC=3\nD=4\nE=5\n".as_bytes().to_vec();
    let utf16 = [vec![0xff, 0xfe], "A=1\n".encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
    for (bytes, words) in [(quote, "line 2"), (utf16, "UTF-16")] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), bytes).unwrap();
        let (code, text) = command(&folder, &["serve"], &WORKING);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(".env ") && text.contains(words), "{text}");
    }
}

/// Field 4: a virtual environment of Python's, or what Docker makes of a file that is not there.
#[test]
fn a_folder_named_dotenv_is_passed_over_and_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".env")).unwrap();
    let (_, table) = command(&folder, &["doctor"], &[&WORKING[..], &[("STORE_URL", "memory:")]].concat());
    assert!(table.contains("serve has all that it needs"), "{table}");
    assert!(table.contains(".env is a folder and is passed over"), "{table}");
}

/// Field 5, Field 6: `docker --env-file` keeps quotes and knows no line breaks; the phone sees neither.
#[tokio::test(flavor = "multi_thread")]
async fn quotes_that_docker_keeps_and_written_out_line_breaks_never_reach_the_phone() {
    let vendor = MockServer::start().await;
    let created = include_str!("../../fixtures/twilio/created_by_number.json");
    Mock::given(any()).respond_with(ResponseTemplate::new(201).set_body_string(created)).mount(&vendor).await;
    let vars = [
        ("SMS_PROVIDER", "\"twilio\""),
        ("TWILIO_ACCOUNT_SID", "\"ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""),
        ("TWILIO_AUTH_TOKEN", "“s3cret”"),
        ("TWILIO_FROM_NUMBER", "'+15005550006'"),
        ("TWILIO_BASE_URL", &format!("'{}'", vendor.uri())),
        ("APP_NAME", "'Joe's'"),
        ("SMS_TEMPLATE", "\"'{{ app }}: {{ code }}\\nNever share it.'\""),
    ];
    let (code, text) = command(&tempfile::tempdir().unwrap(), &["send", "--to", "+15551234567"], &vars);
    assert_eq!(code, Some(0), "{text}");
    for (name, _) in vars {
        assert!(text.contains(&format!("{name} came in quotation marks")), "{name} in: {text}");
    }
    let request = &vendor.received_requests().await.unwrap()[0];
    let body = request.body.clone();
    let fields: Vec<_> = url::form_urlencoded::parse(&body).into_owned().collect();
    let field = |wanted: &str| &fields.iter().find(|(name, _)| name == wanted).unwrap().1;
    assert_eq!(
        (field("From").as_str(), field("Body").as_str()),
        ("+15005550006", "Joe's: 000000\nNever share it.")
    );
}

/// Field 7: names are hosts, and what a build environment exports is none.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_may_be_a_name_and_one_that_is_none_is_explained() {
    let relay = ReadyRelay::start(&[&WORKING[1..], &[("HOST", "localhost")]].concat()).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    let text = refused(&[("HOST", "x86_64-conda-linux-gnu")]);
    assert!(text.contains("HOST names a compiler's target") && text.contains("conda"), "{text}");

    let vars = [&WORKING[..], &[("HOST", "nowhere.invalid"), ("STORE_URL", "memory:")]].concat();
    let (code, text) = command(&tempfile::tempdir().unwrap(), &["serve"], &vars);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("HOST has no address here"), "{text}");
}

/// Field 28: a health check asks where the server listens.
#[test]
fn a_health_check_asks_the_address_that_is_served() {
    for (listens, host) in
        [("[::1]:0", "::1"), ("[::1]:0", "[::]"), ("127.0.0.2:0", "127.0.0.2"), ("127.0.0.1:0", "localhost")]
    {
        let listener = TcpListener::bind(listens).unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            assert!(client.read(&mut [0; 1024]).unwrap() > 0);
            client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        });
        let vars = [("HOST", host), ("PORT", port.as_str())];
        let (code, text) = command(&tempfile::tempdir().unwrap(), &["healthcheck"], &vars);
        assert_eq!(code, Some(0), "{host}: {text}");
        server.join().unwrap();
    }
}

/// Field 8: a service called `metrics` in the same namespace.
#[test]
fn the_link_to_a_kubernetes_service_is_passed_over_with_a_warning() {
    for name in ["PORT", "METRICS_PORT"] {
        let warnings = warned(&[(name, "tcp://10.96.4.1:9091")]);
        assert!(warnings.contains(name) && warnings.contains("enableServiceLinks"), "{warnings}");
    }
}

/// Field 11: no vendor can call these.
#[test]
fn a_public_url_that_no_vendor_could_call_is_a_fault() {
    for url in [
        "http://localhost:8080",
        "https://localhost",
        "https://10.0.0.5",
        "https://203.0.113.7",
        "https://[fdaa::3]",
        "https://relay",
        "https://relay.internal",
        "https://my_relay.example.com",
        "https://sms.example.com/webhooks/neon-auth",
        "https://sms.example.com/callbacks/",
        "https://sms.example.com/?key=s3cret",
        "https://user:s3cret@sms.example.com",
        "http://sms.example.com",
    ] {
        let text = refused(&[("PUBLIC_URL", url)]);
        assert!(text.contains("1 fault") && text.contains("  PUBLIC_URL "), "{url}: {text}");
    }
    let vendor = [
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "s3cret"),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
        ("PUBLIC_URL", "http://127.0.0.1:8080"),
    ];
    assert!(refused(&vendor).contains("  PUBLIC_URL has an IP address"));
    assert_eq!(warned(&[("PUBLIC_URL", "https://example.com/sms")]), "");
}

#[test]
fn what_would_fail_later_is_said_at_start() {
    for (vars, words) in [
        (("HASH_KEY", "abc"), "HASH_KEY is shorter than 16 characters"),
        (("SMS_PROVIDER", "log,twillio"), "(its name no. 2)"),
        (("SMS_PROVIDER", "log,twillio"), "is twilio meant?"),
        (
            ("NEON_AUTH_BASE_URL", "https://ep-b.example.com/auth"),
            "and NEON_AUTH_URL are both set and differ",
        ),
        (("FORWARD_URL", "http://app.example.com/hook"), "FORWARD_URL is plain http"),
        (("TWILIO_ACCOUNT_SID", "AC…"), "TWILIO_ACCOUNT_SID still holds the placeholder"),
    ] {
        let text = refused(&[vars]);
        assert!(text.contains(words), "{words} in: {text}");
    }
}

#[test]
fn a_variable_that_is_almost_ours_is_warned_about_and_explains_what_is_missing() {
    let warnings = warned(&[("FORWARD_ULR", "s3cret"), ("SMS_TEMPLTE", "s3cret")]);
    for words in ["FORWARD_ULR is read by nobody; is FORWARD_URL meant?", "is SMS_TEMPLATE meant?"] {
        assert!(warnings.contains(words), "{words} in: {warnings}");
    }
    let text = refused(&[("NEON_AUTH_URL", ""), ("NEON_AUTH_ULR", "s3cret")]);
    assert!(text.contains("NEON_AUTH_ULR is set and read by nobody: rename it?"), "{text}");
}

#[test]
fn the_example_as_it_is_says_which_values_are_still_to_be_filled_in() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/.env.example"), folder.path().join(".env")).unwrap();
    let (code, text) = command(&folder, &["serve"], &[]);
    assert_eq!(code, Some(2), "{text}");
    for words in ["4 fault(s)", "NEON_AUTH_URL still holds", "TWILIO_FROM_NUMBER is missing"] {
        assert!(text.contains(words), "{words} in: {text}");
    }
}

#[test]
fn names_are_understood_in_any_case_and_bird_is_messagebird() {
    let vars = [
        ("SMS_PROVIDER", "Bird,LOG"),
        ("MESSAGEBIRD_ACCESS_KEY", "live_s3cret"),
        ("MESSAGEBIRD_ORIGINATOR", "Acme"),
        ("MESSAGEBIRD_API", "Classic"),
        ("MESSAGEBIRD_BASE_URL", "http://127.0.0.1:1"),
        ("LOG_FORMAT", "JSON"),
        ("STORE_FAILURE", "Refuse"),
    ];
    assert_eq!(warned(&vars), "");
}

/// Field 10: a messaging service in the place of the number is one all the same.
#[test]
fn a_messaging_service_in_place_of_a_number_is_taken_for_one() {
    let vars = [
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "s3cret"),
        ("TWILIO_FROM_NUMBER", "MGcccccccccccccccccccccccccccccccc"),
        ("TWILIO_BASE_URL", "http://127.0.0.1:1"),
    ];
    let warnings = warned(&vars);
    assert!(warnings.contains("TWILIO_MESSAGING_SERVICE_SID"), "{warnings}");
}
