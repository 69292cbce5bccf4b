//! Twilio's Message resource.

use crate::upstream::{Answer, Upstream};
use crate::vendor::{Vendor, message, to_britain};
use sms_providers::client::http_client;
use sms_providers::twilio::{Credentials, Sender, TwilioConfig, TwilioProvider};
use sms_providers::{FailureKind, ProviderName, SmsMessage, SmsProvider};
use std::time::Duration;
use url::Url;
use wiremock::matchers::{any, body_string_contains};
use wiremock::{Mock, MockServer, ResponseTemplate};

macro_rules! fixture {
    ($status:literal, $name:literal) => {
        Answer::new($status, include_str!(concat!("../../../fixtures/twilio/", $name, ".json")))
    };
}

const TWILIO: Vendor = Vendor {
    name: ProviderName::Twilio,
    snapshot: "twilio_auth_token_and_number",
    schema: include_str!("../../../fixtures/twilio/request.schema.json"),
    provider: with_auth_token_and_number,
    steady: str::to_owned,
    senders: ("MessagingServiceSid=MGdddddddddddddddddddddddddddddddd", "From=%2B15557122661"),
    accepted: fixture!(201, "created_by_number"),
    accepted_id: "SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    bill: (Some(1), None),
    bad_number: fixture!(400, "invalid_number"),
    opted_out: Some(fixture!(400, "opted_out")),
    bad_credentials: fixture!(401, "bad_credentials"),
    no_balance: fixture!(403, "account_not_active"),
    throttled: fixture!(429, "too_many_requests"),
    internal_error: fixture!(500, "internal_error"),
    unavailable: fixture!(503, "service_unavailable"),
    unknown_code: (fixture!(400, "unknown_code"), FailureKind::Misconfigured),
};

contract!(TWILIO);

fn config(base_url: Url, credentials: Credentials, sender: Sender) -> TwilioConfig {
    let account_sid = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned();
    let senders = to_britain(Sender::MessagingService("MGdddddddddddddddddddddddddddddddd".into()));
    TwilioConfig {
        account_sid,
        credentials,
        auth_token: None,
        sender,
        senders,
        wants_feedback: false,
        base_url,
    }
}

fn with_auth_token_and_number(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    let credentials = Credentials::AuthToken("token-secret".into());
    let sender = Sender::Number("+15557122661".into());
    Box::new(TwilioProvider::new(config(base_url, credentials, sender), http))
}

fn with_api_key_and_service(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    let credentials = Credentials::ApiKey { sid: "SK1".into(), secret: "key-secret".into() };
    let sender = Sender::MessagingService("MGcccccccccccccccccccccccccccccccc".into());
    Box::new(TwilioProvider::new(config(base_url, credentials, sender), http))
}

fn behind_a_path(mut base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    base_url.set_path("/mock/twilio/");
    with_auth_token_and_number(base_url, http)
}

#[tokio::test]
async fn an_api_key_sends_through_a_messaging_service_in_the_name_of_the_account() {
    TWILIO.assert_request("twilio_api_key_and_service", with_api_key_and_service, message()).await;
}

#[tokio::test]
async fn without_a_public_address_no_callback_is_asked_for() {
    let message = SmsMessage { callbacks: None, ..message() };
    TWILIO.assert_request("twilio_without_callback", with_auth_token_and_number, message).await;
}

#[tokio::test]
async fn the_path_of_the_base_url_is_kept() {
    TWILIO.assert_request("twilio_behind_a_path", behind_a_path, message()).await;
}

#[tokio::test]
async fn the_validity_stays_within_what_twilio_takes() {
    let lasting = |seconds| SmsMessage { expires_in: Duration::from_secs(seconds), ..message() };
    TWILIO.assert_request("twilio_shortest_validity", with_auth_token_and_number, lasting(0)).await;
    TWILIO.assert_request("twilio_longest_validity", with_auth_token_and_number, lasting(86_400)).await;
}

#[tokio::test]
async fn a_message_that_failed_on_creation_is_not_accepted() {
    let error = TWILIO.send(Upstream::Reply(fixture!(201, "created_and_failed"))).await.unwrap_err();
    assert_eq!((error.kind, error.hint.is_some()), (FailureKind::Unreachable, true));
}

#[tokio::test]
async fn a_closed_country_leaves_the_next_provider_a_chance() {
    let error = TWILIO.send(Upstream::Reply(fixture!(400, "country_not_allowed"))).await.unwrap_err();
    assert!(error.kind.allows_next_provider() && error.hint.is_some());
}

/// Field 11: a callback URL that Twilio does not like is no reason to let a user wait for a code.
#[tokio::test]
async fn a_callback_url_that_is_refused_costs_the_report_and_not_the_text() {
    let server = MockServer::start().await;
    let refused = r#"{"code": 21609, "message": "The StatusCallback URL is not a valid URL", "status": 400}"#;
    let created = include_str!("../../../fixtures/twilio/created_by_number.json");
    let asks_for_a_report = body_string_contains("StatusCallback");
    let reply = |status, body| ResponseTemplate::new(status).set_body_string(body);
    Mock::given(asks_for_a_report).respond_with(reply(400, refused)).expect(2).mount(&server).await;
    Mock::given(any()).respond_with(reply(201, created)).expect(1).mount(&server).await;
    let provider = with_auth_token_and_number(server.uri().parse().unwrap(), http_client().unwrap());
    assert!(provider.send(&message()).await.is_ok());

    // Without a report there is nothing to leave out.
    server.reset().await;
    Mock::given(any()).respond_with(reply(400, refused)).expect(1).mount(&server).await;
    let error = provider.send(&SmsMessage { callbacks: None, ..message() }).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Misconfigured);
}

#[tokio::test]
async fn a_success_by_messaging_service_is_read_although_half_of_it_is_null() {
    let answer = fixture!(201, "created_by_messaging_service");
    assert!(TWILIO.send(Upstream::Reply(answer)).await.is_ok());
}
