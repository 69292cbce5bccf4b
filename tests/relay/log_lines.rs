//! Lines that an operator looks for when something is wrong.

use crate::harness::otp;
use crate::process::ReadyRelay;
use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A relay that sends through Twilio at this address.
async fn relay(twilio: &str) -> ReadyRelay {
    let vars = [
        ("LOG_FORMAT", "json"),
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "token"),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
        ("TWILIO_BASE_URL", twilio),
    ];
    ReadyRelay::start(&vars).await
}

fn line(relay: &ReadyRelay, words: &str) -> Value {
    serde_json::from_str(&relay.process.wait_for_line(words)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_an_answer_says_why_neon_was_told_so() {
    let twilio = MockServer::start().await;
    let refused = include_str!("../../fixtures/twilio/bad_credentials.json");
    let refused = ResponseTemplate::new(401).set_body_string(refused);
    Mock::given(any()).respond_with(refused).mount(&twilio).await;
    let relay = relay(&twilio.uri()).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 424);
    let answered = line(&relay, "\"answered\"");
    assert_eq!((&answered["status"], &answered["reply"]), (&424.into(), &"providers_misconfigured".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_keeps_failing_is_told_of_once() {
    let relay = relay("http://127.0.0.1:1").await;
    for _ in 0..8 {
        assert_eq!(relay.deliver(&otp(|_| {})).await.status, 503);
    }
    let failed = line(&relay, "the code was not sent");
    assert!(failed["remedy"].as_str().unwrap().contains("add another provider to SMS_PROVIDER"), "{failed}");
    const WORDS: &str = "is asked last from now on";
    let told = line(&relay, WORDS);
    assert_eq!((&told["level"], &told["provider"]), (&"WARN".into(), &"twilio".into()));
    relay.process.signal("TERM");
    let (_, log) = relay.process.ended();
    assert_eq!(log.matches(WORDS).count(), 1, "{log}");
}
