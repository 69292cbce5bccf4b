//! What `neon-sms-relay doctor` says about a vendor that is neither quite right nor broken.

use crate::process::run;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

const SECRET: &str = "s3cret";

/// The line about this vendor, with these variables and a vendor that answers its check so.
async fn line(name: &str, vars: &[(&str, &str)], check: &str, reply: (u16, Value)) -> String {
    let vendor = MockServer::start().await;
    let reply = ResponseTemplate::new(reply.0).set_body_json(reply.1);
    Mock::given(path(check)).respond_with(reply).mount(&vendor).await;
    let base_url = (format!("{}_BASE_URL", name.to_uppercase()), vendor.uri());
    let vars = [&[("SMS_PROVIDER", name), (&base_url.0, &base_url.1)], vars].concat();
    let output = run(tempfile::tempdir().unwrap().path(), &["doctor"], &vars);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(!table.contains(SECRET), "{table}");
    table.lines().find(|line| line.contains(&format!("  {name}  "))).expect(&table).to_owned()
}

/// Field 33: a key that sends texts and may do nothing else is not a broken one.
#[tokio::test(flavor = "multi_thread")]
async fn a_twilio_key_that_may_not_read_is_a_matter_of_rights_and_no_failure() {
    const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let vars = [
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_API_KEY_SID", "SKbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
        ("TWILIO_API_KEY_SECRET", SECRET),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
    ];
    let check = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    for (status, code, said, expected) in [
        (401, 70051, "Authorization error", "warn"),
        (403, 20003, "Policy evaluation failed", "warn"),
        (401, 20003, "Primary compliance profile is not approved", "warn"),
        (401, 20003, "Authenticate", "FAIL"),
    ] {
        let reply = json!({"code": code, "message": format!("{said} {SECRET}"), "status": status});
        let line = line("twilio", &vars, &check, (status, reply)).await;
        assert!(line.starts_with(expected), "{line}");
        let words = if expected == "warn" { "send --to" } else { "(HTTP 401, vendor code 20003)" };
        assert!(line.contains(words), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_messagebirds_classic_api_is_warned_about() {
    let vars = [("MESSAGEBIRD_ACCESS_KEY", "live_s3cret"), ("MESSAGEBIRD_ORIGINATOR", "Acme")];
    let reply = (200, json!({"payment": "prepaid", "type": "credits", "amount": 9.2}));
    let line = line("messagebird", &vars, "/balance", reply).await;
    assert!(line.starts_with("warn") && line.contains("31 December 2026"), "{line}");
    assert!(line.contains("MESSAGEBIRD_API"), "{line}");
}
