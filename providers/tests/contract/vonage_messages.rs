//! Vonage's Messages API v1.

use crate::upstream::Answer;
use crate::vendor::{Vendor, message};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sms_providers::vonage::{ApplicationKey, MessagesAuth, MessagesConfig, VonageMessages};
use sms_providers::{FailureKind, ProviderName, SmsMessage, SmsProvider};
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
    accepted: fixture!(202, "messages_accepted"),
    accepted_id: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
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
    let config = MessagesConfig { auth, from: "Acme".into(), wants_reports: true, base_url };
    Box::new(VonageMessages::new(config, http))
}

fn with_application(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    let pem = include_str!("../../../fixtures/vonage/application.pem");
    let key = ApplicationKey::from_pem(&pem.into()).unwrap();
    let id = "78d335fa-323d-0114-9c3d-d6f0d48968cf".into();
    provider(base_url, http, MessagesAuth::Application { id, key })
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
