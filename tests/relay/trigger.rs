//! `neon-sms-relay trigger`: what it asks the emulator to sign, and what it makes of the answer.

use crate::process::{RelayProcess, command, run};
use serde_json::{Value, json};
use std::net::TcpListener;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A `dev` that answers this to every event.
async fn dev(reply: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let events = Mock::given(method("POST")).and(path("/dev/events/send.otp"));
    events.respond_with(reply).mount(&server).await;
    server
}

fn answer(status: Option<u16>, error: Option<&str>) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "event_id": "550e8400-e29b-41d4-a716-446655440000", "url": "http://127.0.0.1:8080/webhooks/neon-auth",
        "status": status, "body": "{\"status\":\"accepted\"}\u{1b}[2J", "elapsed_ms": 12, "error": error,
    }))
}

/// Runs `trigger` with the dev at this port: exit code and everything that is said.
fn trigger(port: u16, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let port = port.to_string();
    let output = run(folder.path(), &[&["trigger"], arguments].concat(), &[("DEV_PORT", port.as_str())]);
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code(), said)
}

async fn ordered(dev: &MockServer) -> Value {
    dev.received_requests().await.unwrap()[0].body_json().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_ordered_with_its_fields_and_its_answer_is_shown_with_its_time() {
    let dev = dev(answer(Some(200), None)).await;
    let port = dev.address().port();
    let (code, said) = trigger(
        port,
        &[
            "send.otp",
            "--set",
            "user.phone_number=+4915112345678",
            "--set",
            "event_data.delivery_preference=null",
            "--url",
            "http://localhost:3000/hook",
            "--bad",
            "signature",
        ],
    );
    assert_eq!(code, Some(0), "{said}");
    for words in [
        "send.otp 550e8400",
        "127.0.0.1:8080/webhooks/neon-auth",
        "200 after 12 ms",
        "{\"status\":\"accepted\"}[2J",
    ] {
        assert!(said.contains(words), "{words} in: {said:?}");
    }
    let expected = json!({
        "set": {"user.phone_number": "+4915112345678", "event_data.delivery_preference": null},
        "url": "http://localhost:3000/hook", "bad": "signature",
    });
    assert_eq!(ordered(&dev).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_options_the_event_goes_as_it_is_to_the_relay_of_that_dev() {
    let dev = dev(answer(Some(202), None)).await;
    assert_eq!(trigger(dev.address().port(), &["send.otp"]).0, Some(0));
    assert_eq!(ordered(&dev).await, json!({"set": {}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_no_success_fails() {
    for (reply, words) in [
        (answer(Some(401), None), "401 after 12 ms"),
        (answer(Some(302), None), "302 after 12 ms"),
        (answer(None, Some("connection refused")), "no answer after 12 ms: connection refused"),
        (
            ResponseTemplate::new(400)
                .set_body_json(json!({"code": "BAD_PATH", "message": "there is no field of that name"})),
            "there is no field of that name (400)",
        ),
        (ResponseTemplate::new(404).set_body_string("<html>"), "is not this version of `neon-sms-relay dev`"),
        (ResponseTemplate::new(200).set_body_string("hello"), "is not this version of `neon-sms-relay dev`"),
    ] {
        let dev = dev(reply).await;
        let (code, said) = trigger(dev.address().port(), &["send.otp"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(words), "{words} in: {said}");
    }
}

#[test]
fn without_a_dev_it_is_said_what_to_run() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, said) = trigger(port, &["send.otp"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("run `neon-sms-relay dev` in another terminal"), "{said}");
    for wrong in
        [&["send.otp", "--set", "user"][..], &["send.otp", "--bad", "luck"], &["send.otp", "--url", "x"], &[]]
    {
        assert_eq!(trigger(port, wrong).0, Some(2), "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_dev_signs_what_is_asked_for_well_or_badly() {
    let folder = tempfile::tempdir().unwrap();
    let start = command(folder.path(), &["dev"], &[("PORT", "0"), ("DEV_PORT", "0")]);
    let dev = RelayProcess::spawn(start, folder);
    let page = dev.wait_for_line("      http://localhost:");
    let port = page.trim().trim_end_matches('/').rsplit_once(':').unwrap().1.parse().unwrap();

    let (code, said) = trigger(port, &["send.otp", "--set", "user.phone_number=+15551230001"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("200 after ") && said.contains("accepted"), "{said}");
    dev.wait_for_line("SMS to +15551230001: ");
    assert_eq!(trigger(port, &["user.created"]).0, Some(0));

    for bad in ["signature", "timestamp", "kid", "body"] {
        let (code, said) = trigger(port, &["send.otp", "--bad", bad]);
        assert_eq!(code, Some(1), "{bad}: {said}");
        assert!(said.contains("401 after "), "{bad}: {said}");
    }
    for (order, words) in [
        (&["send.otp", "--url", "https://example.com/hook"][..], "of this machine"),
        (&["Send-OTP"], "the name of an event"),
    ] {
        let (code, said) = trigger(port, order);
        assert_eq!(code, Some(1));
        assert!(said.contains(words), "{words} in: {said}");
    }
}
