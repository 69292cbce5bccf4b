//! What the app says, and what it does not say, is what Neon hears: of whatever Neon waits for.

use crate::app_stub::{AppStub, assert_unreadable, deaf_socket, header, never, status};
use crate::forwarding::{blocking, email_code};
use crate::harness::{Answer, Start, TestRelay, event, otp, send};
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::{MockServer, ResponseTemplate};

/// One of each that nobody waits for.
fn non_blocking() -> [Value; 5] {
    [
        event("phone_number.verified"),
        event("user.created"),
        event("organization.invitation.created"),
        event("organization.invitation.accepted"),
        event("passkey.created"),
    ]
}

/// How each event is answered when the app is as it should be, and otherwise.
async fn answers(relay: &TestRelay, bodies: impl IntoIterator<Item = Value>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for body in bodies {
        answers.push(relay.deliver(&body).await);
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn the_apps_status_and_body_are_neons_answer() {
    let app = AppStub::answering(status(200)).await;
    let relay = app.relay().await;
    for code in [200, 201, 204, 400, 403, 404, 410, 422, 500, 502, 503, 508] {
        let said = if code == 204 { "" } else { r#"{"allowed": false, "error_message": "not you é"}"# };
        app.answer(status(code).set_body_string(said)).await;
        for body in blocking() {
            let answer = relay.deliver(&body).await;
            assert_eq!((answer.status.as_u16(), answer.text.as_str()), (code, said), "{body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neon_is_not_told_to_slow_down_by_the_app_either() {
    let app = AppStub::answering(status(200)).await;
    let relay = app.relay().await;
    for code in [408, 429] {
        app.answer(status(code)).await;
        assert_eq!(relay.deliver(&email_code()).await.error(), (503, "app_unavailable".into()), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_down_or_late_makes_neon_try_again_and_delays_nothing_else() {
    let app = AppStub::answering(never()).await;
    let elsewhere = MockServer::start().await;
    let (_socket, nobody) = deaf_socket();
    let redirect = ResponseTemplate::new(307).insert_header("Location", elsewhere.uri());
    let closed = format!("http://{nobody}/hook");
    for (app_is, url, reply, error) in [
        ("down", closed, None, "app_unavailable"),
        ("late", app.url(), Some(never()), "in_flight"),
        ("redirecting", app.url(), Some(redirect), "app_redirects"),
    ] {
        if let Some(reply) = reply {
            app.answer(reply).await;
        }
        // Only whoever is late is worth little time.
        let timeout = if app_is == "late" { "1" } else { "5" };
        let vars = [("FORWARD_URL", url.as_str()), ("NEON_TIMEOUT_SECONDS", timeout)];
        let relay = TestRelay::with_vars(vars).await;
        for answer in answers(&relay, blocking()).await {
            assert_eq!(answer.error(), (503, error.into()), "the app is {app_is}");
        }
        for answer in answers(&relay, non_blocking()).await {
            assert_eq!(answer.status, 200, "the app is {app_is}");
            assert_eq!(answer.json(), json!({"status": "accepted"}), "the app is {app_is}");
        }
        assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200, "the app is {app_is}");
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty(), "the redirect was followed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_is_accepted_whatever_the_app_says() {
    let app = AppStub::answering(status(200)).await;
    let relay = app.relay().await;
    for code in [200, 400, 422, 429, 500] {
        app.answer(status(code).set_body_string("x".repeat(100_000))).await;
        for answer in answers(&relay, non_blocking()).await {
            assert_eq!(
                (answer.status.as_u16(), answer.json()),
                (200, json!({"status": "accepted"})),
                "{code}"
            );
        }
        // At least one of the user has come; the others wait for it to be taken.
        app.wait_for(1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_cut_at_the_ten_kilobytes_that_neon_reads() {
    let app = AppStub::answering(status(200)).await;
    let relay = app.relay().await;
    for length in [10 * 1024, 10 * 1024 + 1, 5_000_000] {
        app.answer(status(200).set_body_string("x".repeat(length))).await;
        for body in blocking() {
            let answer = relay.deliver(&body).await;
            assert_eq!((answer.status.as_u16(), answer.text.len()), (200, 10 * 1024));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_late_is_asked_once_and_its_answer_is_that_of_the_next_attempt() {
    let allowed = || status(200).set_body_json(json!({"allowed": true}));
    let app = AppStub::answering(allowed().set_delay(Duration::from_millis(2_250))).await;
    // An attempt is answered after 1.5 s: the first one before the app, the second one after it.
    let vars = vec![("NEON_TIMEOUT_SECONDS", "2".to_owned())];
    let relay = app.relay_with(Start { vars, ..Start::default() }).await;
    let body = event("user.before_create");
    assert_eq!(relay.deliver(&body).await.error(), (503, "in_flight".into()));
    let answer = relay.deliver(&body).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"allowed": true})));
    assert_eq!(app.requests().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_made_once_also_across_a_restart_and_is_not_readable_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store_url = format!("sqlite://{}/relay.db", folder.path().display());
    let start = || Start { vars: vec![("STORE_URL", store_url.clone())], ..Start::default() };
    let decision =
        json!({"allowed": false, "error_message": "only +15551234567 may", "error_code": "CLOSED"});
    let app = AppStub::answering(status(200).set_body_json(&decision)).await;
    let relay = app.relay_with(start()).await;
    let body = event("user.before_create");
    for replayed in [false, true] {
        let answer = relay.deliver(&body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json(), answer.replayed),
            (200, decision.clone(), replayed)
        );
    }
    let signer = relay.signer.clone();
    relay.stopped().await;
    app.answer_without_forgetting(status(200).set_body_json(json!({"allowed": true}))).await;
    let again = app.relay_with(start()).await;
    again.serve_keys_of(&signer).await;
    let answer = send(again.signed_request(&signer, SystemClock.now(), body.to_string().as_bytes())).await;
    assert_eq!((answer.json(), answer.replayed), (decision, true));
    assert_eq!(app.requests().await.len(), 1);

    again.stopped().await;
    assert_unreadable(folder.path(), &["15551234567", "CLOSED", "eyJhbGxvd2VkIjpm"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_failed_is_asked_again_by_neons_next_attempt_with_a_higher_number() {
    let app = AppStub::answering(status(500)).await;
    let relay = app.relay().await;
    let body = email_code();
    assert_eq!(relay.deliver(&body).await.status, 500);
    app.answer_without_forgetting(status(200)).await;
    let second = relay.deliver(&body).await;
    assert_eq!((second.status.as_u16(), second.replayed), (200, false));
    let attempts = app.requests().await;
    assert_eq!(
        attempts.iter().map(|request| header(request, "relay-attempt")).collect::<Vec<_>>(),
        ["1", "2"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_copies_of_an_event_ask_the_app_once() {
    let app = AppStub::answering(status(200).set_body_json(json!({"allowed": true}))).await;
    let relay = app.relay().await;
    let body = event("user.before_create");
    let answers = futures_util::future::join_all((0..100).map(|_| relay.deliver(&body))).await;
    assert!(answers.iter().all(|answer| answer.json() == json!({"allowed": true})));
    assert_eq!(app.requests().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_of_an_app_that_breaks_off_is_not_taken_for_a_decision() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let relay = TestRelay::with_vars([("FORWARD_URL", url.as_str())]).await;
    let body = event("user.before_create");
    for said in ["HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"allowed\":true}", "nonsense\r\n\r\n", ""] {
        let app = async {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 8192]).await.unwrap() > 0);
            stream.write_all(said.as_bytes()).await.unwrap();
        };
        let (answer, ()) = tokio::join!(relay.deliver(&body), app);
        assert_eq!(answer.error(), (503, "app_unavailable".into()), "{said}");
    }
}
