//! SIGHUP: the running server reads its variables again.

use crate::harness::{NUMBER, event, otp, send};
use crate::process::ReadyRelay;
use crate::second_vendor::verified;
use crate::twilio::Twilio;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wiremock::matchers::{any, header};
use wiremock::{Mock, MockServer, ResponseTemplate};

const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A relay whose `.env` and token lie in files that a test may change.
struct Reloaded {
    relay: ReadyRelay,
    folder: TempDir,
}

impl Reloaded {
    /// Starts with this `.env`, and `before` as Twilio's token.
    async fn start(twilio_url: &str, dotenv: &str, vars: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (env, token) = (folder.path().join("env"), folder.path().join("token"));
        fs::write(&env, dotenv).unwrap();
        fs::write(&token, "before\n").unwrap();
        let account = [
            ("SMS_PROVIDER", "twilio"),
            ("TWILIO_ACCOUNT_SID", ACCOUNT),
            ("TWILIO_AUTH_TOKEN_FILE", token.to_str().unwrap()),
            ("TWILIO_FROM_NUMBER", "+15005550006"),
            ("TWILIO_BASE_URL", twilio_url),
            ("PUBLIC_URL", crate::twilio::PUBLIC),
        ];
        let link = format!("ln -s '{}' .env", env.display());
        let relay = ReadyRelay::start_after(&link, &[&account[..], vars].concat()).await;
        Self { relay, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sends SIGHUP and waits for the line that says what came of it.
    fn reload(&self, words: &str) -> String {
        self.relay.process.signal("HUP");
        self.relay.process.wait_for_line(words)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_over_secrets_from_files_and_the_template_of_dotenv() {
    // It knows the account by the token `token` alone.
    let twilio = Twilio::that_accepts().await;
    let url = twilio.vars().into_iter().find(|(name, _)| *name == "TWILIO_BASE_URL").unwrap().1;
    let reloaded = Reloaded::start(&url, "SMS_TEMPLATE='Old: {{ code }}'\n", &[]).await;
    assert_ne!(reloaded.relay.deliver(&otp(|_| {})).await.status, 200);
    let refused = twilio.report_path().await;
    let report = [("MessageSid", "SM11111111111111111111111111111111"), ("MessageStatus", "delivered")];
    assert_ne!(twilio.reports(&reloaded.relay.process.url, &refused, &report).await, 204);

    fs::write(reloaded.path("token"), "token").unwrap();
    fs::write(reloaded.path("env"), "SMS_TEMPLATE='New: {{ code }}'\n").unwrap();
    let line = reloaded.reload("the variables were read again");
    assert!(line.contains("SMS_TEMPLATE, TWILIO_AUTH_TOKEN"), "{line}");
    assert_eq!(reloaded.relay.deliver(&otp(|_| {})).await.status, 200);
    let texts = twilio.texts().await;
    let bodies: Vec<_> = texts.iter().map(|text| text["Body"].as_str()).collect();
    assert_eq!(bodies, ["Old: 042137", "New: 042137"]);
    // Reports are signed with the token, too.
    let path = texts[1]["StatusCallback"].strip_prefix(crate::twilio::PUBLIC).unwrap();
    assert_eq!(twilio.reports(&reloaded.relay.process.url, path, &report).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_set_changes_nothing_and_names_every_fault_in_one_line() {
    let twilio = Twilio::that_accepts().await;
    let url = twilio.vars().into_iter().find(|(name, _)| *name == "TWILIO_BASE_URL").unwrap().1;
    let reloaded = Reloaded::start(&url, "", &[]).await;
    fs::write(reloaded.path("token"), "token").unwrap();
    reloaded.reload("the variables were read again");

    fs::write(reloaded.path("token"), "").unwrap();
    fs::write(reloaded.path("env"), "SMS_TEMPLATE=s3cret\nMAX_IN_FLIGHT=s3cret\n").unwrap();
    let line = reloaded.reload("nothing has changed");
    for name in ["TWILIO_AUTH_TOKEN_FILE", "SMS_TEMPLATE", "MAX_IN_FLIGHT"] {
        assert!(line.contains(name), "{name} in {line}");
    }
    assert!(!line.contains("s3cret"), "{line}");
    assert_eq!(reloaded.relay.deliver(&otp(|_| {})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_new_start_takes_over_is_named() {
    let reloaded = Reloaded::start("http://127.0.0.1:1", "", &[]).await;
    let changed = "MAX_IN_FLIGHT=17\nFORWARD_URL=https://app.example.com/hook\nAPP_NAME=Acme\n";
    fs::write(reloaded.path("env"), changed).unwrap();
    let line = reloaded.reload("only a new start takes over");
    assert!(line.contains("FORWARD_URL, MAX_IN_FLIGHT") && !line.contains("APP_NAME"), "{line}");
    assert!(!line.contains("example.com"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_on_its_way_keeps_what_it_started_with() {
    let twilio = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", twilio.local_addr().unwrap());
    let reloaded = Reloaded::start(&url, "SMS_TEMPLATE='Old: {{ code }}'\n", &[]).await;
    let body = otp(|_| {});
    let upstream = async {
        let (mut stream, _) = twilio.accept().await.unwrap();
        fs::write(reloaded.path("env"), "SMS_TEMPLATE='New: {{ code }}'\n").unwrap();
        reloaded.reload("the variables were read again");
        let (mut request, mut buffer) = (String::new(), [0; 4096]);
        while !request.contains("Body=") {
            let read = stream.read(&mut buffer).await.unwrap();
            request += std::str::from_utf8(&buffer[..read]).unwrap();
        }
        let created = r#"{"sid":"SM11111111111111111111111111111111","status":"queued"}"#;
        let reply = format!(
            "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{created}",
            created.len()
        );
        stream.write_all(reply.as_bytes()).await.unwrap();
        request
    };
    let (answer, request) = tokio::join!(reloaded.relay.deliver(&body), upstream);
    assert_eq!(answer.status, 200);
    assert!(request.contains("Old"), "{request}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_signs_for_the_app_with_the_new_secret_and_asks_neon_with_the_new_key() {
    let (app, neon) = (MockServer::start().await, MockServer::start().await);
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&app).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&neon).await;
    let (target, api) = (app.uri(), neon.uri());
    let vars = [
        ("FORWARD_URL", target.as_str()),
        ("NEON_API_BASE_URL", api.as_str()),
        ("NEON_PROJECT_ID", "cool-sound-1"),
        ("NEON_BRANCH_ID", "br-a"),
    ];
    let reloaded = Reloaded::start("http://127.0.0.1:1", "NEON_API_KEY=before\n", &vars).await;
    assert_eq!(reloaded.relay.deliver(&event("user.before_create")).await.status, 200);

    neon.reset().await;
    let (asked, mut told) = tokio::sync::mpsc::channel(1);
    let reply = move |_: &wiremock::Request| {
        let _ = asked.try_send(());
        ResponseTemplate::new(500)
    };
    Mock::given(header("authorization", "Bearer after")).respond_with(reply).mount(&neon).await;
    fs::write(reloaded.path("env"), "NEON_API_KEY=after\nFORWARD_SECRET=secret-of-the-app\n").unwrap();
    let line = reloaded.reload("the variables were read again");
    assert!(line.contains("FORWARD_SECRET, NEON_API_KEY"), "{line}");
    assert_eq!(reloaded.relay.deliver(&event("user.before_create")).await.status, 200);
    let signed: Vec<_> = app.received_requests().await.unwrap();
    let signed: Vec<_> = signed.iter().map(|one| one.headers.contains_key("relay-signature")).collect();
    assert_eq!(signed, [false, true]);
    told.recv().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_of_a_reload_and_of_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let told = || {
        let mut message = [0; 4096];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    let vars = [("NOTIFY_SOCKET", path.to_str().unwrap())];
    let reloaded = Reloaded::start("http://127.0.0.1:1", "", &vars).await;
    assert!(told().contains("READY=1"));
    reloaded.reload("the variables were read again");
    let reloading = told();
    assert!(reloading.contains("RELOADING=1\n") && reloading.contains("MONOTONIC_USEC="), "{reloading}");
    assert!(told().contains("READY=1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_over_what_differs_by_country() {
    let twilio = Twilio::that_accepts().await;
    let url = twilio.vars().into_iter().find(|(name, _)| *name == "TWILIO_BASE_URL").unwrap().1;
    let reloaded = Reloaded::start(&url, "", &[]).await;
    fs::write(reloaded.path("token"), "token").unwrap();
    let german = "SMS_TEMPLATE_DE='Neu: {{ code }}'\nTWILIO_FROM_NUMBER_DE=AcmeDE\n";
    fs::write(reloaded.path("env"), german).unwrap();
    let line = reloaded.reload("the variables were read again");
    assert!(line.contains("SMS_TEMPLATE_DE, TWILIO_AUTH_TOKEN, TWILIO_FROM_NUMBER_DE"), "{line}");
    let body = otp(|body| body["user"]["phone_number"] = "+4915112345678".into());
    assert_eq!(reloaded.relay.deliver(&body).await.status, 200);
    let texts = twilio.texts().await;
    assert_eq!((texts[0]["From"].as_str(), texts[0]["Body"].as_str()), ("AcmeDE", "Neu: 042137"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_over_what_becomes_of_a_text_after_it_was_sent() {
    let twilio = Twilio::that_accepts().await;
    let url = twilio.vars().into_iter().find(|(name, _)| *name == "TWILIO_BASE_URL").unwrap().1;
    let reloaded = Reloaded::start(&url, "", &[]).await;
    fs::write(reloaded.path("token"), "token").unwrap();
    let chosen = "CONVERSION_FEEDBACK=1\nRESEND_IF_SILENT_SECONDS=30\nSMS_ROUTING=adaptive\n";
    fs::write(reloaded.path("env"), chosen).unwrap();
    let line = reloaded.reload("the variables were read again");
    for name in ["CONVERSION_FEEDBACK", "RESEND_IF_SILENT_SECONDS", "SMS_ROUTING"] {
        assert!(line.contains(name), "{line}");
    }
    assert_eq!(reloaded.relay.deliver(&otp(|_| {})).await.status, 200);
    assert_eq!(reloaded.relay.deliver(&verified(NUMBER)).await.status, 200);
    let (_, told) = twilio.feedback().await;
    assert_eq!(told["Outcome"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_over_test_numbers_and_their_token() {
    let reloaded = Reloaded::start("http://127.0.0.1:1", "", &[]).await;
    let read = async |token: &str| {
        let url = format!("{}/test-codes/+15550100001", reloaded.relay.process.url);
        send(reloaded.relay.http.get(url).header("Authorization", format!("Bearer {token}"))).await
    };
    assert_eq!(read("token-of-the-reviewers").await.status, 404);
    let listed = "TEST_NUMBERS=+15550100001:2099-12-31\nTEST_NUMBERS_TOKEN=token-of-the-reviewers\n";
    fs::write(reloaded.path("env"), listed).unwrap();
    let line = reloaded.reload("the variables were read again");
    assert!(line.contains("TEST_NUMBERS, TEST_NUMBERS_TOKEN"), "{line}");
    let body = otp(|body| body["user"]["phone_number"] = "+15550100001".into());
    assert_eq!(reloaded.relay.deliver(&body).await.json()["provider"], "test");
    assert_eq!(read("token-of-the-reviewers").await.json()["code"], "042137");
    assert_eq!(read("another-token-of-that-length").await.status, 401);
}
