//! Keys come, go, rotate and fail to come; no request is let in that should not be.

use crate::harness::{Signer, Start, TestRelay, manual_clock, otp, send, serve_keys};
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, ManualClock, SystemClock};
use reqwest::StatusCode;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use wiremock::ResponseTemplate;

fn keys(signers: &[&Signer]) -> ResponseTemplate {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    ResponseTemplate::new(200).set_body_json(json!({ "keys": keys }))
}

async fn relay_with_clock() -> (TestRelay, Arc<ManualClock>) {
    let clock = manual_clock();
    let parts = Parts { clock: Some(clock.clone()), ..Parts::default() };
    (TestRelay::with(Start { parts, ..Start::default() }).await, clock)
}

async fn deliver_as(relay: &TestRelay, signer: &Signer) -> (u16, String) {
    let body = otp(|_| {}).to_string();
    let answer = send(relay.signed_request(signer, SystemClock.now(), body.as_bytes())).await;
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_event_after_a_rotation_passes_without_a_retry() {
    let relay = TestRelay::start().await;
    let next = Signer::new();
    serve_keys(&relay.neon, keys(&[&relay.signer, &next])).await;
    assert_eq!(deliver_as(&relay, &next).await.0, 200);
    assert_eq!(deliver_as(&relay, &relay.signer).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_invented_key_ids_cause_one_fetch_in_ten_seconds() {
    let (relay, clock) = relay_with_clock().await;
    relay.neon.reset().await;
    serve_keys(&relay.neon, keys(&[&relay.signer])).await;
    for round in 1..=2 {
        let strangers: Vec<_> = (0..500).map(|_| Signer::new()).collect();
        let answers =
            futures_util::future::join_all(strangers.iter().map(|stranger| deliver_as(&relay, stranger)))
                .await;
        assert!(answers.iter().all(|answer| *answer == (401, "unknown_key".into())), "{answers:?}");
        assert_eq!(relay.neon.received_requests().await.unwrap().len(), round);
        clock.advance(Duration::from_secs(11));
    }
    relay.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn known_keys_are_kept_while_the_key_set_cannot_be_fetched() {
    let relay = TestRelay::start().await;
    serve_keys(&relay.neon, ResponseTemplate::new(500)).await;
    assert_eq!(deliver_as(&relay, &Signer::new()).await, (503, "keys_unavailable".into()));
    assert_eq!(deliver_as(&relay, &relay.signer).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_usable_key_set_neon_is_asked_to_try_again() {
    let signer = Signer::new();
    let rsa = json!({"keys": [{"kty": "RSA", "kid": signer.kid, "n": "AQAB", "e": "AQAB", "alg": "RS256", "use": "sig"}]});
    let replies = [
        ResponseTemplate::new(200).set_body_string("<!doctype html><title>Neon</title>"),
        ResponseTemplate::new(200),
        ResponseTemplate::new(200).set_body_json(json!({"keys": []})),
        ResponseTemplate::new(200).set_body_bytes(vec![b' '; 10 * 1024 * 1024]),
        ResponseTemplate::new(200).set_body_json(signer.jwks()).set_delay(Duration::from_secs(60)),
        ResponseTemplate::new(302).insert_header("Location", "/keys"),
        ResponseTemplate::new(404),
        ResponseTemplate::new(200).set_body_json(rsa),
    ];
    for reply in replies {
        let relay = TestRelay::with(Start { without_keys: true, ..Start::default() }).await;
        // Where the redirect leads there would be a good set.
        wiremock::Mock::given(wiremock::matchers::path("/keys"))
            .respond_with(keys(&[&signer]))
            .mount(&relay.neon)
            .await;
        wiremock::Mock::given(wiremock::matchers::path("/neondb/auth/.well-known/jwks.json"))
            .respond_with(reply)
            .mount(&relay.neon)
            .await;
        assert_eq!(deliver_as(&relay, &signer).await, (503, "keys_unavailable".into()));
        let ready = relay.get("/readyz").await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(ready.json()["missing"], json!(["keys"]));
        assert_eq!(relay.stub.sent().len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_come_late_are_found_without_a_restart() {
    let relay = TestRelay::with(Start { without_keys: true, ..Start::default() }).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 503);
    serve_keys(&relay.neon, keys(&[&relay.signer])).await;
    relay.wait_until_ready().await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_relay_serves_several_branches() {
    let other = wiremock::MockServer::start().await;
    let signer = Signer::new();
    serve_keys(&other, keys(&[&signer])).await;
    let neon = wiremock::MockServer::start().await;
    let first = Signer::new();
    serve_keys(&neon, keys(&[&first])).await;
    let urls = format!("{}/neondb/auth,{}/neondb/auth", neon.uri(), other.uri());
    let relay = TestRelay::with(Start { vars: vec![("NEON_AUTH_URL", urls)], ..Start::default() }).await;
    assert_eq!(deliver_as(&relay, &first).await.0, 200);
    assert_eq!(deliver_as(&relay, &signer).await.0, 200);
}
