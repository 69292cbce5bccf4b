//! What Neon's management API says, and what of it is repeated.

use neon_sms_relay::neon::api::{ApiError, NeonApi, PhoneNumberPlugin};
use serde_json::json;
use sms_providers::NetworkCause;
use sms_providers::client::http_client;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const BRANCH: &str = "/api/v2/projects/cool-sound-1/branches/br-a/auth";

async fn api(reply: ResponseTemplate) -> (NeonApi, MockServer) {
    let server = MockServer::start().await;
    for document in ["webhooks", "plugins/phone-number"] {
        Mock::given(method("GET"))
            .and(path(format!("{BRANCH}/{document}")))
            .and(header("Authorization", "Bearer s3cret"))
            .respond_with(reply.clone())
            .mount(&server)
            .await;
    }
    (of(&format!("{}/api/v2/", server.uri()), "s3cret"), server)
}

fn of(base_url: &str, key: &str) -> NeonApi {
    NeonApi::new(http_client().unwrap(), &base_url.parse().unwrap(), key.into(), "cool-sound-1", "br-a")
}

#[tokio::test]
async fn a_webhook_is_read_whatever_else_neon_says_about_it() {
    let document = json!({
        "enabled": true, "webhook_url": "https://sms.example.com/webhooks/neon-auth", "timeout_seconds": 7,
        "enabled_events": ["send.otp", "passkey.created", "no name\u{1b}[31m"], "signing": {"alg": "EdDSA"},
    });
    let (api, _server) = api(ResponseTemplate::new(200).set_body_json(document)).await;
    let webhook = api.webhook().await.unwrap();
    assert_eq!(webhook.url().unwrap().as_str(), "https://sms.example.com/webhooks/neon-auth");
    assert_eq!(webhook.subscribed(), ["send.otp", "passkey.created"]);
    assert_eq!(webhook.timeout().as_secs(), 7);
    assert_eq!(api.phone_number().await, Ok(PhoneNumberPlugin { enabled: true, otp_expires_in: None }));
}

#[tokio::test]
async fn a_webhook_that_is_disabled_subscribes_to_nothing_and_what_is_unset_has_neons_default() {
    for document in [
        json!({"enabled": false, "enabled_events": ["send.otp"]}),
        json!({"enabled": false, "enabled_events": null, "webhook_url": null, "timeout_seconds": null}),
    ] {
        let (api, _server) = api(ResponseTemplate::new(200).set_body_json(document)).await;
        let webhook = api.webhook().await.unwrap();
        assert_eq!((webhook.subscribed(), webhook.url(), webhook.timeout().as_secs()), (vec![], None, 5));
    }
}

#[tokio::test]
async fn every_other_answer_is_an_error_that_repeats_nothing() {
    let said = |status| ResponseTemplate::new(status).set_body_string("s3cret words");
    let padded = format!(r#"{{"enabled": true{}}}"#, " ".repeat(64 * 1024));
    for (reply, expected) in [
        (said(401), ApiError::Unauthorised),
        (said(403), ApiError::Forbidden),
        (said(404), ApiError::NotFound),
        (said(409), ApiError::Conflict),
        (said(422), ApiError::NotTaken(422)),
        (said(423), ApiError::Locked),
        (said(429), ApiError::Throttled),
        (said(503), ApiError::TheirFailure(503)),
        (said(302).insert_header("Location", "/elsewhere"), ApiError::Status(302)),
        (said(200), ApiError::NotUnderstood),
        (ResponseTemplate::new(200).set_body_json(json!([true])), ApiError::NotUnderstood),
        (ResponseTemplate::new(200).set_body_json(json!({"message": "s3cret"})), ApiError::NotUnderstood),
        (ResponseTemplate::new(200).set_body_string(padded), ApiError::NotUnderstood),
    ] {
        let (api, _server) = api(reply).await;
        let error = api.webhook().await.unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(api.phone_number().await.unwrap_err(), expected);
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
    // Nobody listens there.
    assert_eq!(
        of("http://127.0.0.1:1", "s3cret").webhook().await,
        Err(ApiError::Unreachable(NetworkCause::Refused))
    );
    assert_eq!(of("http://127.0.0.1:1", "a\nb").webhook().await, Err(ApiError::Unauthorised));
}
