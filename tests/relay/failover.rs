//! The vendor fails in every way there is; the user still gets the code, or learns at once that they will not.

use crate::harness::{CODE, NUMBER, TestRelay, otp};
use crate::twilio::Twilio;
use serde_json::json;
use sms_providers::stub::StubProvider;
use sms_providers::{FailureKind, ProviderName, SendError, SmsProvider};
use std::sync::Arc;
use std::time::Duration;

fn two_stubs() -> (StubProvider, StubProvider, Vec<Arc<dyn SmsProvider>>) {
    let (first, second) = (StubProvider::new(ProviderName::Twilio), StubProvider::new(ProviderName::Vonage));
    let chain: Vec<Arc<dyn SmsProvider>> = vec![Arc::new(first.clone()), Arc::new(second.clone())];
    (first, second, chain)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_goes_out_through_twilio() {
    let twilio = Twilio::that_accepts().await;
    let answer = twilio.relay().await.deliver(&otp(|_| {})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({"status": "accepted", "provider": "twilio", "message_id": "SM11111111111111111111111111111111"})
    );
    let [text] = twilio.texts().await.try_into().unwrap();
    assert_eq!(text["To"], NUMBER);
    assert!(text["Body"].contains(CODE));
    assert!((290..=300).contains(&text["ValidityPeriod"].parse::<u32>().unwrap()));
    assert_eq!(twilio.report_path().await.strip_prefix("/callbacks/twilio/").unwrap().len(), 34);
}

#[tokio::test(flavor = "multi_thread")]
async fn twilios_refusals_reach_neon_as_the_contract_says() {
    for (status, code, expected) in [
        (400, 21211, (422, "number_refused")),
        (400, 21610, (422, "opted_out")),
        (401, 20003, (424, "providers_misconfigured")),
        (400, 30450, (422, "number_refused")),
        (400, 21408, (422, "number_unreachable")),
        (429, 20429, (503, "providers_unavailable")),
        (429, 20003, (503, "providers_unavailable")),
        (500, 20500, (503, "no_verdict")),
    ] {
        let twilio = Twilio::that_refuses(status, code).await;
        let answer = twilio.relay().await.deliver(&otp(|_| {})).await;
        let (status, error) = answer.error();
        assert_eq!((status, error.as_str()), expected, "{code}");
        assert!(!answer.text.contains("5551234567"), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_provider_takes_over_unless_the_recipient_or_fraud_is_the_cause() {
    for (kind, reaches_second) in [
        (FailureKind::Misconfigured, true),
        (FailureKind::Throttled, true),
        (FailureKind::Unavailable, true),
        (FailureKind::Unknown, true),
        (FailureKind::Unreachable, true),
        // One vendor's judgement; a second one hears it.
        (FailureKind::BadRecipient, true),
        (FailureKind::OptedOut, false),
        (FailureKind::FraudHeld, false),
    ] {
        let (first, second, chain) = two_stubs();
        let relay = TestRelay::with_providers(chain).await;
        first.answer(Err(SendError::new(kind)));
        let answer = relay.deliver(&otp(|_| {})).await;
        assert_eq!(answer.status == 200, reaches_second, "{kind}");
        assert_eq!(second.sent().len(), usize::from(reaches_second), "{kind}");
        if reaches_second {
            assert_eq!(answer.json()["provider"], "vonage", "{kind}");
            assert_eq!(first.sent()[0].body, second.sent()[0].body, "the same bytes to every vendor");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_nobody_reaches_and_one_that_two_vendors_refuse_end_at_once() {
    for (kind, expected) in [
        (FailureKind::Unreachable, (422, "number_unreachable")),
        (FailureKind::BadRecipient, (422, "number_refused")),
    ] {
        let (first, second, chain) = two_stubs();
        let relay = TestRelay::with_providers(chain).await;
        first.answer(Err(SendError::new(kind)));
        second.answer(Err(SendError::new(kind)));
        let body = otp(|_| {});
        let (status, error) = relay.deliver(&body).await.error();
        assert_eq!((status, error.as_str()), expected);
        assert!(relay.deliver(&body).await.replayed, "the answer stands");
        assert_eq!((first.sent().len(), second.sent().len()), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_first_provider_costs_its_slice_and_not_the_sign_in() {
    let (first, second, chain) = two_stubs();
    let relay = TestRelay::with_providers(chain).await;
    first.hold();
    let started = std::time::Instant::now();
    let answer = relay.deliver(&otp(|_| {})).await;
    assert_eq!((answer.status.as_u16(), answer.json()["provider"].as_str()), (200, Some("vonage")));
    assert_eq!(second.sent().len(), 1);
    assert!(started.elapsed() < Duration::from_secs(5), "Neon would have hung up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_gives_up_for_good_only_if_every_provider_is_misconfigured() {
    for (second_kind, expected) in [
        (FailureKind::Misconfigured, (424, "providers_misconfigured")),
        (FailureKind::Throttled, (503, "providers_unavailable")),
    ] {
        let (first, second, chain) = two_stubs();
        let relay = TestRelay::with_providers(chain).await;
        first.answer(Err(SendError::new(FailureKind::Misconfigured)));
        second.answer(Err(SendError::new(second_kind)));
        let (status, code) = relay.deliver(&otp(|_| {})).await.error();
        assert_eq!((status, code.as_str()), expected);
    }
}
