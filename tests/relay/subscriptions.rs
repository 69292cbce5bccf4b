//! Events that nobody handles are told of at `/readyz` and in the log, and stop nothing.

use crate::harness::{Answer, Start, TestRelay, event, otp, send};
use crate::process::ReadyRelay;
use serde_json::{Value, json};
use wiremock::matchers::{header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const WEBHOOKS: &str = "/projects/cool-sound-1/branches/br-a/auth/webhooks";

/// Neon's API, which answers with this to whoever has the key.
async fn neon_api(reply: ResponseTemplate) -> MockServer {
    let api = MockServer::start().await;
    let asked = Mock::given(path(WEBHOOKS)).and(header("Authorization", "Bearer napi_s3cret"));
    asked.respond_with(reply).mount(&api).await;
    api
}

fn subscribed_to(enabled: bool, events: &[&str]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "enabled": enabled, "enabled_events": events }))
}

fn vars(api: &MockServer) -> Vec<(&'static str, String)> {
    vec![
        ("NEON_API_KEY", "napi_s3cret".to_owned()),
        ("NEON_PROJECT_ID", "cool-sound-1".to_owned()),
        ("NEON_BRANCH_ID", "br-a".to_owned()),
        ("NEON_API_BASE_URL", api.uri()),
    ]
}

async fn relay(api: &MockServer, more: &[(&'static str, &str)]) -> TestRelay {
    let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
    TestRelay::with(Start { vars: vars(api).into_iter().chain(more).collect(), ..Start::default() }).await
}

/// What `/readyz` says once it warns of this many events: Neon is asked in the background.
async fn warned_of(relay: &TestRelay, count: usize) -> Answer {
    loop {
        let answer = relay.get("/readyz").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        if answer.json()["warnings"].as_array().map_or(0, Vec::len) == count {
            return answer;
        }
    }
}

/// Returns once Neon has been asked.
async fn asked(api: &MockServer) {
    while api.received_requests().await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

fn names(answer: &Answer) -> Vec<Value> {
    answer.json()["warnings"].as_array().unwrap().iter().map(|warning| warning["event"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_subscribes_to_what_nobody_handles_is_warned_about_and_served() {
    let events = ["phone_number.verified", "send.magic_link", "user.before_create"];
    let api = neon_api(subscribed_to(true, &events)).await;
    let relay = relay(&api, &[]).await;
    let answer = warned_of(&relay, 2).await;
    assert_eq!(answer.json()["status"], "ready");
    assert_eq!(names(&answer), ["send.magic_link", "user.before_create"]);
    for warning in answer.json()["warnings"].as_array().unwrap() {
        assert!(warning["problem"].as_str().unwrap().contains("set FORWARD_URL"), "{warning}");
    }
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_app_that_handles_them_there_is_nothing_to_warn_about() {
    let api = neon_api(subscribed_to(true, &["send.magic_link", "user.before_create"])).await;
    let relay = relay(&api, &[("FORWARD_URL", "http://127.0.0.1:1/hook")]).await;
    asked(&api).await;
    assert_eq!(relay.get("/readyz").await.text, r#"{"status":"ready"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_disabled_subscribes_to_nothing() {
    let api = neon_api(subscribed_to(false, &["send.magic_link"])).await;
    let relay = relay(&api, &[]).await;
    asked(&api).await;
    assert_eq!(relay.get("/readyz").await.text, r#"{"status":"ready"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_came_and_that_nobody_handles_is_warned_about_without_the_api() {
    let relay = TestRelay::start().await;
    assert_eq!(relay.deliver(&event("send.magic_link")).await.error(), (422, "no_delivery_channel".into()));
    assert_eq!(names(&warned_of(&relay, 1).await), ["send.magic_link"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_learn_how_many_events_nobody_handles_and_not_which() {
    let relay = TestRelay::start().await;
    relay.deliver(&event("send.magic_link")).await;
    warned_of(&relay, 1).await;
    for header in ["X-Forwarded-For", "Forwarded", "Via"] {
        let request = relay.http.get(format!("{}/readyz", relay.url)).header(header, "192.0.2.1");
        assert_eq!(send(request).await.json(), json!({"status": "ready", "warnings": 1}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_refuses_the_key_makes_no_server_unready() {
    let api = neon_api(ResponseTemplate::new(401).set_body_string("napi_s3cret is no key")).await;
    let relay = relay(&api, &[]).await;
    asked(&api).await;
    assert_eq!(relay.get("/readyz").await.text, r#"{"status":"ready"}"#);
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_each_event_and_an_api_that_fails_and_not_the_key() {
    let good = neon_api(subscribed_to(true, &["send.magic_link", "user.before_create"])).await;
    let bad = neon_api(ResponseTemplate::new(401).set_body_string("napi_s3cret is no key")).await;
    for (api, words) in [
        (&good, &["send.magic_link", "user.before_create"][..]),
        (&bad, &["Neon's API refuses NEON_API_KEY"]),
    ] {
        let mut all = vec![("SMS_PROVIDER", "log"), ("ALLOW_LOG_PROVIDER", "1")];
        let vars = vars(api);
        all.extend(vars.iter().map(|(name, value)| (*name, value.as_str())));
        let relay = ReadyRelay::start(&all).await;
        for words in words {
            assert!(relay.process.wait_for_line(words).contains("WARN"), "{words}");
        }
        relay.process.signal("TERM");
        let (_, output) = relay.process.ended();
        assert!(!output.contains("napi_s3cret"), "{output}");
    }
}
