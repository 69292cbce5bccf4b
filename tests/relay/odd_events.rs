//! Events that are not quite as Neon documents them today.

use crate::app_stub::AppStub;
use crate::harness::{CODE, TestRelay, event, otp, send};
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::json;
use wiremock::ResponseTemplate;

/// Field 31: Neon learns to send by another way, and the branch subscribes to it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_sent_by_a_way_to_come_is_never_acknowledged_and_lost() {
    let relay = TestRelay::start().await;
    for name in ["send.whatsapp", "send.push"] {
        let answer = relay.deliver(&event(name)).await;
        assert_eq!(answer.error(), (422, "no_delivery_channel".into()), "{name}");
    }
    relay.assert_unharmed().await;

    let said = json!({"by": "the app"});
    let app = AppStub::answering(ResponseTemplate::new(200).set_body_json(&said)).await;
    let relay = app.relay().await;
    let answer = relay.deliver(&event("send.whatsapp")).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, said));
    assert_eq!(app.requests().await.len(), 1);
}

/// JavaScript has cut the project's name in the middle of an emoji.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_character_in_the_projects_name_costs_no_code_and_is_not_shown() {
    let relay = TestRelay::start().await;
    let body = otp(|_| {}).to_string().replace("My SaaS App", r"My App \ud83d");
    let answer = send(relay.signed_request(&relay.signer, SystemClock.now(), body.as_bytes())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let text = relay.stub.sent()[0].body.expose().to_owned();
    assert_eq!(text, format!("Your My App code is {CODE}. It expires in 5 min."));
}

/// Somebody has given their project a name that is read backwards, or in part.
#[tokio::test(flavor = "multi_thread")]
async fn letters_that_nobody_sees_in_the_projects_name_do_not_reach_the_phone() {
    let relay = TestRelay::start().await;
    let body = otp(|body| body["context"]["project_name"] = json!("\u{202e}My\u{200b} \u{2066}App\u{7}"));
    assert_eq!(relay.deliver(&body).await.status, 200);
    let text = relay.stub.sent()[0].body.expose().to_owned();
    assert!(text.starts_with("Your My App code is "), "{text:?}");
}
