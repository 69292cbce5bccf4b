//! Test numbers: never texted, and their codes read by whoever has the token.

use crate::harness::{Answer, CODE, NUMBER, Start, TestRelay, event, manual_clock, otp, send};
use crate::plugged::Plugged;
use crate::process::run;
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::test_number::end_of_day;
use neon_sms_relay::store::Tallies;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const TEST_NUMBER: &str = "+15550100001";
const OTHER_TEST_NUMBER: &str = "+15550100002";
const TOKEN: &str = "t0ken-of-the-reviewers";
const LIST: &str = "+15550100001:2099-12-31,+15550100002:2099-12-31";

fn vars() -> Vec<(&'static str, String)> {
    vec![("TEST_NUMBERS", LIST.to_owned()), ("TEST_NUMBERS_TOKEN", TOKEN.to_owned())]
}

fn otp_for(number: &str, code: &str) -> Value {
    otp(|body| {
        body["user"]["phone_number"] = json!(number);
        body["event_data"]["otp_code"] = json!(code);
    })
}

impl TestRelay {
    async fn test_code_at(&self, path: &str, authorization: Option<&str>) -> Answer {
        let request = self.http.get(format!("{}/test-codes/{path}", self.url));
        send(match authorization {
            Some(value) => request.header("Authorization", value),
            None => request,
        })
        .await
    }

    /// Asks with the right token.
    async fn test_code_of(&self, number: &str) -> Answer {
        self.test_code_at(number, Some(&format!("Bearer {TOKEN}"))).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_test_number_is_texted_to_nobody_and_read_with_the_token() {
    let relay = TestRelay::with(Start { vars: vars(), ..Start::default() }).await;
    let body = otp_for(TEST_NUMBER, "271828");
    let answer = relay.deliver(&body).await;
    assert_eq!((answer.status.as_u16(), answer.json()["provider"].as_str()), (200, Some("test")));
    for path in [TEST_NUMBER, "%2B15550100001"] {
        let read = relay.test_code_of(path).await;
        let expires_at = body["event_data"]["expires_at"].clone();
        assert_eq!((read.status.as_u16(), read.json()["code"].as_str()), (200, Some("271828")), "{path}");
        // Neon's time to the millisecond, less what the machine took.
        assert_eq!(read.json()["expires_at"].as_str().unwrap()[..15], expires_at.as_str().unwrap()[..15]);
        assert_eq!(read.json().as_object().unwrap().len(), 2);
    }
    assert_eq!(relay.stub.sent().len(), 0);
    // Any other number is texted.
    assert_eq!(relay.deliver(&otp(|_| {})).await.json()["provider"], "stub");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_token_nobody_learns_whether_there_is_a_code() {
    let relay = TestRelay::with(Start { vars: vars(), ..Start::default() }).await;
    relay.deliver(&otp_for(TEST_NUMBER, CODE)).await;
    let longer = format!("Bearer {TOKEN}x");
    let shorter = format!("Bearer {}", &TOKEN[1..]);
    let other_scheme = format!("Basic {TOKEN}");
    let wrong = [None, Some(""), Some("Bearer"), Some("Bearer "), Some(TOKEN)];
    for authorization in
        wrong.into_iter().chain([&longer, &shorter, &other_scheme].map(|text| Some(text.as_str())))
    {
        for path in [TEST_NUMBER, OTHER_TEST_NUMBER, NUMBER, "nonsense"] {
            let answer = relay.test_code_at(path, authorization).await;
            assert_eq!(answer.error(), (401, "invalid_test_token".to_owned()), "{authorization:?}");
        }
    }
    let url = format!("{}/test-codes/{TEST_NUMBER}", relay.url);
    let challenge = relay.http.get(&url).send().await.unwrap();
    assert_eq!(challenge.headers()["www-authenticate"], "Bearer");
    // Nor do other methods help.
    let posted = send(relay.http.post(&url).header("Authorization", format!("Bearer {TOKEN}"))).await;
    assert_eq!(posted.status, 405);
    let shown = send(relay.http.get(&url).header("Authorization", format!("bearer  {TOKEN}"))).await;
    assert_eq!(shown.status, 200, "the scheme is read in any case");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_number_is_listed_there_is_nothing_at_the_path() {
    let relay = TestRelay::start().await;
    assert_eq!(relay.test_code_of(TEST_NUMBER).await.error(), (404, "not_found".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_not_there_or_dead_or_of_no_listed_number_is_not_found() {
    let clock = manual_clock();
    let parts = Parts { clock: Some(clock.clone()), ..Parts::default() };
    let relay = TestRelay::with(Start { vars: vars(), parts, ..Start::default() }).await;
    relay.deliver(&otp_for(TEST_NUMBER, CODE)).await;
    relay.deliver(&otp(|_| {})).await;
    for path in [OTHER_TEST_NUMBER, NUMBER, "nonsense", "15550100001", "%00"] {
        assert_eq!(relay.test_code_of(path).await.error(), (404, "no_test_code".to_owned()), "{path}");
    }
    assert_eq!(relay.test_code_of(TEST_NUMBER).await.status, 200);
    clock.advance(Duration::from_secs(301));
    assert_eq!(relay.test_code_of(TEST_NUMBER).await.error(), (404, "no_test_code".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn once_its_last_day_is_over_a_number_is_texted_like_any_other() {
    let clock = manual_clock();
    clock.set(end_of_day("2026-12-31").unwrap().minus(Duration::from_secs(30)));
    let at = |clock: &dyn neon_sms_relay::domain::Clock, number: &str| {
        let now = clock.now();
        let body = otp(|body| {
            body["user"]["phone_number"] = json!(number);
            body["event_data"]["expires_at"] = json!(now.plus(Duration::from_secs(300)).to_rfc3339());
        });
        (now, body.to_string().into_bytes())
    };
    let vars =
        vec![("TEST_NUMBERS", format!("{TEST_NUMBER}:2026-12-31")), ("TEST_NUMBERS_TOKEN", TOKEN.to_owned())];
    let parts = Parts { clock: Some(clock.clone()), ..Parts::default() };
    let relay = TestRelay::with(Start { vars, parts, ..Start::default() }).await;
    let (now, body) = at(&*clock, TEST_NUMBER);
    assert_eq!(send(relay.signed_request(&relay.signer, now, &body)).await.json()["provider"], "test");
    assert_eq!(relay.test_code_of(TEST_NUMBER).await.status, 200);
    clock.advance(Duration::from_secs(30));
    // Also of a code that still lives.
    assert_eq!(relay.test_code_of(TEST_NUMBER).await.error(), (404, "no_test_code".to_owned()));
    let (now, body) = at(&*clock, TEST_NUMBER);
    assert_eq!(send(relay.signed_request(&relay.signer, now, &body)).await.json()["provider"], "stub");
    assert_eq!(relay.stub.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_instance_says_the_newest_code_and_a_retry_is_replayed() {
    let store = Arc::new(Plugged::default());
    let start = || {
        let parts = Parts { store: Some(store.clone()), ..Parts::default() };
        TestRelay::with(Start { vars: vars(), parts, ..Start::default() })
    };
    let (one, other) = (start().await, start().await);
    let first = otp_for(TEST_NUMBER, "111111");
    assert!(!one.deliver(&first).await.replayed);
    assert_eq!(one.deliver(&otp_for(TEST_NUMBER, "222222")).await.status, 200);
    // Neon's second attempt at the first, which came late.
    let again = one.deliver(&first).await;
    assert_eq!((again.replayed, again.json()["provider"].as_str()), (true, Some("test")));
    for relay in [&one, &other] {
        assert_eq!(relay.test_code_of(TEST_NUMBER).await.json()["code"], "222222");
    }
    assert_eq!(store.asked()["keep_test_code"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_could_not_be_kept_is_asked_for_again() {
    let store = Arc::new(Plugged::default());
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let relay = TestRelay::with(Start { vars: vars(), parts, ..Start::default() }).await;
    let body = otp_for(TEST_NUMBER, CODE);
    store.pull_only(&["keep_test_code", "test_code"]);
    assert_eq!(relay.deliver(&body).await.error(), (503, "store_unavailable".to_owned()));
    assert_eq!(relay.test_code_of(TEST_NUMBER).await.error(), (503, "store_unavailable".to_owned()));
    store.pull(false);
    assert_eq!(relay.deliver(&body).await.json()["provider"], "test");
    assert_eq!(relay.test_code_of(TEST_NUMBER).await.json()["code"], CODE);
    assert_eq!(relay.stub.sent().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_learnt_of_vendors_from_a_test_number() {
    let store = Arc::new(Plugged::default());
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let relay = TestRelay::with(Start { vars: vars(), parts, ..Start::default() }).await;
    for number in [TEST_NUMBER, NUMBER] {
        relay.deliver(&otp_for(number, CODE)).await;
        let mut verified = event("phone_number.verified");
        verified["user"]["phone_number"] = json!(number);
        assert_eq!(relay.deliver(&verified).await.status, 200);
    }
    // What came last is written with, or after, what came first.
    let tallies = loop {
        let tallies = store.store.tallies(0).await.unwrap();
        if tallies.iter().any(|tally| tally.kind == "verified" && tally.detail == "stub") {
            break tallies;
        }
        tokio::task::yield_now().await;
    };
    assert!(tallies.iter().all(|tally| tally.detail == "stub" && tally.count == 1), "{tallies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_the_event_and_nobody_finds_number_or_code_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store_url = format!("sqlite://{}/relay.db", folder.path().display());
    let vars = [vars(), vec![("STORE_URL", store_url.clone())]].concat();
    let relay = TestRelay::with(Start { vars, ..Start::default() }).await;
    relay.deliver(&otp_for(TEST_NUMBER, "271828")).await;
    let mut verified = event("phone_number.verified");
    verified["user"]["phone_number"] = json!(TEST_NUMBER);
    relay.deliver(&verified).await;
    let output = run(folder.path(), &["events", "--json"], &[("STORE_URL", &store_url)]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let told: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sent = told.iter().find(|told| told["event"] == "send.otp").unwrap();
    assert_eq!(
        (&sent["texts"][0]["provider"], &sent["texts"][0]["verdict"]),
        (&json!("test"), &json!("accepted"))
    );
    assert_eq!(sent["texts"][0]["status"], "verified");
    assert!(sent["verified_ms"].is_number(), "{sent}");
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in ["5550100001", "271828"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
        }
    }
}
