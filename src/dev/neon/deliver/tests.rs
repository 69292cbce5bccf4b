use super::*;
use crate::dev::feed::Feed;
use crate::dev::neon::caller::Caller;
use crate::dev::neon::event::{SEND_OTP, sample};
use crate::domain::{ManualClock, Timestamp};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use serde_json::Value;
use sms_providers::client::http_client;
use std::net::{Ipv4Addr, TcpListener};
use wiremock::matchers::{any, header};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const NOW: Timestamp = Timestamp::from_millis(1_740_312_000_000);

fn deliverer() -> Deliverer {
    Deliverer {
        http: http_client().unwrap(),
        signer: Signer::random(),
        clock: Arc::new(ManualClock::new(NOW)),
        faults: Faults::none(Feed::new()),
    }
}

fn order(webhook_url: &str, law: RetryLaw) -> Order {
    Order { url: webhook_url.parse().unwrap(), law, bad: None }
}

fn event() -> Event {
    let caller = Caller { ip: Ipv4Addr::LOCALHOST.into(), user_agent: "test".into() };
    sample(SEND_OTP, NOW, &caller).finish()
}

/// A law that only answers can end.
fn patient() -> RetryLaw {
    RetryLaw::neon(Duration::from_secs(10))
}

async fn attempts(order: &Order) -> Vec<Attempt> {
    attempts_of(&deliverer(), order).await
}

async fn attempts_of(deliverer: &Deliverer, order: &Order) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let last = deliverer.deliver(&event(), order, |attempt| attempts.push(attempt)).await;
    assert_eq!(attempts.last().map(|attempt| &attempt.outcome), Some(&last));
    attempts
}

async fn statuses(answer: ResponseTemplate) -> Vec<u16> {
    let webhook = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&webhook).await;
    let attempts = attempts(&order(&webhook.uri(), patient())).await;
    assert_eq!(webhook.received_requests().await.unwrap().len(), attempts.len());
    attempts
        .into_iter()
        .map(|attempt| match attempt.outcome {
            Outcome::Answered { status, .. } => status,
            Outcome::TimedOut | Outcome::Unreachable => 0,
        })
        .collect()
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times_and_everything_else_once() {
    for status in [500, 503, 429, 408] {
        assert_eq!(statuses(ResponseTemplate::new(status)).await, [status; 3]);
    }
    for status in [200, 204, 400, 401, 404, 422] {
        assert_eq!(statuses(ResponseTemplate::new(status)).await, [status]);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let redirect = ResponseTemplate::new(307).insert_header("Location", "/elsewhere");
    assert_eq!(statuses(redirect).await, [307]);
}

#[tokio::test]
async fn a_success_ends_the_attempts() {
    let webhook = MockServer::start().await;
    Mock::given(header("X-Neon-Delivery-Attempt", "1"))
        .respond_with(ResponseTemplate::new(503))
        .mount(&webhook)
        .await;
    Mock::given(header("X-Neon-Delivery-Attempt", "2"))
        .respond_with(ResponseTemplate::new(200).set_body_string("taken"))
        .mount(&webhook)
        .await;
    let attempts = attempts(&order(&webhook.uri(), patient())).await;
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[1].outcome, Outcome::Answered { status: 200, answer: "taken".into() });
}

#[tokio::test]
async fn every_attempt_carries_the_same_event_under_its_own_number() {
    let webhook = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&webhook).await;
    attempts(&order(&webhook.uri(), patient())).await;
    let requests = webhook.received_requests().await.unwrap();
    for (number, request) in (1..).zip(&requests) {
        let body: Value = request.body_json().unwrap();
        assert_eq!(request.body, requests[0].body);
        assert_eq!(text(request, "X-Neon-Delivery-Attempt"), number.to_string());
        assert_eq!(text(request, "X-Neon-Event-Id"), body["event_id"].as_str().unwrap());
        assert_eq!(text(request, "X-Neon-Event-Type"), body["event_type"].as_str().unwrap());
        assert_eq!(text(request, "Content-Type"), "application/json");
    }
}

/// The formula of <https://neon.com/docs/auth/guides/webhooks#verification-steps>, step by step.
#[tokio::test]
async fn the_signature_holds_by_neons_documented_formula() {
    let webhook = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&webhook).await;
    let deliverer = deliverer();
    attempts_of(&deliverer, &order(&webhook.uri(), patient())).await;
    let request = &webhook.received_requests().await.unwrap()[0];
    let (kid, timestamp) = (text(request, "X-Neon-Signature-Kid"), text(request, "X-Neon-Timestamp"));
    assert_eq!(timestamp, NOW.as_millis().to_string());

    let jwks = deliverer.signer.jwks();
    let jwk = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap();
    assert_eq!((&jwk["kty"], &jwk["crv"], &jwk["alg"]), (&"OKP".into(), &"Ed25519".into(), &"EdDSA".into()));
    let x = BASE64URL.decode(jwk["x"].as_str().unwrap()).unwrap();
    let key = VerifyingKey::from_bytes(&x.try_into().unwrap()).unwrap();

    let [protected, payload, signature]: [&str; 3] =
        text(request, "X-Neon-Signature").split('.').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(payload, "");
    let header = String::from_utf8(BASE64URL.decode(protected).unwrap()).unwrap();
    assert_eq!(header, format!(r#"{{"alg":"EdDSA","typ":"JWS","kid":"{}"}}"#, &kid[..8]));
    let payload = BASE64URL.encode(format!("{timestamp}.{}", BASE64URL.encode(&request.body)));
    let signature = Signature::from_slice(&BASE64URL.decode(signature).unwrap()).unwrap();
    key.verify(format!("{protected}.{payload}").as_bytes(), &signature).unwrap();
    key.verify(format!("{protected}.{payload}x").as_bytes(), &signature).unwrap_err();
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_not_waited_for() {
    let webhook = MockServer::start().await;
    let late = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    Mock::given(any()).respond_with(late).mount(&webhook).await;
    let law = RetryLaw { per_attempt: Duration::from_millis(50), ..patient() };
    let attempts = attempts(&order(&webhook.uri(), law)).await;
    assert_eq!(attempts.len(), 3);
    assert!(attempts.iter().all(|attempt| attempt.outcome == Outcome::TimedOut), "{attempts:?}");
}

#[tokio::test]
async fn all_attempts_together_end_when_the_total_is_used_up() {
    let webhook = MockServer::start().await;
    let late = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    Mock::given(any()).respond_with(late).mount(&webhook).await;
    let law = RetryLaw { total: Duration::from_millis(50), ..patient() };
    assert_eq!(attempts(&order(&webhook.uri(), law)).await.len(), 1);
}

#[tokio::test]
async fn a_webhook_that_nobody_serves_is_tried_three_times() {
    let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let attempts = attempts(&order(&format!("http://{unused}/"), patient())).await;
    assert_eq!(attempts.len(), 3);
    assert!(attempts.iter().all(|attempt| attempt.outcome == Outcome::Unreachable), "{attempts:?}");
}

#[tokio::test]
async fn no_more_than_10_kb_of_an_answer_are_kept() {
    let webhook = MockServer::start().await;
    let long = ResponseTemplate::new(200).set_body_string("x".repeat(100_000));
    Mock::given(any()).respond_with(long).mount(&webhook).await;
    let attempts = attempts(&order(&webhook.uri(), patient())).await;
    assert_eq!(attempts[0].outcome, Outcome::Answered { status: 200, answer: "x".repeat(10 * 1024) });
}

fn text<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn what_is_bad_on_purpose_does_not_hold_and_everything_else_of_it_does() {
    let webhook = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).mount(&webhook).await;
    for bad in [Bad::Signature, Bad::Timestamp, Bad::Kid, Bad::Body] {
        let deliverer = deliverer();
        attempts_of(&deliverer, &Order { bad: Some(bad), ..order(&webhook.uri(), patient()) }).await;
        let request = webhook.received_requests().await.unwrap().pop().unwrap();
        let millis: i64 = text(&request, "X-Neon-Timestamp").parse().unwrap();
        let at = Timestamp::from_millis(millis);
        let holds = deliverer.signer.sign(at, &request.body) == text(&request, "X-Neon-Signature");
        let seen = (holds, at == NOW, text(&request, "X-Neon-Signature-Kid") == deliverer.signer.kid());
        let expected = match bad {
            Bad::Signature | Bad::Body => (false, true, true),
            Bad::Timestamp => (true, false, true),
            Bad::Kid => (true, true, false),
        };
        assert_eq!(seen, expected, "{bad:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_is_lost_never_reaches_the_webhook() {
    let webhook = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&webhook).await;
    let deliverer = deliverer();
    let plan = serde_json::from_value(serde_json::json!({ "webhook": { "lose": 2 } })).unwrap();
    deliverer.faults.plan(plan).unwrap();
    let attempts = attempts_of(&deliverer, &order(&webhook.uri(), patient())).await;
    assert_eq!(attempts.len(), 3);
    assert!(attempts[..2].iter().all(|attempt| attempt.outcome == Outcome::Unreachable));
    let requests = webhook.received_requests().await.unwrap();
    assert_eq!((requests.len(), text(&requests[0], "X-Neon-Delivery-Attempt")), (1, "3"));
}
