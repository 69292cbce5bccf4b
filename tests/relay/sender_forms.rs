//! Senders reach each vendor in the form that it writes numbers in.

use crate::process::run;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// What the vendor was posted when a test text was sent with these variables, and what the command said.
async fn posted(vars: &[(&str, &str)]) -> (Vec<(String, String)>, String) {
    let vendor = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(201)).mount(&vendor).await;
    let uri = vendor.uri();
    let vars = [vars, &[("TWILIO_BASE_URL", uri.as_str()), ("VONAGE_BASE_URL", &uri)]].concat();
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["send", "--to", "+15551234567"], &vars);
    let said = String::from_utf8(output.stderr).unwrap();
    let requests = vendor.received_requests().await.unwrap();
    assert!(!requests.is_empty(), "{said}");
    (url::form_urlencoded::parse(&requests[0].body).into_owned().collect(), said)
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    &form.iter().find(|(other, _)| other == name).unwrap().1
}

/// Field 10: each vendor gets the sender as it writes numbers, however it was set.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_is_posted_as_its_vendor_writes_numbers() {
    let vonage = [("SMS_PROVIDER", "vonage"), ("VONAGE_API_KEY", "k"), ("VONAGE_API_SECRET", "s3cret")];
    for from in ["+15005550006", "15005550006", "+1 (500) 555-0006"] {
        let (form, _) = posted(&[&vonage[..], &[("VONAGE_FROM", from)]].concat()).await;
        assert_eq!(field(&form, "from"), "15005550006", "{from}");
    }
    let twilio = [
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "s3cret"),
    ];
    for (from, warned) in [("15005550006", true), ("+1 500 555 0006", false)] {
        let (form, said) = posted(&[&twilio[..], &[("TWILIO_FROM_NUMBER", from)]].concat()).await;
        assert_eq!(field(&form, "From"), "+15005550006", "{from}");
        assert_eq!(said.contains("TWILIO_FROM_NUMBER is taken for a number"), warned, "{said}");
    }
}
