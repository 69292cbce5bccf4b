//! What every adapter must make of whatever its vendor says about credentials.

use sms_providers::FailureKind::{self, Misconfigured, Throttled, Unavailable, Unknown};
use sms_providers::client::http_client;
use sms_providers::messagebird::*;
use sms_providers::twilio::{Credentials, Sender, TwilioConfig, TwilioProvider};
use sms_providers::vonage::*;
use sms_providers::{Checked, SendError};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use url::{Position, Url};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

type Check = Pin<Box<dyn Future<Output = Result<Checked, SendError>>>>;

struct Vendor {
    check: fn(Url) -> Check,
    /// The path and the query of the question, and the `Authorization` that goes with it.
    request: (&'static str, &'static str),
    accepted: &'static str,
    refused: &'static str,
}

macro_rules! check {
    ($adapter:ident, $config:expr) => {
        |base_url| {
            let config = $config(base_url);
            Box::pin(async move { $adapter::new(config, http_client().unwrap()).check().await })
        }
    };
}

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../fixtures/", $name, "_credentials.json"))
    };
}

fn twilio(base_url: Url, credentials: Credentials) -> TwilioConfig {
    let sender = Sender::Number("+15557122661".into());
    TwilioConfig {
        account_sid: "AC1".into(),
        credentials,
        auth_token: None,
        sender,
        senders: BTreeMap::new(),
        wants_feedback: false,
        base_url,
    }
}

fn channels(base_url: Url) -> ChannelsConfig {
    let (workspace_id, channel_id) = ("w-1".into(), "c-1".into());
    ChannelsConfig {
        access_key: "access-secret".into(),
        workspace_id,
        channel_id,
        channels: BTreeMap::new(),
        signing_key: None,
        base_url,
    }
}

fn vonage_sms(base_url: Url, auth: SmsAuth) -> SmsConfig {
    SmsConfig {
        api_key: "abcd1234".into(),
        auth,
        from: "Acme".into(),
        senders: BTreeMap::new(),
        wants_reports: false,
        base_url,
    }
}

fn vonage_messages(base_url: Url, auth: MessagesAuth) -> MessagesConfig {
    MessagesConfig { auth, from: "Acme".into(), senders: BTreeMap::new(), wants_reports: false, base_url }
}

fn classic(base_url: Url) -> ClassicConfig {
    let (access_key, originator) = ("access-secret".into(), "Acme".into());
    ClassicConfig { access_key, originator, senders: BTreeMap::new(), wants_reports: false, base_url }
}

fn v1(base_url: Url) -> V1Config {
    V1Config {
        api_key: "bk_us1_secret".into(),
        from: "Acme".into(),
        senders: BTreeMap::new(),
        webhook_secret: None,
        base_url,
    }
}

fn basic(base_url: Url) -> MessagesConfig {
    let auth = MessagesAuth::Basic { api_key: "abcd1234".into(), api_secret: "api-secret".into() };
    vonage_messages(base_url, auth)
}

const TWILIO: Vendor = Vendor {
    check: check!(TwilioProvider, |url| twilio(url, Credentials::AuthToken("token-secret".into()))),
    request: ("/2010-04-01/Accounts/AC1.json", "Basic QUMxOnRva2VuLXNlY3JldA=="),
    accepted: r#"{"sid": "AC1", "status": "active", "type": "Full", "auth_token": "token-secret"}"#,
    refused: fixture!("twilio/bad"),
};

const CHANNELS: Vendor = Vendor {
    check: check!(BirdChannels, channels),
    request: ("/workspaces/w-1/channels/c-1", "AccessKey access-secret"),
    accepted: r#"{"id": "c-1", "status": "active"}"#,
    refused: fixture!("messagebird/channels_bad"),
};

const VENDORS: [Vendor; 7] = [
    TWILIO,
    Vendor {
        check: check!(TwilioProvider, |url| {
            twilio(url, Credentials::ApiKey { sid: "SK1".into(), secret: "key-secret".into() })
        }),
        request: ("/2010-04-01/Accounts/AC1/Messages.json?PageSize=1", "Basic U0sxOmtleS1zZWNyZXQ="),
        accepted: r#"{"messages": [{"body": "Your code is 123456", "to": "+15551234567"}]}"#,
        ..TWILIO
    },
    Vendor {
        check: check!(MessageBirdClassic, classic),
        request: ("/balance", "AccessKey access-secret"),
        accepted: r#"{"payment": "prepaid", "type": "credits", "amount": 9.2}"#,
        refused: fixture!("messagebird/classic_bad"),
    },
    CHANNELS,
    Vendor {
        check: check!(BirdV1, v1),
        request: ("/v1/sms/messages?limit=1", "Bearer bk_us1_secret"),
        accepted: r#"{"data": []}"#,
        refused: fixture!("messagebird/v1_bad"),
    },
    Vendor {
        check: check!(VonageSms, |url| vonage_sms(url, SmsAuth::Secret("api-secret".into()))),
        request: ("/account/get-balance", "Basic YWJjZDEyMzQ6YXBpLXNlY3JldA=="),
        accepted: r#"{"value": 10.17, "autoReload": false}"#,
        refused: r#"{"error-code": "401", "error-code-label": "authentication failed"}"#,
    },
    Vendor {
        check: check!(VonageMessages, basic),
        request: ("/v2/applications?page_size=1", "Basic YWJjZDEyMzQ6YXBpLXNlY3JldA=="),
        accepted: r#"{"total_items": 1}"#,
        refused: fixture!("vonage/messages_bad"),
    },
];

/// Asks a vendor who answers with this; returns the verdict, and holds it to what may be in one.
async fn ask(vendor: &Vendor, status: u16, body: &str) -> Result<Checked, SendError> {
    let server = MockServer::start().await;
    let reply = ResponseTemplate::new(status).set_body_string(body);
    Mock::given(any()).respond_with(reply).mount(&server).await;
    let result = (vendor.check)(server.uri().parse().unwrap()).await;

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    let (path, authorization) = vendor.request;
    assert_eq!(requests[0].method.as_str(), "GET", "nothing is sent");
    assert_eq!(&requests[0].url[Position::BeforePath..], path);
    assert_eq!(requests[0].headers["authorization"], authorization);
    let shown = result.as_ref().map_or_else(|error| format!("{error:?} {error}"), |ok| format!("{ok:?}"));
    for secret in ["secret", "123456", "5551234567", "Refused"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    result
}

async fn kind(vendor: &Vendor, status: u16, body: &str) -> FailureKind {
    ask(vendor, status, body).await.unwrap_err().kind
}

#[tokio::test]
async fn good_credentials_are_accepted_without_a_text() {
    for vendor in &VENDORS {
        assert_eq!(ask(vendor, 200, vendor.accepted).await, Ok(Checked::Accepted), "{}", vendor.request.0);
    }
}

#[tokio::test]
async fn bad_credentials_are_the_operators_to_mend() {
    for vendor in &VENDORS {
        let error = ask(vendor, 401, vendor.refused).await.unwrap_err();
        assert_eq!((error.kind, error.hint.is_some()), (Misconfigured, true), "{}", vendor.request.0);
    }
}

#[tokio::test]
async fn a_vendor_that_is_down_or_is_somebody_else_accepts_nothing() {
    for vendor in &VENDORS {
        assert_eq!(kind(vendor, 503, "").await, Unknown);
        assert_eq!(kind(vendor, 429, "").await, Throttled);
        assert_eq!(kind(vendor, 200, "<html>Welcome to the hotel's Wi-Fi</html>").await, Unknown);
        // Nobody listens there.
        let error = (vendor.check)("http://127.0.0.1:1".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind, Unavailable);
    }
}

#[tokio::test]
async fn good_credentials_of_an_account_or_a_channel_that_cannot_send_are_not_enough() {
    for (vendor, body) in [
        (&TWILIO, r#"{"sid": "AC1", "status": "suspended"}"#),
        (&CHANNELS, r#"{"id": "c-1", "status": "pending"}"#),
    ] {
        let error = ask(vendor, 200, body).await.unwrap_err();
        assert_eq!((error.kind, error.hint.is_some()), (Misconfigured, true));
    }
}

/// Field 33: a key that may send texts and nothing else is what careful people make.
#[tokio::test]
async fn credentials_that_are_known_and_may_not_look_are_told_apart_from_wrong_ones() {
    let of = |code: u32, message: &str| format!(r#"{{"code": {code}, "message": "{message}"}}"#);
    for (status, body) in [
        (401, of(70051, "Authorization error")),
        (403, of(70051, "Authorization error")),
        (403, of(20003, "Policy evaluation failed")),
        (401, of(20003, "Primary compliance profile is not approved")),
    ] {
        for vendor in &VENDORS[..2] {
            assert!(
                matches!(ask(vendor, status, &body).await, Ok(Checked::MayNotRead(_))),
                "{status} {body}"
            );
        }
    }
    let error = ask(&VENDORS[1], 401, &of(20003, "Authenticate")).await.unwrap_err();
    assert_eq!((error.kind, error.http_status), (Misconfigured, Some(401)));
}

#[tokio::test]
async fn what_a_vendor_has_nothing_to_ask_about_is_told_apart() {
    let nobody: Url = "http://127.0.0.1:1".parse().unwrap();
    let signature = Signature { secret: "secret".into(), method: SignatureMethod::Sha256 };
    let signed =
        VonageSms::new(vonage_sms(nobody.clone(), SmsAuth::Signed(signature)), http_client().unwrap());
    assert!(matches!(signed.check().await, Ok(Checked::NotOffered(_))));

    let pem = include_str!("../../../fixtures/vonage/application.pem");
    let key = ApplicationKey::from_pem(&pem.into()).unwrap();
    let auth = MessagesAuth::Application { id: "78d335fa".into(), key };
    let application = VonageMessages::new(vonage_messages(nobody, auth), http_client().unwrap());
    assert!(matches!(application.check().await, Ok(Checked::NotOffered(_))));

    // A region that has the Messages API and not the list of applications.
    assert!(matches!(ask(&VENDORS[6], 404, "").await, Ok(Checked::NotOffered(_))));
}
