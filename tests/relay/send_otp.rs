//! A code that Neon hands over reaches a phone; every other event gets its documented answer.

use crate::harness::{NUMBER, TestRelay, event, otp};
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::{Value, json};
use sms_providers::{FailureKind, SendError};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_send_otp_becomes_one_sms() {
    let relay = TestRelay::start().await;
    let answer = relay.deliver(&otp(|_| {})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"status": "accepted", "provider": "stub", "message_id": "stub-1"}));
    let sent = relay.stub.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to.as_e164(), NUMBER);
    assert_eq!(sent[0].body.expose(), "Your My SaaS App code is 042137. It expires in 5 min.");
    assert!(sent[0].expires_in > Duration::from_secs(290) && sent[0].expires_in <= Duration::from_secs(300));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_follows_the_operators_template() {
    let relay = TestRelay::with_vars([
        ("SMS_TEMPLATE", "{{ app }} {{ otp_type }}: {{ code }}"),
        ("APP_NAME", "Acme"),
        ("SMS_WEB_OTP_DOMAIN", "acme.example"),
    ])
    .await;
    relay.deliver(&otp(|_| {})).await;
    assert_eq!(relay.stub.sent()[0].body.expose(), "Acme sign-in: 042137\n\n@acme.example #042137");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_otp_without_a_preference_goes_to_a_user_who_has_only_a_number() {
    let relay = TestRelay::start().await;
    let answer = relay.deliver(&otp(|body| body["event_data"]["delivery_preference"] = Value::Null)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(relay.stub.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_delivers_is_never_acknowledged() {
    let relay = TestRelay::start().await;
    let email = otp(|body| body["event_data"]["delivery_preference"] = json!("email"));
    let unknown = otp(|body| body["event_data"]["delivery_preference"] = json!("whatsapp"));
    let either = otp(|body| {
        body["event_data"]["delivery_preference"] = Value::Null;
        body["user"]["email"] = json!("a@example.com");
    });
    for body in [email, unknown, either, event("send.magic_link")] {
        assert_eq!(relay.deliver(&body).await.error(), (422, "no_delivery_channel".into()), "{body}");
    }
    relay.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_without_a_message_are_acknowledged() {
    let relay = TestRelay::start().await;
    for name in [
        "phone_number.verified",
        "user.created",
        "organization.invitation.created",
        "organization.invitation.accepted",
        "passkey.created",
    ] {
        let answer = relay.deliver(&event(name)).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"status": "accepted"})), "{name}");
    }
    relay.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_is_denied_unless_the_operator_allows_it() {
    let closed = TestRelay::start().await;
    let answer = closed.deliver(&event("user.before_create")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["allowed"], false);
    assert_eq!(answer.json()["error_code"], "SIGNUP_HANDLER_MISSING");
    assert!(answer.json()["error_message"].as_str().unwrap().len() <= 500);

    let open = TestRelay::with_vars([("BEFORE_CREATE", "allow")]).await;
    assert_eq!(open.deliver(&event("user.before_create")).await.json(), json!({"allowed": true}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_sent_is_refused_at_once() {
    let relay = TestRelay::start().await;
    let expires = |after| SystemClock.now().plus(Duration::from_secs(after)).to_rfc3339();
    let (expired, dying) = (SystemClock.now().minus(Duration::from_secs(1)).to_rfc3339(), expires(9));
    let cases: [(&str, Value, &str); 12] = [
        ("/user/phone_number", Value::Null, "no_phone_number"),
        ("/user/phone_number", json!("15551234567"), "invalid_phone_number"),
        ("/user/phone_number", json!("+1 555 123 4567"), "invalid_phone_number"),
        ("/user/phone_number", json!(15_551_234_567_u64), "invalid_phone_number"),
        // Of E.164's form, and yet no number: too short, too long, no country's.
        ("/user/phone_number", json!("+15551234"), "invalid_phone_number"),
        ("/user/phone_number", json!("+155512345678"), "invalid_phone_number"),
        ("/user/phone_number", json!("+999123456789"), "invalid_phone_number"),
        ("/event_data/otp_code", json!("12345"), "invalid_code"),
        ("/event_data/otp_code", json!("12345a"), "invalid_code"),
        ("/event_data/otp_code", json!("1234567"), "invalid_code"),
        ("/event_data/expires_at", json!(expired), "code_expired"),
        ("/event_data/expires_at", json!(dying), "code_expired"),
    ];
    for (field, value, code) in cases {
        let body = otp(|body| *body.pointer_mut(field).unwrap() = value.clone());
        assert_eq!(relay.deliver(&body).await.error(), (422, code.into()), "{field} = {value}");
    }
    relay.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verdict_of_the_provider_has_its_answer() {
    for (kind, expected) in [
        (FailureKind::BadRecipient, (422, "number_refused")),
        (FailureKind::OptedOut, (422, "opted_out")),
        (FailureKind::FraudHeld, (422, "number_refused")),
        (FailureKind::Unreachable, (422, "number_unreachable")),
        (FailureKind::Misconfigured, (424, "providers_misconfigured")),
        (FailureKind::Throttled, (503, "providers_unavailable")),
        (FailureKind::Unavailable, (503, "providers_unavailable")),
        (FailureKind::Unknown, (503, "no_verdict")),
    ] {
        let relay = TestRelay::start().await;
        relay.stub.answer(Err(SendError::new(kind)));
        let (status, code) = relay.deliver(&otp(|_| {})).await.error();
        assert_eq!((status, code.as_str()), expected, "{kind}");
    }
}
