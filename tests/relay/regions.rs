//! Where a text goes decides who sends it, from which sender, and what it says.

use crate::harness::{Start, TestRelay, otp};
use crate::process::run;
use crate::twilio::{Form, Twilio};
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Vonage's SMS API, as far as the relay can tell.
struct Vonage(MockServer);

impl Vonage {
    /// One that takes every text.
    async fn that_accepts() -> Self {
        let server = MockServer::start().await;
        let taken = json!({"message-count": "1", "messages": [{"status": "0", "message-id": "0A01"}]});
        let reply = ResponseTemplate::new(200).set_body_json(taken);
        Mock::given(any()).respond_with(reply).mount(&server).await;
        Self(server)
    }

    fn vars(&self) -> Vec<(&'static str, String)> {
        let plain =
            [("VONAGE_API_KEY", "abcd1234"), ("VONAGE_API_SECRET", "s3cret"), ("VONAGE_FROM", "Acme")];
        let plain = plain.into_iter().map(|(name, value)| (name, value.to_owned()));
        plain.chain([("VONAGE_BASE_URL", self.0.uri())]).collect()
    }

    async fn texts(&self) -> Vec<Form> {
        let requests = self.0.received_requests().await.unwrap();
        let form = |body: &[u8]| url::form_urlencoded::parse(body).into_owned().collect();
        requests.iter().map(|request| form(&request.body)).collect()
    }
}

/// Twilio sends everywhere but to Germany, where Vonage does.
fn vars(twilio: &Twilio, vonage: &Vonage) -> Vec<(&'static str, String)> {
    let regional = [
        // One number is written in two ways, and another one costs nothing to call.
        ("SMS_PROVIDER_DE", "vonage,twilio"),
        ("VONAGE_FROM_DE", "AcmeDE"),
        ("SMS_TEMPLATE_DE", "Dein Code: {{ code }}"),
        ("TWILIO_FROM_NUMBER_GB", "+442079460958"),
        ("TWILIO_FROM_NUMBER_AG", "Antigua"),
    ];
    let regional = regional.into_iter().map(|(name, value)| (name, value.to_owned()));
    twilio.vars().into_iter().chain(vonage.vars()).chain(regional).collect()
}

async fn world() -> (TestRelay, Twilio, Vonage) {
    let (twilio, vonage) = (Twilio::that_accepts().await, Vonage::that_accepts().await);
    let start = Start { vars: vars(&twilio, &vonage), configured_providers: true, ..Start::default() };
    (TestRelay::with(start).await, twilio, vonage)
}

async fn send(relay: &TestRelay, number: &str) -> String {
    let answer = relay.deliver(&otp(|body| body["user"]["phone_number"] = json!(number))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["provider"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_country_with_an_order_of_its_own_gets_its_vendor_its_sender_and_its_text_and_others_the_general_ones()
 {
    let (relay, twilio, vonage) = world().await;
    assert_eq!(send(&relay, "+4915112345678").await, "vonage");
    assert_eq!(send(&relay, "+12025550123").await, "twilio");
    // Of no country.
    assert_eq!(send(&relay, "+80012345678").await, "twilio");
    let german = &vonage.texts().await[0];
    assert_eq!((german["from"].as_str(), german["text"].as_str()), ("AcmeDE", "Dein Code: 042137"));
    assert_eq!(vonage.texts().await.len(), 1);
    for text in twilio.texts().await {
        assert_eq!(text["From"], "+15005550006");
        assert!(text["Body"].starts_with("Your My SaaS App code is 042137."), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_country_follows_from_the_whole_number_and_an_unknown_range_counts_for_the_main_one() {
    let (relay, twilio, _vonage) = world().await;
    for (number, sender) in [
        ("+447700900123", "+442079460958"),
        ("+4407700900123", "+442079460958"),
        ("+12684641234", "Antigua"),
        ("+15551234567", "+15005550006"),
        ("+447797712345", "+15005550006"),
    ] {
        send(&relay, number).await;
        assert_eq!(twilio.texts().await.last().unwrap()["From"], sender, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impossible_number_of_a_country_costs_nothing() {
    let (relay, twilio, vonage) = world().await;
    for number in ["+1268464", "+12684641234567", "+999123456789"] {
        let answer = relay.deliver(&otp(|body| body["user"]["phone_number"] = json!(number))).await;
        assert_eq!(answer.error(), (422, "invalid_phone_number".into()), "{number}");
    }
    assert_eq!((twilio.texts().await.len(), vonage.texts().await.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_text_goes_the_way_of_its_country() {
    let (twilio, vonage) = (Twilio::that_accepts().await, Vonage::that_accepts().await);
    let vars = vars(&twilio, &vonage);
    let vars: Vec<_> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["send", "--to", "+4915112345678"], &vars);
    assert!(said.status.success(), "{said:?}");
    let texts = vonage.texts().await;
    assert_eq!((texts[0]["from"].as_str(), texts[0]["text"].as_str()), ("AcmeDE", "Dein Code: 000000"));
    assert_eq!(twilio.texts().await.len(), 0);
}

#[test]
fn a_server_names_every_fault_of_its_countries_at_once_and_exits() {
    let folder = tempfile::tempdir().unwrap();
    let vars = [
        ("NEON_AUTH_URL", "https://ep-x.neon.tech/neondb/auth"),
        ("SMS_PROVIDER", "log"),
        ("ALLOW_LOG_PROVIDER", "1"),
        ("SMS_PROVIDER_UK", "log"),
        ("SMS_PROVIDER_DE", "vonage,log"),
        ("SMS_TEMPLATE_FR", "s3cret"),
    ];
    let output = run(folder.path(), &["serve"], &vars);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for words in [
        "SMS_PROVIDER_UK is of a country that does not exist",
        "is GB for the United Kingdom",
        "SMS_PROVIDER_DE names vonage, which cannot be used",
        "VONAGE_API_KEY is missing",
        "SMS_TEMPLATE_FR does not print",
    ] {
        assert!(said.contains(words), "{words} in: {said}");
    }
    assert!(!said.contains("s3cret"), "{said}");
}
