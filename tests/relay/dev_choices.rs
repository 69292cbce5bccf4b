//! `neon-sms-relay dev` as a developer chooses it: its port, its browser, who may come, how strict it is, and what goes
//! wrong.

use crate::process::{RelayProcess, command, run};
use reqwest::Method;
use serde_json::{Value, json};
use sms_providers::client::http_client;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;

const NUMBER: &str = "+12025550123";

/// The command, running; `url` is its page's.
struct Dev(RelayProcess);

impl Dev {
    fn start(arguments: &[&str], vars: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vars = [&[("PORT", "0"), ("DEV_PORT", "0")], vars].concat();
        let command = command(folder.path(), &[&["dev"], arguments].concat(), &vars);
        let mut process = RelayProcess::spawn(command, folder);
        process.url = process.wait_for_line("      http://localhost:").trim().to_owned();
        process.wait_for_line("Ctrl-C stops");
        Self(process)
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let request = http_client().unwrap().request(method, format!("{}{path}", self.0.url)).json(body);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let response = http_client().unwrap().get(format!("{}{path}", self.0.url)).send().await.unwrap();
        response.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, &body).await
    }

    async fn send_otp(&self) -> (u16, Value) {
        self.post("neondb/auth/phone-number/send-otp", json!({ "phoneNumber": NUMBER })).await
    }

    async fn sign_in(&self) -> (u16, Value) {
        assert_eq!(self.send_otp().await.0, 200);
        let text = self.get("dev/messages/latest?wait=30").await;
        let body = json!({ "phoneNumber": NUMBER, "code": text["code"] });
        self.post("neondb/auth/phone-number/verify", body).await
    }
}

/// An address of this machine that others reach it by; a machine without a network has none.
fn other_address() -> Option<String> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // Nothing is sent: it only asks which address would be taken.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip().to_string()).filter(|address| address != "0.0.0.0")
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_strict_a_number_that_nobody_has_linked_is_turned_away_as_at_neon() {
    let dev = Dev::start(&[], &[("DEV_STRICT", "1")]);
    dev.0.wait_for_line("DEV_STRICT: a number signs in once a user has linked it");
    let (status, body) = dev.sign_in().await;
    assert_eq!((status, &body["code"]), (500, &json!("FAILED_TO_UPDATE_USER")));
    let user = json!({ "email": "ada@example.com", "phone_number": NUMBER });
    assert_eq!(dev.post("dev/users", user).await.0, 201);
    assert_eq!(dev.sign_in().await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_on_the_command_line_counts_more_than_the_variable() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let dev = Dev::start(&["--port", &free.to_string()], &[("DEV_PORT", "1")]);
    assert_eq!(dev.0.url, format!("http://localhost:{free}/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_know_nothing_of_each_other() {
    let (one, other) = (Dev::start(&[], &[]), Dev::start(&[], &[]));
    assert_ne!(one.0.url, other.0.url);
    assert_eq!((one.sign_in().await.0, other.sign_in().await.0), (200, 200));
    for dev in [one, other] {
        assert_eq!(dev.get("dev/messages").await.as_array().unwrap().len(), 1);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_opened_in_the_browser_for_whoever_asks_for_it() {
    let programs = tempfile::tempdir().unwrap();
    let (browser, opened) = (programs.path().join("xdg-open"), programs.path().join("opened"));
    let script = format!("#!/bin/sh\necho \"$1\" > {0}.new && mv {0}.new {0}\n", opened.display());
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let dev = Dev::start(&["--open"], &[("PATH", &path)]);
    let url = loop {
        match fs::read_to_string(&opened) {
            Ok(url) => break url,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(url.trim(), dev.0.url);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_machines_come_in_where_they_were_let_in_and_it_is_said_what_they_see() {
    let Some(address) = other_address() else { return };
    let closed = Dev::start(&[], &[]);
    let port = |dev: &Dev| dev.0.url.trim_end_matches('/').rsplit_once(':').unwrap().1.to_owned();
    let outside = |dev: &Dev| format!("http://{address}:{}/neondb/auth/ok", port(dev));
    let http = http_client().unwrap();
    assert!(http.get(outside(&closed)).send().await.is_err());
    for host in ["0.0.0.0", &address] {
        let open = Dev::start(&[], &[("DEV_HOST", host)]);
        assert_eq!(http.get(outside(&open)).send().await.unwrap().status(), 200, "{host}");
        assert_eq!(open.sign_in().await.0, 200);
        let note = open.0.wait_for_line("Open to other machines");
        assert!(note.contains("reads every text with its code") && note.contains("DEV_HOST"), "{note}");
    }
}

#[test]
fn a_choice_that_is_none_is_named_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, problem) in [("DEV_HOST", "is no address"), ("DEV_STRICT", "is neither 1 nor 0")] {
        let vars = [("PORT", "0"), ("DEV_PORT", "0"), (variable, "s3cret")];
        let output = run(folder.path(), &["dev"], &vars);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(&format!("{variable} {problem}")) && !stderr.contains("s3cret"), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vendor_is_made_to_say_comes_out_as_the_relays_own_answer() {
    let dev = Dev::start(&[], &[]);
    dev.ask(Method::PATCH, "dev/settings", &json!({ "rate_limit": 0 })).await;
    for (kind, status, error) in [
        ("bad_recipient", 422, "number_refused"),
        ("opted_out", 422, "opted_out"),
        ("fraud_held", 422, "number_refused"),
        ("unreachable", 422, "number_unreachable"),
        ("misconfigured", 424, "providers_misconfigured"),
        ("throttled", 503, "providers_unavailable"),
        ("unavailable", 503, "providers_unavailable"),
        ("unknown", 503, "no_verdict"),
    ] {
        dev.post("dev/reset", json!({})).await;
        dev.ask(Method::PUT, "dev/faults", &json!({ "vendor": { "kind": kind, "times": 3 } })).await;
        assert_eq!(dev.send_otp().await.1["code"], "FAILED_TO_SEND_OTP", "{kind}");
        let attempt = &dev.get("dev/events").await[0]["attempts"][0];
        assert_eq!(attempt["status"], status, "{kind}");
        assert!(attempt["answer"].as_str().unwrap().contains(error), "{kind}: {attempt}");
    }
    dev.ask(Method::PUT, "dev/faults", &json!({ "vendor": { "kind": "silent" } })).await;
    assert_eq!(dev.send_otp().await.0, 200);
    assert_eq!(dev.get("dev/messages").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_takes_a_sample_and_refuses_one_that_is_bad() {
    let dev = Dev::start(&[], &[]);
    let send = async |body: Value| {
        let (status, told) = dev.post("dev/events/send.otp", body).await;
        assert_eq!(status, 200, "{told}");
        told["status"].clone()
    };
    let set = json!({ "set": { "user.phone_number": NUMBER, "event_data.otp_code": "555555" } });
    assert_eq!(send(set).await, 200);
    let text = dev.get("dev/messages/latest").await;
    assert_eq!((&text["to"], &text["code"]), (&json!(NUMBER), &json!("555555")));
    let events = dev.get("dev/events").await;
    assert_eq!(text["event_id"], events[0]["event_id"]);
    for bad in ["signature", "timestamp", "kid", "body"] {
        assert_eq!(send(json!({ "bad": bad })).await, 401, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_is_reported_later_brings_the_code_by_another_text() {
    let dev = Dev::start(&[], &[("RUST_LOG", "warn,neon_sms_relay=info"), ("LOG_FORMAT", "json")]);
    dev.ask(Method::PUT, "dev/faults", &json!({ "vendor": { "report": "failed" } })).await;
    assert_eq!(dev.send_otp().await.0, 200);
    let line = dev.0.wait_for_line("the provider reported");
    assert!(line.contains(r#""status":"failed""#) && line.contains(r#""provider":"inbox""#), "{line}");
    assert_eq!(dev.get("dev/faults").await, json!({}));
    let text = dev.get("dev/messages/latest?wait=30").await;
    let event = &dev.get("dev/events").await[0];
    assert_eq!((&text["event_id"], &text["id"]), (&event["event_id"], &json!("inbox-1")));
    assert!(event["request"].as_str().unwrap().contains(text["code"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_reported_as_delivered_is_on_the_phone() {
    let dev = Dev::start(&[], &[("RUST_LOG", "warn,neon_sms_relay=info"), ("LOG_FORMAT", "json")]);
    dev.ask(Method::PUT, "dev/faults", &json!({ "vendor": { "report": "delivered" } })).await;
    assert_eq!(dev.send_otp().await.0, 200);
    dev.0.wait_for_line(r#""status":"delivered""#);
    assert_eq!(dev.get("dev/messages").await.as_array().unwrap().len(), 1);
}
