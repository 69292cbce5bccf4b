//! The commands, run as an operator runs them.

use crate::harness::otp;
use crate::process::{ReadyRelay, run};
use std::fs;
use std::net::TcpListener;
use std::process::Output;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LOG_PROVIDER: [(&str, &str); 2] = [("SMS_PROVIDER", "log"), ("ALLOW_LOG_PROVIDER", "1")];

fn text(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_server_that_is_not_configured_names_every_fault_at_once_and_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let vars = [
        ("PORT", "s3cret"),
        ("HOST", "s3cret s3cret"),
        ("STORE_URL", "s3cret://s3cret"),
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "s3cret"),
        ("PUBLIC_URL", "s3cret"),
    ];
    // Serving is what the program does when nothing is said.
    for arguments in [&["serve"][..], &[]] {
        let (code, stdout, stderr) = text(&run(folder.path(), arguments, &vars));
        assert_eq!((code, stdout.as_str()), (Some(2), ""));
        for name in ["NEON_AUTH_URL", "TWILIO_AUTH_TOKEN", "TWILIO_FROM_NUMBER"] {
            assert!(stderr.contains(&format!("{name} is missing")), "{name} in: {stderr}");
        }
        for (name, _) in vars.iter().filter(|(name, _)| *name != "SMS_PROVIDER") {
            assert!(stderr.contains(&format!("{name} is ")), "{name} in: {stderr}");
        }
        assert!(!stderr.contains("s3cret"), "{stderr}");
    }
}

#[test]
fn every_command_says_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["--help"][..], &["serve", "dev", "events", "outbox", "healthcheck"][..]),
        (&["serve", "--help"], &["NEON_AUTH_URL", "SMS_PROVIDER", ".env"]),
        (&["dev", "--help"], &["DEV_PORT", "no account", "--tunnel", "--real-sms"]),
        (&["doctor", "--help"], &["NEON_API_KEY", "FORWARD_URL", "exit 1", "nothing is sent"]),
        (&["events", "--help"], &["show", "--follow", "--unverified", "STORE_URL", "HASH_KEY"]),
        (&["outbox", "--help"], &["list", "retry", "drop", "STORE_URL"]),
        (&["neon", "webhook", "set", "--help"], &["--events", "--timeout", "1 to 10", "--yes"]),
        (&["trigger", "--help"], &["DEV_PORT", "--bad", "JSON"]),
        (&["healthcheck", "--help"], &["PORT"]),
    ] {
        let (code, stdout, _) = text(&run(folder.path(), arguments, &[]));
        assert_eq!(code, Some(0), "{arguments:?}");
        for word in words {
            assert!(stdout.contains(word), "{word} in {arguments:?}: {stdout}");
        }
    }
    assert_eq!(text(&run(folder.path(), &["fly-to-the-moon"], &[])).0, Some(2));
}

/// The names below `Commands:`.
fn commands(help: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let named = below.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    named.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn the_help_of_every_command_fits_into_100_columns() {
    let folder = tempfile::tempdir().unwrap();
    let (mut waiting, mut seen) = (vec![Vec::<String>::new()], 0);
    while let Some(path) = waiting.pop() {
        for flag in ["--help", "-h"] {
            let arguments: Vec<_> = path.iter().map(String::as_str).chain([flag]).collect();
            let (code, help, _) = text(&run(folder.path(), &arguments, &[]));
            assert_eq!(code, Some(0), "{arguments:?}");
            let too_long = help.lines().find(|line| line.chars().count() > 100);
            assert_eq!(too_long, None, "{arguments:?}");
            if flag == "--help" {
                let below = commands(&help).into_iter().filter(|name| name != "help");
                waiting.extend(below.map(|name| [path.clone(), vec![name]].concat()));
            }
        }
        seen += 1;
    }
    assert!(seen > 9, "commands and their commands: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_follows_the_server() {
    let relay = ReadyRelay::start(&LOG_PROVIDER).await;
    assert_eq!(relay.get("/livez").await.status, 200);
    let folder = tempfile::tempdir().unwrap();
    let port = relay.process.url.rsplit_once(':').unwrap().1.to_owned();
    let check = || text(&run(folder.path(), &["healthcheck"], &[("PORT", &port)]));
    assert_eq!(check().0, Some(0));

    relay.process.signal("TERM");
    assert_eq!(relay.process.ended().0.code(), Some(0));
    let (code, _, stderr) = check();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("no server answers"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_server_once_the_sms_on_its_way_is_sent() {
    for signal in ["TERM", "INT"] {
        let twilio = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", twilio.local_addr().unwrap());
        let relay = ReadyRelay::start(&[
            ("SMS_PROVIDER", "twilio"),
            ("TWILIO_BASE_URL", &base_url),
            ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("TWILIO_AUTH_TOKEN", "token"),
            ("TWILIO_FROM_NUMBER", "+15005550006"),
        ])
        .await;
        let body = otp(|_| {});
        let upstream = async {
            let (mut stream, _) = twilio.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            relay.process.signal(signal);
            relay.process.wait_for_line("stopping");
            let created = include_str!("../../fixtures/twilio/created_by_number.json");
            let head = format!("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n", created.len());
            stream.write_all(format!("{head}{created}").as_bytes()).await.unwrap();
        };
        let (answer, ()) = tokio::join!(relay.deliver(&body), upstream);
        assert_eq!(answer.status, 200, "SIG{signal}");
        let (status, output) = relay.process.ended();
        assert_eq!(status.code(), Some(0), "SIG{signal}: {output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dotenv_file_is_read_and_real_variables_win() {
    let folder = tempfile::tempdir().unwrap();
    let file =
        "SMS_PROVIDER=log\nALLOW_LOG_PROVIDER=1\nNEON_AUTH_URL=https://ep-a.example.com/auth\nPORT=x\n";
    fs::write(folder.path().join(".env"), file).unwrap();
    let (code, _, stderr) = text(&run(folder.path(), &["serve"], &[]));
    assert_eq!(code, Some(2));
    assert!(stderr.contains("1 fault") && stderr.contains("PORT is not"), "{stderr}");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let vars = [("PORT", port.as_str()), ("HOST", "127.0.0.1"), ("STORE_URL", "memory:")];
    let (code, _, stderr) = text(&run(folder.path(), &["serve"], &vars));
    assert_eq!(code, Some(1), "PORT of the file has won");
    assert!(stderr.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{stderr}");
}

#[test]
fn a_taken_port_is_told_by_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for variable in ["PORT", "METRICS_PORT"] {
        let mut vars = LOG_PROVIDER.to_vec();
        vars.extend([
            ("NEON_AUTH_URL", "https://ep-a.example.com/auth"),
            ("HOST", "127.0.0.1"),
            ("STORE_URL", "memory:"),
            ("PORT", "0"),
            ("METRICS_PORT", "0"),
            (variable, &port),
        ]);
        let (code, _, stderr) = text(&run(folder.path(), &["serve"], &vars));
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains(&format!("set {variable} to another port")), "{stderr}");
    }
}

#[test]
fn a_line_of_the_env_file_that_cannot_be_read_is_a_fault_and_not_left_out() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), "SMS_PROVIDER=log\nSMS_TEMPLATE=s3cret {{ code }} here\n").unwrap();
    let (code, _, stderr) = text(&run(folder.path(), &["serve"], &[]));
    assert_eq!(code, Some(2));
    assert!(stderr.contains(".env has a line that cannot be read: line 2"), "{stderr}");
    assert!(!stderr.contains("s3cret"), "{stderr}");
}

#[test]
fn a_test_text_is_sent_and_each_attempt_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let vars = [("SMS_PROVIDER", "log"), ("ALLOW_LOG_PROVIDER", "1")];
    let (code, stdout, _) = text(&run(folder.path(), &["send", "--to", "+15551234567"], &vars));
    assert_eq!(code, Some(0));
    for words in
        ["SMS to +15551234567", "Your sign-in code is 000000", "log          accepted", "Sent to +15…67"]
    {
        assert!(stdout.contains(words), "{words} in: {stdout}");
    }
    assert_eq!(text(&run(folder.path(), &["send", "--to", "12345"], &vars)).0, Some(2));

    // Nobody listens there.
    let vars = [
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "s3cret"),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
        ("TWILIO_BASE_URL", "http://127.0.0.1:1"),
    ];
    let (code, stdout, stderr) = text(&run(folder.path(), &["send", "--to", "+15551234567"], &vars));
    assert_eq!(code, Some(1));
    assert!(stdout.contains("twilio       unavailable") && stdout.contains("Not sent"), "{stdout}");
    assert!(!format!("{stdout}{stderr}").contains("s3cret"));
}
