//! A provider reports what became of a message; only a provider can.

use crate::harness::{TestRelay, otp};
use crate::twilio::{Twilio, sign};

const DELIVERED: &[(&str, &str)] = &[
    ("MessageSid", "SM11111111111111111111111111111111"),
    ("MessageStatus", "delivered"),
    ("To", "+15551234567"),
];

/// A relay that has sent one text, and where that is to be reported on.
async fn a_text_was_sent() -> (Twilio, TestRelay, String) {
    let twilio = Twilio::that_accepts().await;
    let relay = twilio.relay().await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    let path = twilio.report_path().await;
    (twilio, relay, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_report_is_taken_under_the_public_url() {
    let (twilio, relay, path) = a_text_was_sent().await;
    assert_eq!(twilio.reports(&relay.url, &path, DELIVERED).await, 204);
    assert_eq!(twilio.reports(&relay.url, &path, DELIVERED).await, 204, "a repeated one is no error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_twilio_did_not_sign_is_refused() {
    let (twilio, relay, path) = a_text_was_sent().await;
    let elsewhere = sign("/elsewhere", DELIVERED);
    for signature in ["RSOYDt4T1cUTdK1PDd93/VVr8B8=", "", &elsewhere] {
        assert_eq!(twilio.reports_signed(&relay.url, &path, DELIVERED, signature).await, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_to_a_provider_or_reference_that_does_not_exist_finds_nothing() {
    let (twilio, relay, path) = a_text_was_sent().await;
    let of_another = path.replace("/twilio/", "/vonage/");
    for wrong in [
        of_another.as_str(),
        "/callbacks/twilio/../../etc",
        "/callbacks/twilio/short",
        &path[..path.len() - 2],
    ] {
        assert_eq!(twilio.reports(&relay.url, wrong, DELIVERED).await, 404, "{wrong}");
    }
    // Well formed, well signed, and forgotten since: nothing the provider could do about it.
    let forgotten = format!("/callbacks/twilio/{}-1", "0".repeat(32));
    assert_eq!(twilio.reports(&relay.url, &forgotten, DELIVERED).await, 204);
}
