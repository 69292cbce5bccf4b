//! Vonage's SMS API.

use crate::upstream::{Answer, Upstream};
use crate::vendor::{Vendor, message, to_britain};
use sms_providers::vonage::{Signature, SignatureMethod, SmsAuth, SmsConfig, VonageSms};
use sms_providers::{FailureKind, ProviderName, SmsBody, SmsMessage, SmsProvider};
use std::time::Duration;
use url::Url;

macro_rules! fixture {
    ($status:literal, $name:literal) => {
        Answer::new($status, include_str!(concat!("../../../fixtures/vonage/", $name, ".json")))
    };
}

const VONAGE_SMS: Vendor = Vendor {
    name: ProviderName::Vonage,
    snapshot: "vonage_sms_secret",
    schema: include_str!("../../../fixtures/vonage/sms_request.schema.json"),
    provider: with_secret,
    steady,
    senders: ("from=447700900001", "from=Acme"),
    accepted: fixture!(200, "sms_accepted"),
    accepted_id: "0A0000000123ABCD1",
    bill: (Some(2), Some("0.0666 EUR")),
    bad_number: fixture!(200, "sms_invalid_number"),
    // Replied STOP or is barred otherwise; Vonage does not say which, and nobody else is asked either way.
    opted_out: Some(fixture!(200, "sms_number_barred")),
    bad_credentials: fixture!(200, "sms_bad_credentials"),
    no_balance: fixture!(200, "sms_no_balance"),
    throttled: fixture!(200, "sms_throttled"),
    internal_error: Answer::new(500, "Internal error for 15551234567"),
    unavailable: Answer::new(503, ""),
    unknown_code: (fixture!(200, "sms_unknown_status"), FailureKind::Unknown),
};

contract!(VONAGE_SMS);

/// The time and what is signed over it differ from run to run.
fn steady(request: &str) -> String {
    let fields = request.split('&').map(|field| match field.split_once('=') {
        Some((name @ ("timestamp" | "sig"), _)) => format!("{name}=…"),
        _ => field.to_owned(),
    });
    fields.collect::<Vec<_>>().join("&")
}

fn config(base_url: Url, auth: SmsAuth, wants_reports: bool) -> SmsConfig {
    let senders = to_britain("+447700900001".into());
    SmsConfig { api_key: "abcd1234".into(), auth, from: "Acme".into(), senders, wants_reports, base_url }
}

fn with_secret(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    Box::new(VonageSms::new(config(base_url, SmsAuth::Secret("api-secret".into()), true), http))
}

fn signed(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    let signature = Signature { secret: "signature-secret".into(), method: SignatureMethod::Sha256 };
    Box::new(VonageSms::new(config(base_url, SmsAuth::Signed(signature), true), http))
}

fn from_a_number(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    let config = config(base_url, SmsAuth::Secret("api-secret".into()), true);
    Box::new(VonageSms::new(SmsConfig { from: "+15557122661".into(), ..config }, http))
}

fn without_reports(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    Box::new(VonageSms::new(config(base_url, SmsAuth::Secret("api-secret".into()), false), http))
}

#[tokio::test]
async fn a_signed_request_carries_time_and_signature_and_no_secret() {
    VONAGE_SMS.assert_request("vonage_sms_signed", signed, message()).await;
}

#[tokio::test]
async fn without_a_way_to_verify_reports_none_are_asked_for() {
    VONAGE_SMS.assert_request("vonage_sms_without_report", without_reports, message()).await;
}

#[tokio::test]
async fn a_text_outside_gsm_7_goes_as_unicode_and_a_short_life_as_the_shortest_that_is_taken() {
    let message =
        SmsMessage { body: SmsBody::new("Код: 123456"), expires_in: Duration::from_secs(12), ..message() };
    VONAGE_SMS.assert_request("vonage_sms_unicode", with_secret, message).await;
}

/// Field 10: Vonage wants senders without the plus that people copy along with the number.
#[tokio::test]
async fn a_senders_number_goes_without_its_plus_and_a_long_life_as_the_longest_that_is_taken() {
    let message = SmsMessage { expires_in: Duration::from_secs(1_000_000), ..message() };
    VONAGE_SMS.assert_request("vonage_sms_from_a_number", from_a_number, message).await;
}

/// Field 34: a vendor that has no route is not a vendor that is down, and another one may have a route.
#[tokio::test]
async fn no_route_a_forbidden_sender_and_a_blocked_text_leave_the_next_provider_a_chance() {
    for status in ["6", "15", "17"] {
        let body = format!(r#"{{"message-count":"1","messages":[{{"status":"{status}"}}]}}"#);
        let answer = Answer::new(200, Box::leak(body.into_boxed_str()));
        let error = VONAGE_SMS.send(Upstream::Reply(answer)).await.unwrap_err();
        assert_eq!((error.kind, error.hint.is_some()), (FailureKind::Unreachable, true), "{status}");
        assert!(error.kind.allows_next_provider() && !error.kind.may_have_sent());
    }
}

#[tokio::test]
async fn a_text_of_which_one_segment_was_taken_was_sent() {
    let receipt = VONAGE_SMS.send(Upstream::Reply(fixture!(200, "sms_partly_accepted"))).await.unwrap();
    assert_eq!((receipt.segments, receipt.price.unwrap().amount().as_str()), (Some(1), "0.0333"));
}

#[tokio::test]
async fn a_barred_number_counts_as_an_opt_out() {
    let error = VONAGE_SMS.send(Upstream::Reply(fixture!(200, "sms_number_barred"))).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::OptedOut);
}
