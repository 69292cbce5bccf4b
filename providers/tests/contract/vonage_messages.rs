//! Vonage's Messages API v1.

use crate::upstream::{Answer, Upstream};
use crate::vendor::{Vendor, message, to_britain};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sms_providers::vonage::{ApplicationKey, MessagesAuth, MessagesConfig, VonageMessages};
use sms_providers::{FailureKind, ProviderName, SmsMessage, SmsProvider};
use std::time::Duration;
use url::Url;

macro_rules! fixture {
    ($status:literal, $name:literal) => {
        Answer::new($status, include_str!(concat!("../../../fixtures/vonage/", $name, ".json")))
    };
}

const VONAGE_MESSAGES: Vendor = Vendor {
    name: ProviderName::Vonage,
    snapshot: "vonage_messages_application",
    schema: include_str!("../../../fixtures/vonage/messages_request.schema.json"),
    provider: with_application,
    steady,
    senders: (r#""from":"447700900001""#, r#""from":"Acme""#),
    accepted: fixture!(202, "messages_accepted"),
    accepted_id: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
    bill: (None, None),
    bad_number: fixture!(422, "messages_invalid_number"),
    opted_out: Some(fixture!(422, "messages_opted_out")),
    bad_credentials: fixture!(401, "messages_bad_credentials"),
    no_balance: fixture!(402, "messages_no_balance"),
    throttled: fixture!(429, "messages_throttled"),
    internal_error: fixture!(500, "messages_internal_error"),
    unavailable: fixture!(503, "messages_unavailable"),
    unknown_code: (fixture!(422, "messages_unknown_code"), FailureKind::Misconfigured),
};

contract!(VONAGE_MESSAGES);

/// Checks the token and replaces it by its claims, the changing ones left out.
fn steady(request: &str) -> String {
    let lines = request.lines().map(|line| match line.strip_prefix("authorization: Bearer ") {
        Some(token) => format!("authorization: Bearer {}", claims(token)),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn claims(token: &str) -> String {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_required_spec_claims(&["exp"]);
    let key = DecodingKey::from_rsa_pem(PUBLIC_KEY).unwrap();
    let token = jsonwebtoken::decode::<serde_json::Value>(token, &key, &validation).unwrap();
    let mut claims = token.claims;
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 900);
    assert!(claims["jti"].as_str().unwrap().len() == 36);
    for changing in ["iat", "exp", "jti"] {
        claims[changing] = "…".into();
    }
    format!("{:?} {claims}", token.header.typ.unwrap())
}

const PUBLIC_KEY: &[u8] = include_bytes!("../../../fixtures/vonage/application.pub.pem");

fn provider(base_url: Url, http: reqwest::Client, auth: MessagesAuth) -> Box<dyn SmsProvider> {
    let senders = to_britain("+447700900001".into());
    let config = MessagesConfig { auth, from: "Acme".into(), senders, wants_reports: true, base_url };
    Box::new(VonageMessages::new(config, http))
}

fn with_application(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    let pem = include_str!("../../../fixtures/vonage/application.pem");
    let key = ApplicationKey::from_pem(&pem.into()).unwrap();
    let id = "78d335fa-323d-0114-9c3d-d6f0d48968cf".into();
    provider(base_url, http, MessagesAuth::Application { id, key })
}

fn from_a_number(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    let auth = MessagesAuth::Basic { api_key: "abcd1234".into(), api_secret: "api-secret".into() };
    let config = MessagesConfig {
        auth,
        from: "+15557122661".into(),
        senders: to_britain("+447700900001".into()),
        wants_reports: true,
        base_url,
    };
    Box::new(VonageMessages::new(config, http))
}

fn with_basic(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    let auth = MessagesAuth::Basic { api_key: "abcd1234".into(), api_secret: "api-secret".into() };
    provider(base_url, http, auth)
}

#[tokio::test]
async fn key_and_secret_send_as_well_as_an_application() {
    VONAGE_MESSAGES.assert_request("vonage_messages_basic", with_basic, message()).await;
}

#[tokio::test]
async fn without_a_public_address_no_webhook_is_asked_for() {
    let message = SmsMessage { callbacks: None, ..message() };
    VONAGE_MESSAGES.assert_request("vonage_messages_without_report", with_basic, message).await;
}

/// Field 10: Vonage wants senders without the plus that people copy along with the number.
#[tokio::test]
async fn a_senders_number_goes_without_its_plus_and_a_short_life_as_the_shortest_that_is_taken() {
    let message = SmsMessage { expires_in: Duration::from_secs(12), ..message() };
    VONAGE_MESSAGES.assert_request("vonage_messages_from_a_number", from_a_number, message).await;
}

/// Vonage's own examples of a 422 use numbers that mean something else on its page of codes.
#[tokio::test]
async fn a_recipient_that_is_refused_is_found_by_whichever_sign_vonage_gives() {
    use FailureKind::{BadRecipient, Misconfigured, Unavailable};
    let of = |code: &str, more: &str| {
        let kind = format!("https://developer.vonage.com/api-errors/messages#{code}");
        Box::leak(format!(r#"{{"type":"{kind}"{more}}}"#).into_boxed_str()) as &'static str
    };
    for (status, body, kind) in [
        (422, of("110", r#","title":"Invalid something""#), BadRecipient),
        (422, of("1110", r#","title":"Invalid recipient""#), BadRecipient),
        (422, of("1430", ""), BadRecipient),
        (422, of("1431", ""), BadRecipient),
        (422, of("1150", r#","invalid_parameters":[{"name":"from"},{"name":"to"}]"#), BadRecipient),
        (422, of("1150", r#","invalid_parameters":[{"name":"from"}]"#), Misconfigured),
        (422, of("1100", r#","title":"Unsupported channel""#), Misconfigured),
        (400, of("1100", ""), Unavailable),
    ] {
        let error = VONAGE_MESSAGES.send(Upstream::Reply(Answer::new(status, body))).await.unwrap_err();
        assert_eq!(error.kind, kind, "{status} {body}");
    }
}
