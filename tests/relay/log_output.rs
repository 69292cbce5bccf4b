//! Losing the log loses the log and nothing else: the real server on outputs that cannot be written, or that
//! nobody reads.

use crate::harness::{Answer, Signer, event, otp, send, serve_keys};
use crate::process::command;
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::Value;
use sms_providers::client::http_client;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A server whose outputs are the test's business, and the vendor that it sends through.
struct Server {
    child: Child,
    port: u16,
    metrics_port: u16,
    signer: Signer,
    twilio: MockServer,
    http: reqwest::Client,
    _neon: MockServer,
    _folder: TempDir,
}

const PUBLIC: [(&str, &str); 2] = [("PUBLIC_URL", "https://relay.example.com"), ("LOG_FORMAT", "json")];

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Server {
    async fn start(stdout: impl Into<Stdio>, stderr: impl Into<Stdio>, vars: &[(&str, &str)]) -> Self {
        let (signer, neon, twilio) = (Signer::new(), MockServer::start().await, MockServer::start().await);
        serve_keys(&neon, ResponseTemplate::new(200).set_body_json(signer.jwks())).await;
        let created = include_str!("../../fixtures/twilio/created_by_number.json");
        let created = ResponseTemplate::new(201).set_body_string(created);
        Mock::given(method("POST")).respond_with(created).mount(&twilio).await;
        let folder = tempfile::tempdir().unwrap();
        let (port, metrics_port) = (free_port(), free_port());
        let (auth_url, twilio_url) = (format!("{}/neondb/auth", neon.uri()), twilio.uri());
        let (port_text, metrics_text) = (port.to_string(), metrics_port.to_string());
        let defaults = [
            ("HOST", "127.0.0.1"),
            ("PORT", &port_text),
            ("METRICS_PORT", &metrics_text),
            ("WORKERS", "1"),
            ("STORE_URL", "memory:"),
            ("NEON_AUTH_URL", &auth_url),
            ("SMS_PROVIDER", "twilio"),
            ("TWILIO_BASE_URL", &twilio_url),
            ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("TWILIO_AUTH_TOKEN", "token"),
            ("TWILIO_FROM_NUMBER", "+15005550006"),
        ];
        let mut command = command(folder.path(), &["serve"], &[&defaults, vars].concat());
        let child = command.stdout(stdout).stderr(stderr).spawn().unwrap();
        let http = http_client().unwrap();
        Self { child, port, metrics_port, signer, twilio, http, _neon: neon, _folder: folder }
    }

    async fn wait_until_ready(&mut self) {
        let url = format!("http://127.0.0.1:{}/readyz", self.port);
        while !matches!(self.http.get(&url).send().await, Ok(response) if response.status() == 200) {
            assert!(self.child.try_wait().unwrap().is_none(), "the server has ended");
            tokio::task::yield_now().await;
        }
    }

    async fn get(&self, port: u16, path: &str) -> Answer {
        send(self.http.get(format!("http://127.0.0.1:{port}{path}"))).await
    }

    async fn deliver(&self, event: &Value) -> Answer {
        let body = event.to_string().into_bytes();
        let url = format!("http://127.0.0.1:{}/webhooks/neon-auth", self.port);
        let request = self.http.post(url).body(body.clone());
        send(self.signer.add_headers(request, SystemClock.now(), &body)).await
    }

    /// A code is delivered once, its repetition is replayed, and the server goes when it is told to.
    async fn assert_unharmed(mut self) {
        let event = otp(|_| {});
        assert_eq!(self.deliver(&event).await.status, 200);
        let again = self.deliver(&event).await;
        assert_eq!((again.status.as_u16(), again.replayed), (200, true));
        assert_eq!(self.twilio.received_requests().await.unwrap().len(), 1, "texts");
        assert_eq!(self.get(self.port, "/readyz").await.status, 200);
        self.terminate();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    fn stdout(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.child.stdout.take().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if the process has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's outputs are on a disk that is full.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_the_log_costs_no_code() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let mut server = Server::start(full(), full(), &[]).await;
    server.wait_until_ready().await;
    server.assert_unharmed().await;
}

/// The server was started with `| head -1`.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_log_that_went_away_costs_no_code() {
    let mut server = Server::start(Stdio::piped(), Stdio::piped(), &[]).await;
    let mut first = String::new();
    server.stdout().read_line(&mut first).unwrap();
    assert!(first.contains("listening"), "{first}");
    drop(server.child.stderr.take());
    server.wait_until_ready().await;
    server.assert_unharmed().await;
}

/// Whoever reads the log hangs: the pipe is full, and then the queue before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_log_that_hangs_stops_nothing() {
    let mut server = Server::start(Stdio::piped(), Stdio::null(), &[]).await;
    server.wait_until_ready().await;
    overflow(&server).await;
    server.assert_unharmed().await;
}

/// Writes into the log until lines are lost; returns how many.
async fn overflow(server: &Server) -> u64 {
    loop {
        // Much is written about a sign-up that nobody handles, and no text is sent.
        let sign_ups: Vec<_> = (0..50).map(|_| event("user.before_create")).collect();
        let answers =
            futures_util::future::join_all(sign_ups.iter().map(|event| server.deliver(event))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        let dropped = lines_dropped(server).await;
        if dropped > 0 {
            return dropped;
        }
    }
}

async fn lines_dropped(server: &Server) -> u64 {
    let metrics = server.get(server.metrics_port, "/metrics").await.text;
    let line = metrics.lines().find(|line| line.starts_with("neon_sms_relay_log_lines_dropped_total "));
    line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

/// The same reader comes back.
#[tokio::test(flavor = "multi_thread")]
async fn lines_that_were_lost_are_counted_and_told_of_in_the_log() {
    let mut server = Server::start(Stdio::piped(), Stdio::null(), &[("LOG_FORMAT", "json")]).await;
    server.wait_until_ready().await;
    let dropped = overflow(&server).await;
    let mut stdout = server.stdout();
    let mut told = 0;
    while told < dropped {
        let mut line = String::new();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "the log has ended");
        let line: Value = serde_json::from_str(&line).unwrap();
        if line["message"].as_str().unwrap().starts_with("log lines were lost") {
            told += line["count"].as_u64().unwrap();
        }
    }
    assert_eq!(told, dropped);
    server.terminate();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let last: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    assert_eq!(last["message"], "stopped", "the last line is not written");
}

/// Field 29: somebody sends a hundred forged requests, and as many status reports.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_summed_up_in_a_line_a_second_and_each_is_counted() {
    let mut server = Server::start(Stdio::piped(), Stdio::null(), &PUBLIC).await;
    server.wait_until_ready().await;
    let started = std::time::Instant::now();
    let reports = format!("/callbacks/twilio/{}-1", "0".repeat(32));
    for path in ["/webhooks/neon-auth", &reports] {
        for _ in 0..100 {
            let url = format!("http://127.0.0.1:{}{path}", server.port);
            server.http.post(url).body("{}").send().await.unwrap();
        }
    }
    let metrics = server.get(server.metrics_port, "/metrics").await.text;
    server.terminate();
    let mut log = String::new();
    server.stdout().read_to_string(&mut log).unwrap();
    let seconds = usize::try_from(started.elapsed().as_secs()).unwrap();
    for reason in ["invalid_signature_headers", "callback_refused"] {
        let counted = format!("neon_sms_relay_requests_refused_total{{reason=\"{reason}\"}} 100");
        assert!(metrics.contains(&counted), "{metrics}");
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let counts: Vec<_> = lines
            .iter()
            .filter(|line| line["reason"] == reason)
            .map(|line| line["count"].as_u64().unwrap())
            .collect();
        assert_eq!((counts[0], counts.iter().sum::<u64>()), (1, 100), "{log}");
        // The first, one for each second, and what is left at the end.
        assert!(counts.len() <= seconds + 2, "{counts:?} in {seconds} s");
    }
}
