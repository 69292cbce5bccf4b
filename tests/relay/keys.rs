//! Keys come, go, rotate and fail to come; no request is let in that should not be.

use crate::harness::{Signer, Start, TestRelay, otp, send, serve_keys};
use neon_sms_relay::domain::{Clock, SystemClock};
use reqwest::StatusCode;
use serde_json::json;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use wiremock::ResponseTemplate;

fn keys(signers: &[&Signer]) -> ResponseTemplate {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    ResponseTemplate::new(200).set_body_json(json!({ "keys": keys }))
}

/// Neon waits for a second, and the relay for half of one.
const SHORT: (&str, &str) = ("NEON_TIMEOUT_SECONDS", "1");

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

/// Field 30: somebody sends a key id of their own just before Neon changes its key.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_event_after_a_rotation_passes_although_a_stranger_has_just_had_the_keys_fetched() {
    let relay = TestRelay::start().await;
    assert_eq!(deliver_as(&relay, &Signer::new()).await, (401, "unknown_key".into()));
    let next = Signer::new();
    serve_keys(&relay.neon, keys(&[&relay.signer, &next])).await;
    assert_eq!(deliver_as(&relay, &next).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_invented_key_ids_cost_a_fetch_in_two_seconds_and_the_real_one_nothing() {
    let relay = TestRelay::start().await;
    serve_keys(&relay.neon, keys(&[&relay.signer])).await;
    let started = Instant::now();
    let strangers: Vec<_> = (0..1000).map(|_| Signer::new()).collect();
    let flood = futures_util::future::join_all(strangers.iter().map(|stranger| deliver_as(&relay, stranger)));
    let (answers, real) = tokio::join!(flood, deliver_as(&relay, &relay.signer));
    assert_eq!(real.0, 200);
    // Those for whom there is no room to wait are told to come again.
    let refusals = [(401, "unknown_key".into()), (503, "keys_unavailable".into())];
    assert!(answers.iter().all(|answer| refusals.contains(answer)), "{answers:?}");
    let fetches = relay.neon.received_requests().await.unwrap().len();
    let allowed = usize::try_from(started.elapsed().as_secs()).unwrap() / 2 + 1;
    assert!(fetches <= allowed, "{fetches} fetches, {allowed} allowed");
    assert_eq!(deliver_as(&relay, &strangers[0]).await.0, 401, "a stranger is not known later either");
}

#[tokio::test(flavor = "multi_thread")]
async fn known_keys_are_kept_while_the_key_set_cannot_be_fetched() {
    let relay = TestRelay::with_vars([SHORT]).await;
    serve_keys(&relay.neon, ResponseTemplate::new(500)).await;
    assert_eq!(deliver_as(&relay, &Signer::new()).await, (503, "keys_unavailable".into()));
    assert_eq!(deliver_as(&relay, &relay.signer).await.0, 200);
}

/// An alert on it tells of keys that Neon may have withdrawn long ago.
#[tokio::test(flavor = "multi_thread")]
async fn the_age_of_the_keys_grows_until_they_are_fetched_again() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let vars = [("METRICS_PORT", port.to_string()), (SHORT.0, SHORT.1.to_owned())].to_vec();
    let relay = TestRelay::with(Start { vars, without_keys: true, ..Start::default() }).await;
    assert_eq!(age_of_the_keys(&relay).await, None);

    let before = Instant::now();
    serve_keys(&relay.neon, keys(&[&relay.signer])).await;
    relay.wait_until_ready().await;
    let fetched = Instant::now();
    let young = age_of_the_keys(&relay).await.unwrap();
    assert!(young <= before.elapsed().as_secs_f64(), "{young}");

    serve_keys(&relay.neon, ResponseTemplate::new(500)).await;
    // A stranger's key has them fetched, two seconds after the last time.
    while relay.neon.received_requests().await.unwrap().is_empty() {
        assert_eq!(deliver_as(&relay, &Signer::new()).await.0, 503);
    }
    let least = fetched.elapsed().as_secs_f64();
    let old = age_of_the_keys(&relay).await.unwrap();
    assert!(old >= least && least > 1.0, "{old}, and {least} s have gone");
}

/// In seconds, as Prometheus reads it.
async fn age_of_the_keys(relay: &TestRelay) -> Option<f64> {
    let metrics = relay.http.get(relay.metrics_url.as_deref().unwrap()).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let age = metrics.lines().find_map(|line| line.strip_prefix("neon_sms_relay_jwks_age_seconds "))?;
    Some(age.parse().unwrap())
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
        let vars = vec![(SHORT.0, SHORT.1.to_owned())];
        let relay = TestRelay::with(Start { vars, without_keys: true, ..Start::default() }).await;
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

/// Field 30: the JWKS answers 503 for a while as the server starts, and events come.
#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_before_the_first_keys_wait_for_them_and_need_no_retry() {
    let relay = TestRelay::with(Start { without_keys: true, ..Start::default() }).await;
    serve_keys(&relay.neon, ResponseTemplate::new(503)).await;
    let events = futures_util::future::join_all((0..20).map(|_| deliver_as(&relay, &relay.signer)));
    let keys_come = async {
        while relay.neon.received_requests().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(relay.get("/readyz").await.status, 503);
        serve_keys(&relay.neon, keys(&[&relay.signer])).await;
    };
    let (answers, ()) = tokio::join!(events, keys_come);
    assert!(answers.iter().all(|answer| answer.0 == 200), "{answers:?}");
    relay.wait_until_ready().await;
}

/// Field 30: strangers who knock at once must not put the next fetch off.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_come_late_are_found_whoever_knocks_meanwhile() {
    let relay = TestRelay::with(Start { without_keys: true, ..Start::default() }).await;
    let stranger = Signer::new();
    let knocking = async {
        loop {
            let request = relay.signed_request(&stranger, SystemClock.now(), b"{}");
            let _ = request.timeout(Duration::from_millis(20)).send().await;
        }
    };
    let keys_come = async {
        serve_keys(&relay.neon, keys(&[&relay.signer])).await;
        relay.wait_until_ready().await;
    };
    tokio::select! { () = keys_come => {}, () = knocking => {} }
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
