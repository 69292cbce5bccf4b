//! MessageBird's classic API.

use crate::upstream::Answer;
use crate::vendor::{Vendor, message, to_britain};
use sms_providers::messagebird::{ClassicConfig, MessageBirdClassic};
use sms_providers::{FailureKind, ProviderName, SmsBody, SmsMessage, SmsProvider};
use url::Url;

macro_rules! fixture {
    ($status:literal, $name:literal) => {
        Answer::new($status, include_str!(concat!("../../../fixtures/messagebird/", $name, ".json")))
    };
}

const CLASSIC: Vendor = Vendor {
    name: ProviderName::MessageBird,
    snapshot: "messagebird_classic",
    schema: include_str!("../../../fixtures/messagebird/classic_request.schema.json"),
    provider: with_reports,
    steady: str::to_owned,
    senders: (r#""originator":"447700900001""#, r#""originator":"Acme""#),
    accepted: fixture!(201, "classic_accepted"),
    accepted_id: "efa6405d518d4c0c88cce11f7db775fb",
    bill: (Some(1), None),
    bad_number: fixture!(422, "classic_invalid_number"),
    // Told by a report later, if at all.
    opted_out: None,
    bad_credentials: fixture!(401, "classic_bad_credentials"),
    no_balance: fixture!(422, "classic_no_balance"),
    throttled: fixture!(429, "classic_throttled"),
    internal_error: fixture!(500, "classic_internal_error"),
    unavailable: Answer::new(503, ""),
    unknown_code: (fixture!(422, "classic_unknown_code"), FailureKind::Misconfigured),
};

contract!(CLASSIC);

fn provider(base_url: Url, http: reqwest::Client, wants_reports: bool) -> Box<dyn SmsProvider> {
    let access_key = "live_access-secret".into();
    Box::new(MessageBirdClassic::new(
        ClassicConfig {
            access_key,
            originator: "Acme".into(),
            senders: to_britain("447700900001".into()),
            wants_reports,
            base_url,
        },
        http,
    ))
}

fn with_reports(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    provider(base_url, http, true)
}

fn without_reports(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    provider(base_url, http, false)
}

#[tokio::test]
async fn without_a_way_to_verify_reports_none_are_asked_for() {
    CLASSIC.assert_request("messagebird_classic_without_report", without_reports, message()).await;
}

#[tokio::test]
async fn a_text_outside_gsm_7_goes_as_unicode() {
    let message = SmsMessage { body: SmsBody::new("Код: 123456"), ..message() };
    CLASSIC.assert_request("messagebird_classic_unicode", with_reports, message).await;
}
