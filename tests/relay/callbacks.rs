//! A provider reports what became of a message; only a provider can.

use crate::harness::{Start, TestRelay, otp};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha1::Sha1;
use std::collections::BTreeMap;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn relay() -> (TestRelay, String) {
    let twilio = MockServer::start().await;
    let created = json!({"sid": "SM11111111111111111111111111111111", "status": "queued"});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(201).set_body_json(created))
        .mount(&twilio)
        .await;
    let vars = vec![
        ("SMS_PROVIDER", "twilio".to_owned()),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned()),
        ("TWILIO_AUTH_TOKEN", "token".to_owned()),
        ("TWILIO_FROM_NUMBER", "+15005550006".to_owned()),
        ("TWILIO_BASE_URL", twilio.uri()),
        ("PUBLIC_URL", "https://relay.example.com".to_owned()),
    ];
    let relay = TestRelay::with(Start { vars, configured_providers: true, ..Start::default() }).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    let request = &twilio.received_requests().await.unwrap()[0];
    let report =
        url::form_urlencoded::parse(&request.body).find(|(name, _)| name == "StatusCallback").unwrap().1;
    (relay, report.into_owned())
}

/// Twilio's signature over the URL that it was given and the form that it posts.
fn sign(url: &str, form: &BTreeMap<&str, &str>) -> String {
    let text = form.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
    let mac = Hmac::<Sha1>::new_from_slice(b"token").unwrap().chain_update(text);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

async fn report(relay: &TestRelay, public_url: &str, signature: Option<String>) -> u16 {
    let form = BTreeMap::from([
        ("MessageSid", "SM11111111111111111111111111111111"),
        ("MessageStatus", "delivered"),
        ("To", "+15551234567"),
    ]);
    let path = public_url.strip_prefix("https://relay.example.com").unwrap();
    let signature = signature.unwrap_or_else(|| sign(public_url, &form));
    let request =
        relay.http.post(format!("{}{path}", relay.url)).form(&form).header("X-Twilio-Signature", signature);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_report_is_taken_under_the_public_url() {
    let (relay, url) = relay().await;
    assert_eq!(report(&relay, &url, None).await, 204);
    assert_eq!(report(&relay, &url, None).await, 204, "a repeated one is no error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_twilio_did_not_sign_is_refused() {
    let (relay, url) = relay().await;
    assert_eq!(report(&relay, &url, Some("RSOYDt4T1cUTdK1PDd93/VVr8B8=".into())).await, 403);
    assert_eq!(report(&relay, &url, Some(String::new())).await, 403);
    let elsewhere = sign("https://evil.example.com/", &BTreeMap::new());
    assert_eq!(report(&relay, &url, Some(elsewhere)).await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_to_a_provider_or_reference_that_does_not_exist_finds_nothing() {
    let (relay, url) = relay().await;
    for wrong in [
        url.replace("/twilio/", "/vonage/"),
        "https://relay.example.com/callbacks/twilio/../../etc".into(),
        "https://relay.example.com/callbacks/twilio/short".into(),
    ] {
        assert_eq!(report(&relay, &wrong, None).await, 404, "{wrong}");
    }
    // Well formed, well signed, and forgotten since: nothing the provider could do about it.
    let forgotten = format!("https://relay.example.com/callbacks/twilio/{}", "0".repeat(32));
    assert_eq!(report(&relay, &forgotten, None).await, 204);
}
