//! Bird's platform v1.

use crate::upstream::Answer;
use crate::vendor::{Vendor, message, to_britain};
use sms_providers::messagebird::{BirdV1, V1Config};
use sms_providers::{FailureKind, ProviderName, SmsProvider};
use url::Url;

macro_rules! fixture {
    ($status:literal, $name:literal) => {
        Answer::new($status, include_str!(concat!("../../../fixtures/messagebird/", $name, ".json")))
    };
}

const V1: Vendor = Vendor {
    name: ProviderName::MessageBird,
    snapshot: "bird_v1",
    schema: include_str!("../../../fixtures/messagebird/v1_request.schema.json"),
    provider,
    steady: str::to_owned,
    senders: (r#""from":"+447700900001""#, r#""from":"Acme""#),
    accepted: fixture!(202, "v1_accepted"),
    accepted_id: "sms_01hzyabcdefghjkmnpqrstvwxy",
    bill: (Some(1), None),
    bad_number: fixture!(422, "v1_invalid_number"),
    opted_out: Some(fixture!(422, "v1_opted_out")),
    bad_credentials: fixture!(401, "v1_bad_credentials"),
    no_balance: fixture!(402, "v1_no_balance"),
    throttled: fixture!(429, "v1_throttled"),
    internal_error: fixture!(500, "v1_internal_error"),
    unavailable: fixture!(503, "v1_unavailable"),
    unknown_code: (fixture!(422, "v1_unknown_code"), FailureKind::Misconfigured),
};

contract!(V1);

fn provider(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    Box::new(BirdV1::new(
        V1Config {
            api_key: "bk_eu1_key-secret".into(),
            from: "Acme".into(),
            senders: to_britain("+447700900001".into()),
            webhook_secret: None,
            base_url,
        },
        http,
    ))
}

/// A resend that came with the key of the first request would be answered like that, and never sent.
#[tokio::test]
async fn two_requests_about_one_text_have_idempotency_keys_of_their_own() {
    for n in [1, 2] {
        let request = V1.request(message().numbered(n)).await;
        let key = format!("\r\nidempotency-key: {}-{n}\r\n", message().idempotency_key);
        assert!(request.contains(&key), "{request}");
    }
}
