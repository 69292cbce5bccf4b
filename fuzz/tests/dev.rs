//! What comes to the emulator and to its API for tests: each request gets an answer that says what is wrong, in the
//! form that clients read, and the server goes on.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use bolero::check;
use neon_sms_relay::dev::{Behaviour, DevOptions, DevServer, InboxProvider};
use neon_sms_relay::domain::SystemClock;
use neon_sms_relay::tasks::Tasks;
use neon_sms_relay_fuzz::spoilt;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use sms_providers::client::http_client;
use std::net::{Ipv4Addr, TcpListener};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use url::Url;

/// Whoever asks to wait, or for a stream, may have to; nobody else.
const PATIENCE: Duration = Duration::from_secs(20);

/// Requests that are right.
const SEEDS: [(Method, &str, &str); 15] = [
    (Method::GET, "/dev/messages?to=%2B12025550123&since=2026-02-23T12:00:00Z", ""),
    (Method::GET, "/dev/messages/latest?to=%2B12025550123&after=1&wait=0", ""),
    (
        Method::POST,
        "/dev/users",
        r#"{"email":"a@example.com","password":"p4ssw0rd!","name":"A","phone_number":"+12025550123"}"#,
    ),
    (
        Method::PATCH,
        "/dev/settings",
        r#"{"otp_expires_in":300,"timeout_seconds":5,"strict":true,"rate_limit":0}"#,
    ),
    (
        Method::PUT,
        "/dev/faults",
        r#"{"vendor":{"kind":"unavailable","times":2,"delay_ms":0,"report":"failed"},"webhook":{"lose":1}}"#,
    ),
    (
        Method::POST,
        "/dev/events/user.created",
        r#"{"set":{"user.email":"a@example.com","event_data.a.b":[1]}}"#,
    ),
    (
        Method::POST,
        "/neondb/auth/sign-up/email",
        r#"{"email":"b@example.com","password":"p4ssw0rd!","name":"B"}"#,
    ),
    (Method::POST, "/neondb/auth/sign-in/email", r#"{"email":"b@example.com","password":"p4ssw0rd!"}"#),
    (Method::POST, "/neondb/auth/phone-number/send-otp", r#"{"phoneNumber":"+12025550123"}"#),
    (
        Method::POST,
        "/neondb/auth/phone-number/verify",
        r#"{"phoneNumber":"+12025550123","code":"042137","disableSession":false}"#,
    ),
    (Method::POST, "/neondb/auth/update-user", r#"{"name":"C"}"#),
    (Method::GET, "/neondb/auth/get-session", ""),
    (Method::GET, "/neondb/auth/.well-known/jwks.json", ""),
    (Method::GET, "/dev/events", ""),
    (Method::DELETE, "/dev/messages", ""),
];

struct Dev {
    url: Url,
    http: reqwest::Client,
    runtime: Runtime,
    _server: DevServer,
}

fn dev() -> Dev {
    let runtime = Runtime::new().unwrap();
    let _inside = runtime.enter();
    let (clock, http) = (Arc::new(SystemClock), http_client().unwrap());
    let server = DevServer::start(DevOptions {
        listeners: vec![TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()],
        is_open: false,
        // Nobody is there.
        webhook_url: "http://127.0.0.1:1/".parse().unwrap(),
        clock: clock.clone(),
        tasks: Tasks::current(),
        http: http.clone(),
        inbox: InboxProvider::new(clock),
        behaviour: Behaviour::default(),
    });
    let server = server.unwrap();
    let url = server.inbox_url().clone();
    drop(_inside);
    Dev { url, http, runtime, _server: server }
}

#[test]
fn every_request_gets_an_answer_that_clients_can_read() {
    let dev = AssertUnwindSafe(dev());
    check!().with_type::<(u8, u8, Vec<u8>, Vec<u8>)>().for_each(|(seed, method, path, body)| {
        let (own, known_path, known_body) = &SEEDS[usize::from(*seed) % SEEDS.len()];
        let method = SEEDS.get(usize::from(*method)).map_or(own, |(method, _, _)| method);
        let path = String::from_utf8_lossy(&spoilt(&[known_path.as_bytes()], path)).into_owned();
        let Ok(url) = dev.url.join(&path.replace("//", "/").replace("wait", "w")) else { return };
        if url.host_str() != dev.url.host_str() || url.port() != dev.url.port() {
            return;
        }
        let request = dev.http.request(method.clone(), url).header("Content-Type", "application/json");
        let request = request.body(spoilt(&[known_body.as_bytes()], body)).timeout(PATIENCE);
        let (status, text) = dev.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            (answer.status(), answer.text().await.unwrap())
        });
        assert!(text.len() < 1 << 20, "{} bytes", text.len());
        if status.is_client_error() && !text.is_empty() {
            let said: Value = serde_json::from_str(&text).unwrap();
            // Better Auth's limit of requests, which a spoilt request may have set, says a message alone.
            let has_code = said["code"].is_string() || status == StatusCode::TOO_MANY_REQUESTS;
            assert!(has_code && said["message"].is_string(), "{status} {text}");
        }
        // Better Auth says 500 where it cannot link a number; a webhook that is not there is a 5xx too.
        let known = status == StatusCode::INTERNAL_SERVER_ERROR && text.contains("code");
        assert!(!status.is_server_error() || known || text.contains("code"), "{status} {text}");
    });
}
