//! What vendors are told about texts that led to a verification, and what is made of their answers.

use crate::upstream::{Answer, Upstream};
use crate::vendor::message;
use sms_providers::FailureKind::{self, Misconfigured, Throttled, Unavailable, Unknown};
use sms_providers::client::http_client;
use sms_providers::twilio::{Credentials, Sender, TwilioConfig, TwilioFeedback, TwilioProvider};
use sms_providers::vonage::{SmsAuth, SmsConfig, VonageFeedback};
use sms_providers::{Conversion, ConversionFeedback, ProviderName, SendError, SmsMessage, SmsProvider};
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};
use url::Url;

type Listener = fn(Url) -> Box<dyn ConversionFeedback>;

fn config(base_url: Url, wants_feedback: bool) -> TwilioConfig {
    TwilioConfig {
        account_sid: "AC1".into(),
        credentials: Credentials::ApiKey { sid: "SK1".into(), secret: "key-secret".into() },
        auth_token: None,
        sender: Sender::Number("+15557122661".into()),
        senders: BTreeMap::new(),
        wants_feedback,
        base_url,
    }
}

fn twilio(base_url: Url) -> Box<dyn ConversionFeedback> {
    Box::new(TwilioFeedback::new(config(base_url, true), http_client().unwrap()))
}

fn vonage(base_url: Url) -> Box<dyn ConversionFeedback> {
    let config = SmsConfig {
        api_key: "abcd1234".into(),
        auth: SmsAuth::Secret("api-secret".into()),
        from: "Acme".into(),
        senders: BTreeMap::new(),
        wants_reports: false,
        base_url,
    };
    Box::new(VonageFeedback::new(&config, http_client().unwrap()).unwrap())
}

const VENDORS: [Listener; 2] = [twilio, vonage];

/// Tells `upstream`, and holds the verdict to what may be in one; returns it with the request.
async fn tell(listener: Listener, upstream: Upstream, verified: bool) -> (Result<(), SendError>, String) {
    // 2026-02-23 12:05:07 UTC
    let at = UNIX_EPOCH + Duration::from_secs(1_771_848_307);
    let conversion = Conversion { message_id: "SM0A1".into(), verified, at };
    let (result, wire) = upstream.run(async |url| listener(url).tell(&conversion).await).await;
    let shown = format!("{result:?}");
    assert!(!shown.contains("secret") && !shown.contains("said"), "{shown}");
    (result, String::from_utf8(wire).unwrap())
}

async fn kind(listener: Listener, upstream: Upstream) -> FailureKind {
    tell(listener, upstream, true).await.0.unwrap_err().kind
}

#[tokio::test]
async fn twilio_learns_the_outcome_of_the_text() {
    let fixture = include_str!("../../../fixtures/twilio/feedback.json");
    for (status, verified, outcome) in [(200, true, "confirmed"), (201, false, "unconfirmed")] {
        let (result, wire) = tell(twilio, Upstream::Reply(Answer::new(status, fixture)), verified).await;
        assert_eq!(result, Ok(()));
        let path = "POST /2010-04-01/Accounts/AC1/Messages/SM0A1/Feedback.json HTTP/1.1\r\n";
        assert!(wire.starts_with(path), "{wire}");
        assert!(wire.contains("\r\nauthorization: Basic U0sxOmtleS1zZWNyZXQ=\r\n"), "{wire}");
        assert!(wire.ends_with(&format!("\r\n\r\nOutcome={outcome}")), "{wire}");
    }
}

#[tokio::test]
async fn vonage_learns_the_outcome_and_the_time_without_a_secret_in_the_address() {
    for (verified, delivered) in [(true, "true"), (false, "false")] {
        let (result, wire) = tell(vonage, Upstream::Reply(Answer::new(200, "OK")), verified).await;
        assert_eq!(result, Ok(()), "whatever the body is");
        assert!(wire.starts_with("POST /conversions/sms HTTP/1.1\r\n"), "{wire}");
        assert!(wire.contains("\r\nauthorization: Basic YWJjZDEyMzQ6YXBpLXNlY3JldA==\r\n"), "{wire}");
        let form = format!("message-id=SM0A1&delivered={delivered}&timestamp=2026-02-23+12%3A05%3A07");
        assert!(wire.ends_with(&format!("\r\n\r\n{form}")), "{wire}");
    }
    assert!(tell(vonage, Upstream::Reply(Answer::new(200, "")), true).await.0.is_ok());
}

#[tokio::test]
async fn an_account_without_the_conversion_api_is_told_whom_to_ask() {
    let (result, _) = tell(vonage, Upstream::Reply(Answer::new(402, "said no")), true).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind, error.http_status), (Misconfigured, Some(402)));
    assert!(error.hint.unwrap().contains("support"));
}

#[tokio::test]
async fn a_refusal_has_the_class_that_it_has_after_a_send() {
    for listener in VENDORS {
        for (status, expected) in [
            (401, Misconfigured),
            (404, Misconfigured),
            (420, Misconfigured),
            (423, Misconfigured),
            (429, Throttled),
        ] {
            let answer = Answer::new(status, "said to +15551234567");
            assert_eq!(kind(listener, Upstream::Reply(answer)).await, expected, "{status}");
        }
        for status in [302, 500, 503] {
            assert_eq!(kind(listener, Upstream::Reply(Answer::new(status, ""))).await, Unknown, "{status}");
        }
        let hint = tell(listener, Upstream::Reply(Answer::new(401, "")), true).await.0.unwrap_err().hint;
        assert!(hint.unwrap().contains("credentials") || hint.unwrap().contains("check"), "{hint:?}");
    }
    let not_found = Answer::new(404, r#"{"code": 20404, "message": "said", "status": 404}"#);
    let error = tell(twilio, Upstream::Reply(not_found), true).await.0.unwrap_err();
    assert_eq!((error.kind, error.code.unwrap().as_str()), (Misconfigured, "20404"));
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_or_says_nothing_is_no_news() {
    for listener in VENDORS {
        assert_eq!(kind(listener, Upstream::Refused).await, Unavailable);
        assert_eq!(kind(listener, Upstream::Reset).await, Unknown);
    }
}

#[tokio::test]
async fn a_silent_vendor_is_given_up() {
    for (listener, name) in [(twilio as Listener, ProviderName::Twilio), (vonage, ProviderName::Vonage)] {
        assert_eq!(listener("http://127.0.0.1:1".parse().unwrap()).name(), name);
    }
    assert_eq!(kind(twilio, Upstream::Silent).await, Unknown);
}

#[tokio::test]
async fn twilio_is_told_at_the_send_that_feedback_will_come_and_only_then() {
    for wants_feedback in [true, false] {
        let accepted = Answer::new(201, include_str!("../../../fixtures/twilio/created_by_number.json"));
        let send = async |url| {
            let provider = TwilioProvider::new(config(url, wants_feedback), http_client().unwrap());
            provider.send(&SmsMessage { callbacks: None, ..message() }.numbered(3)).await
        };
        let (result, wire) = Upstream::Reply(accepted).run(send).await;
        let wire = String::from_utf8(wire).unwrap();
        assert!(result.is_ok() && wire.contains("&Attempt=3"), "{wire}");
        assert_eq!(wire.contains("&ProvideFeedback=true"), wants_feedback, "{wire}");
    }
}
