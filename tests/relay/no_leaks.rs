//! At the most talkative setting, over a whole run: no code, number, text or secret in what is written.

use crate::harness::{ENDPOINT, Signer, otp, send};
use crate::process::ReadyRelay;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::{Value, json};
use sha1::Sha1;
use wiremock::matchers::{body_string_contains, header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

const CODE: &str = "907315";
/// Less a last digit, which says what Twilio makes of the number.
const NUMBER: &str = "+1555867530";
const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const TOKEN: &str = "tw1li0-auth-t0ken";
const HASH_KEY: &str = "h4sh-key-of-the-operator";
const WORD_OF_THE_TEXT: &str = "Sesame";
const WORD_OF_THE_VENDOR: &str = "gobbledygook";
const WORD_OF_A_STRANGER: &str = "abracadabra";
const WORD_OF_THE_APP: &str = "hocuspocus";
const FORWARD_SECRET: &str = "f0rward-s3cret";
const TEST_TOKEN: &str = "t35t-numbers-t0ken";
const PASSWORD_OF_THE_APP: &str = "pa55-of-the-app";

/// What Twilio says to the number that ends in this digit; every refusal repeats what it refuses.
fn replies() -> Vec<(char, ResponseTemplate)> {
    let refusal = |status, code| {
        let message = format!("{WORD_OF_THE_VENDOR}: {NUMBER}2 '{WORD_OF_THE_TEXT} {CODE}'");
        let body = json!({"code": code, "message": message, "more_info": message, "status": status});
        ResponseTemplate::new(status).set_body_json(body)
    };
    let created = json!({
        "sid": "SM11111111111111111111111111111111", "status": "queued", "to": format!("{NUMBER}1"),
        "body": format!("{WORD_OF_THE_TEXT} {CODE}")
    });
    let broken = format!("<html>{WORD_OF_THE_VENDOR} {NUMBER}7 {CODE}</html>");
    let elsewhere = format!("http://127.0.0.1:9/{WORD_OF_THE_VENDOR}?to={NUMBER}8&code={CODE}");
    vec![
        ('1', ResponseTemplate::new(201).set_body_json(created)),
        ('2', refusal(400, 21211)),
        ('3', refusal(400, 21610)),
        ('4', refusal(401, 20003)),
        ('5', refusal(429, 20429)),
        ('6', refusal(500, 20500)),
        ('7', ResponseTemplate::new(201).set_body_string(broken)),
        ('8', ResponseTemplate::new(307).insert_header("Location", elsewhere)),
    ]
}

fn event(last_digit: char) -> Value {
    otp(|body| {
        body["user"]["phone_number"] = json!(format!("{NUMBER}{last_digit}"));
        body["event_data"]["otp_code"] = json!(CODE);
    })
}

fn changed(field: &str, value: Value) -> Value {
    let mut body = event('1');
    *body.pointer_mut(field).unwrap() = value;
    body
}

/// Everything that can be wrong with what Neon signed.
async fn deliver_what_is_refused(relay: &ReadyRelay) {
    // Of a branch that does not say its name, and so has no app.
    let mut for_nobody = changed("/event_data/delivery_preference", json!("email"));
    for_nobody["context"] = json!({});
    for body in [
        for_nobody,
        changed("/user/phone_number", json!(NUMBER.trim_start_matches('+'))),
        changed("/user/phone_number", json!([format!("{NUMBER}1")])),
        changed("/event_data/otp_code", json!(format!("{CODE}{CODE}"))),
        changed("/event_data/otp_code", json!({ CODE: CODE })),
        changed("/event_data/expires_at", json!(format!("{WORD_OF_A_STRANGER} {CODE}"))),
        changed("/event_data/expires_at", json!("2020-01-01T00:00:00Z")),
        changed("/event_data/otp_type", json!(format!("{CODE} {NUMBER}1"))),
        changed("/event_type", json!(format!("{CODE}{WORD_OF_A_STRANGER}"))),
        changed("/event_type", json!(format!("{CODE}\n{WORD_OF_A_STRANGER}"))),
        changed("/event_id", json!(format!("{WORD_OF_A_STRANGER} {CODE}\n"))),
        changed("/context/endpoint_id", json!("ep-of-a-preview-branch")),
        json!([event('1')]),
    ] {
        relay.deliver(&body).await;
    }
    let broken = format!("{{\"otp_code\":\"{CODE}\",\"phone_number\":\"{NUMBER}1\" {WORD_OF_A_STRANGER}");
    for body in [broken.as_bytes(), &[0xff, 0xfe, 0x00]] {
        send(relay.signer.add_headers(relay.unsigned(body), SystemClock.now(), body)).await;
    }
}

/// An app that repeats what it is asked, refuses, and redirects; returns its URL too.
async fn app() -> (MockServer, String) {
    let app = MockServer::start().await;
    let said = format!("{WORD_OF_THE_APP} {CODE} {NUMBER}1");
    for (event_type, reply) in [
        ("send.otp", ResponseTemplate::new(200).set_body_string(&said)),
        ("send.magic_link", ResponseTemplate::new(500).set_body_string(&said)),
        (
            "user.before_create",
            ResponseTemplate::new(302).insert_header("Location", format!("/{CODE}").as_str()),
        ),
        ("phone_number.verified", ResponseTemplate::new(503).set_body_string(&said)),
        ("user.created", ResponseTemplate::new(200)),
    ] {
        Mock::given(header("X-Neon-Event-Type", event_type)).respond_with(reply).mount(&app).await;
    }
    let address = app.address().to_string();
    (app, format!("http://relay:{PASSWORD_OF_THE_APP}@{address}/{WORD_OF_THE_APP}"))
}

/// Everything that is not for SMS.
async fn deliver_what_is_forwarded(relay: &ReadyRelay) {
    for (event_type, status) in [
        ("send.otp", 200),
        ("send.magic_link", 500),
        ("user.before_create", 503),
        ("phone_number.verified", 200),
        ("user.created", 200),
    ] {
        let mut body = changed("/event_data/delivery_preference", json!("email"));
        body["event_type"] = json!(event_type);
        body["user"]["id"] = json!(format!("{WORD_OF_A_STRANGER} {event_type}"));
        assert_eq!(relay.deliver(&body).await.status, status, "{event_type}");
    }
}

/// Everything that a stranger can try.
async fn knock_without_the_key(relay: &ReadyRelay) {
    let body = event('1').to_string().into_bytes();
    let now = SystemClock.now();
    let hour = std::time::Duration::from_secs(3600);
    send(relay.unsigned(&body)).await;
    send(Signer::new().add_headers(relay.unsigned(&body), now, &body)).await;
    send(relay.signer.add_headers(relay.unsigned(&body), now.minus(hour), &body)).await;
    let other = changed("/user/phone_number", json!(format!("{NUMBER}2"))).to_string().into_bytes();
    send(relay.signer.add_headers(relay.unsigned(&other), now, &body)).await;
    let odd = relay.unsigned(&body).header("X-Neon-Signature", format!("{WORD_OF_A_STRANGER}..{CODE}"));
    send(odd.header("X-Neon-Signature-Kid", CODE).header("X-Neon-Timestamp", now.as_millis())).await;
    send(relay.unsigned(&[b'9'; 70_000])).await;
    for path in ["", "/webhooks/neon-auth", "/callbacks/vonage/"] {
        relay.get(&format!("{path}/{WORD_OF_A_STRANGER}?code={CODE}&to=%2B{}1", &NUMBER[1..])).await;
    }
}

/// A number that is never texted; whoever asks for its code has the token, or not.
async fn read_a_test_code(relay: &ReadyRelay) {
    assert_eq!(relay.deliver(&event('9')).await.json()["provider"], "test");
    for (token, status) in [(TEST_TOKEN, 200), (CODE, 401)] {
        let request = relay.http.get(format!("{}/test-codes/{NUMBER}9", relay.process.url));
        let answer = send(request.header("Authorization", format!("Bearer {token}"))).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.text.contains(CODE), status == 200);
    }
}

/// A status report that nobody signed, and one as Twilio signs it.
async fn report(relay: &ReadyRelay, public_url: &str) -> [u16; 2] {
    let (to, path) = (format!("{NUMBER}1"), public_url.strip_prefix("https://relay.example.com").unwrap());
    // In the order of their names, which is that of the signature.
    let form = [
        ("Body", CODE),
        ("ErrorMessage", WORD_OF_THE_VENDOR),
        ("MessageSid", "SM11111111111111111111111111111111"),
        ("MessageStatus", "undelivered"),
        ("To", to.as_str()),
    ];
    let text = form.iter().fold(public_url.to_owned(), |text, (name, value)| text + name + value);
    let mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap().chain_update(text).finalize();
    let mut statuses = [0; 2];
    let signatures = [format!("{CODE}{WORD_OF_A_STRANGER}"), BASE64_STANDARD.encode(mac.into_bytes())];
    for (status, signature) in statuses.iter_mut().zip(signatures) {
        let request = relay.http.post(format!("{}{path}", relay.process.url)).form(&form);
        let response = request.header("X-Twilio-Signature", signature).send().await.unwrap();
        *status = response.status().as_u16();
    }
    statuses
}

/// The whole run; returns all that was written.
async fn output_of_a_run(format: &str) -> String {
    let twilio = MockServer::start().await;
    for (last_digit, reply) in replies() {
        let to = format!("To=%2B{}{last_digit}", &NUMBER[1..]);
        Mock::given(method("POST")).and(body_string_contains(to)).respond_with(reply).mount(&twilio).await;
    }
    let (_app, app_url) = app().await;
    let relay = ReadyRelay::start(&[
        ("FORWARD_URL_EP_COOL_SOUND_12345678", &app_url),
        ("FORWARD_SECRET", FORWARD_SECRET),
        ("RUST_LOG", "trace"),
        ("LOG_FORMAT", format),
        ("SMS_PROVIDER", "twilio"),
        ("SMS_TEMPLATE", &format!("{WORD_OF_THE_TEXT} {{{{ code }}}}")),
        ("TWILIO_BASE_URL", &twilio.uri()),
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_AUTH_TOKEN", TOKEN),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
        ("PUBLIC_URL", "https://relay.example.com"),
        ("NEON_ENDPOINT_IDS", ENDPOINT),
        ("HASH_KEY", HASH_KEY),
        ("TEST_NUMBERS", &format!("{NUMBER}9:2099-12-31")),
        ("TEST_NUMBERS_TOKEN", TEST_TOKEN),
    ])
    .await;
    for (last_digit, status) in
        [('1', 200), ('2', 422), ('3', 422), ('4', 424), ('5', 503), ('6', 503), ('7', 503), ('8', 503)]
    {
        let body = event(last_digit);
        assert_eq!(relay.deliver(&body).await.status, status, "{last_digit}");
        assert_eq!(relay.deliver(&body).await.status, status, "{last_digit} again");
    }
    read_a_test_code(&relay).await;
    deliver_what_is_forwarded(&relay).await;
    relay.process.wait_for_line("the app does not take an event from the outbox");
    relay.process.wait_for_line("the app took an event");
    deliver_what_is_refused(&relay).await;
    knock_without_the_key(&relay).await;
    let form = &twilio.received_requests().await.unwrap()[0].body;
    let report_to = url::form_urlencoded::parse(form).find(|(name, _)| name == "StatusCallback").unwrap().1;
    assert_eq!(report(&relay, &format!("{report_to}?to=%2B{}1", &NUMBER[1..])).await, [403, 204]);
    relay.process.signal("TERM");
    relay.process.ended().1
}

/// Without the time and without ids, in which any six digits may turn up by chance.
fn without_times_and_ids(output: &str) -> String {
    let of_an_id = |letter: char| letter.is_ascii_hexdigit() || letter == '-';
    let mut text = String::new();
    for line in output.lines() {
        let start = line.trim_start_matches(r#"{"timestamp":""#);
        let after_time = start.split_once('Z').filter(|(time, _)| time.starts_with("20"));
        let words = after_time.map_or(line, |(_, rest)| rest).split_inclusive(|letter| !of_an_id(letter));
        text.extend(words.filter(|word| word.trim_end_matches(|letter| !of_an_id(letter)).len() < 32));
        text.push('\n');
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_number_text_or_secret_is_ever_written() {
    for format in ["json", "pretty"] {
        let output = output_of_a_run(format).await;
        // The run went through all that it was to go through, and was talked about.
        for reason in [
            "the code was sent",
            "bad_recipient",
            "opted_out",
            "a provider refuses our account",
            "forgets, on a restart",
            "the code was not sent",
            "no_delivery_channel",
            "the app answered",
            "the app refuses an event",
            "it redirects",
            "the app does not take an event from the outbox",
            "invalid_phone_number",
            "invalid_code",
            "code_expired",
            "endpoint_not_allowed",
            "invalid_body",
            "invalid_signature_headers",
            "invalid_signature",
            "stale_timestamp",
            "body_too_large",
            "status callbacks are refused",
            "the code of a test number was kept",
            "codes of test numbers are asked for without the token",
            "stopped",
        ] {
            assert!(output.contains(reason), "{format}: {reason} is not in\n{output}");
        }
        let text = without_times_and_ids(&output);
        let encoded_credentials = BASE64_STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
        for (what, secret) in [
            ("the code", CODE),
            ("the number", NUMBER.trim_start_matches('+')),
            ("the text", WORD_OF_THE_TEXT),
            ("the vendor's words", WORD_OF_THE_VENDOR),
            ("a stranger's words", WORD_OF_A_STRANGER),
            ("the auth token", TOKEN),
            ("the credentials", &encoded_credentials),
            ("the hash key", HASH_KEY),
            ("the token of test numbers", TEST_TOKEN),
            ("the app's words", WORD_OF_THE_APP),
            ("the app's secret", FORWARD_SECRET),
            ("the app's password", PASSWORD_OF_THE_APP),
        ] {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{format}: {what} is written");
        }
    }
}
