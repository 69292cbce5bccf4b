//! `neon-sms-relay dev` as a developer starts it: what it says, where it listens, what it leaves alone.

use crate::app_stub::{AppStub, status};
use crate::harness::event;
use crate::process::{ReadyRelay, RelayProcess, command, run};
use crate::surroundings::Proxy;
use serde_json::{Value, json};
use sms_providers::client::http_client;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use tempfile::TempDir;

const NUMBER: &str = "+15551234567";

/// The command, running, and the curl lines that it shows.
struct Dev {
    process: RelayProcess,
    curl: Vec<(String, Value)>,
}

impl Dev {
    fn start(folder: TempDir, vars: &[(&str, &str)]) -> Self {
        let vars = [&[("PORT", "0"), ("DEV_PORT", "0")], vars].concat();
        let command = command(folder.path(), &["dev"], &vars);
        let mut process = RelayProcess::spawn(command, folder);
        process.url = process.wait_for_line("      http://localhost:").trim().to_owned();
        process.wait_for_line("Ctrl-C stops");
        let curl = ["send-otp", "/verify"].map(|path| curl(&process.wait_for_line(path)));
        Self { process, curl: curl.into() }
    }

    async fn post(&self, url: &str, body: &Value) -> (u16, Value) {
        let response = http_client().unwrap().post(url).json(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Does what the shown lines say, with the code that is shown after the first.
    async fn sign_in(&self) {
        let [(send, number), (verify, code)] = &self.curl[..] else { panic!("two lines") };
        assert_eq!(self.post(send, number).await, (200, json!({ "message": "code sent" })));
        let line = self.process.wait_for_line(&format!("SMS to {NUMBER}: "));
        let mut verification = code.clone();
        assert_eq!(verification["code"], "CODE");
        verification["code"] = json!(line.rsplit_once(": ").unwrap().1);
        let (status, verified) = self.post(verify, &verification).await;
        assert_eq!((status, &verified["user"]["phoneNumber"]), (200, &json!(NUMBER)));
    }

    fn stop(self) -> String {
        self.process.signal("TERM");
        let (status, output) = self.process.ended();
        assert_eq!(status.code(), Some(0), "{output}");
        output
    }
}

/// URL and body of a line for curl.
fn curl(line: &str) -> (String, Value) {
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let (_, body) = line.split_once("-d '").unwrap();
    (url.to_owned(), serde_json::from_str(body.trim_end_matches('\'')).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_a_browser_signs_in_with_what_the_terminal_shows() {
    let dev = Dev::start(tempfile::tempdir().unwrap(), &[]);
    dev.sign_in().await;
    dev.stop();
}

/// Field 22: a `.env` of production beside `dev`, whose store holds what waits for the app.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_productions_store_is_neither_delivered_nor_touched() {
    let (folder, app) = (tempfile::tempdir().unwrap(), AppStub::answering(status(500)).await);
    let (store, app_url) = (format!("sqlite://{}/relay.db", folder.path().display()), app.url());
    let production = [
        ("SMS_PROVIDER", "log"),
        ("ALLOW_LOG_PROVIDER", "1"),
        ("STORE_URL", store.as_str()),
        ("HASH_KEY", "productions-own-key-of-some-length"),
        ("FORWARD_URL", &app_url),
    ];
    let relay = ReadyRelay::start(&production).await;
    assert_eq!(relay.deliver(&event("user.created")).await.status, 200);
    app.wait_for(1).await;
    relay.process.signal("TERM");
    assert_eq!(relay.process.ended().0.code(), Some(0));
    let env: String = production.iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
    fs::write(folder.path().join(".env"), env).unwrap();
    let file = folder.path().join("relay.db");
    // It would be the first to be delivered.
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute("UPDATE outbox SET due_at = 0, leased_until = 0", [])
        .unwrap();
    let before = fs::read(&file).unwrap();

    app.answer(status(200)).await;
    let dev = Dev::start(folder, &[]);
    let ignored = dev.process.wait_for_line("Ignored");
    for name in ["HASH_KEY", "SMS_PROVIDER", "STORE_URL"] {
        assert!(ignored.contains(name), "{name} in: {ignored}");
    }
    assert!(!ignored.contains("FORWARD_URL"), "it is of this machine: {ignored}");
    dev.sign_in().await;
    // What is emulated arrives, and with it everything that was due before.
    let arrived = app.wait_for(1).await;
    assert_eq!(fs::read(&file).unwrap(), before);
    dev.stop();
    let kinds: Vec<_> = arrived.iter().map(|request| &request.headers["x-neon-event-type"]).collect();
    assert_eq!(kinds, ["phone_number.verified"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_usual_port_that_is_taken_is_told_with_what_to_do() {
    // Whoever has them already, they are taken.
    let held = [8025, 8080].map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
    let folder = tempfile::tempdir().unwrap();
    let command = command(folder.path(), &["dev"], &[] as &[(&str, &str)]);
    let process = RelayProcess::spawn(command, folder);
    let page = process.wait_for_line("      http://localhost:");
    let port = page.trim().trim_end_matches('/').rsplit_once(':').unwrap().1;
    let note = process.wait_for_line("Port 8025 is taken");
    for words in ["Mailpit", &format!("this page is at {port}"), "Set DEV_PORT"] {
        assert!(note.contains(words), "{words} in: {note}");
    }
    assert!(process.wait_for_line("Port 8080 is taken").contains("Set PORT"));
    drop(held);
}

#[test]
fn a_port_that_was_asked_for_and_is_taken_is_named_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for variable in ["PORT", "DEV_PORT"] {
        let mut vars = vec![("PORT", "0"), ("DEV_PORT", "0")];
        vars.push((variable, &port));
        let output = run(folder.path(), &["dev"], &vars);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        let expected = format!("port {port} cannot be used; set {variable} to another port");
        assert!(stderr.contains(&expected), "{stderr}");
    }
    let output = run(folder.path(), &["dev"], &[("PORT", "0"), ("DEV_PORT", "8025/s3cret")]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("DEV_PORT is not a port") && !stderr.contains("s3cret"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn localhost_leads_to_the_page_in_both_address_families() {
    let dev = Dev::start(tempfile::tempdir().unwrap(), &[]);
    let port = dev.process.url.trim_end_matches('/').rsplit_once(':').unwrap().1;
    let mut hosts = vec!["127.0.0.1", "localhost"];
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        hosts.push("[::1]");
    }
    for host in hosts {
        let page = http_client().unwrap().get(format!("http://{host}:{port}/")).send().await.unwrap();
        assert_eq!(page.status(), 200, "{host}");
    }
    dev.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_goes_into_a_pipe_has_no_colours() {
    let dev = Dev::start(tempfile::tempdir().unwrap(), &[("LOG_FORMAT", "pretty")]);
    dev.sign_in().await;
    let output = dev.stop();
    assert!(output.contains("INFO"), "{output}");
    assert!(!output.contains('\u{1b}'), "{output:?}");
}

/// A company's proxy variables are set for everything that a developer starts.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_asked_for_nothing() {
    let (proxy, app) = (Proxy::http(None).await, AppStub::answering(status(200)).await);
    let (proxy_url, app_url) = (format!("http://{}", proxy.address), app.url());
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let mut vars = names.map(|name| (name, proxy_url.as_str())).to_vec();
    vars.push(("FORWARD_URL", &app_url));
    let dev = Dev::start(tempfile::tempdir().unwrap(), &vars);
    dev.sign_in().await;
    app.wait_for(1).await;
    dev.stop();
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[test]
fn authorities_that_cannot_be_read_are_told_before_anything_is_served() {
    let folder = tempfile::tempdir().unwrap();
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let vars = [("PORT", "0"), ("DEV_PORT", "0"), (variable, "/not/there/s3cret")];
        let output = run(folder.path(), &["dev"], &vars);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(variable) && !stderr.contains("s3cret"), "{stderr}");
        assert!(output.stdout.is_empty(), "{variable}");
    }
}

/// `docker run --env-file .env` keeps the quotation marks.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_quotation_marks_is_the_port() {
    let dev = Dev::start(tempfile::tempdir().unwrap(), &[("PORT", "\"0\""), ("DEV_PORT", "'0'")]);
    dev.sign_in().await;
    let said = dev.stop();
    for variable in ["PORT", "DEV_PORT"] {
        assert!(said.contains(&format!("  {variable} came in quotation marks")), "{variable} in: {said}");
    }
}
