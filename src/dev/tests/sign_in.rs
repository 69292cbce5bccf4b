//! Signing in by phone, as a client of Better Auth does.

use super::*;

#[tokio::test]
async fn a_code_signs_its_user_in() {
    let dev = Dev::start().await;
    let sent = dev.send_otp(NUMBER).await;
    assert_eq!((sent.status.as_u16(), &sent.body), (200, &json!({ "message": "code sent" })));
    let event = &dev.events().await[0];
    assert_eq!(event["event_type"], "send.otp");
    assert_eq!(event["user"], json!({ "phone_number": NUMBER }));
    assert_eq!(event["context"]["endpoint_id"], ENDPOINT_ID);
    assert_eq!(event["event_data"]["delivery_preference"], "sms");
    assert_eq!(event["event_data"]["otp_type"], "sign-in");
    let expires_at = event["event_data"]["expires_at"].as_str().unwrap();
    assert_eq!(Timestamp::from_rfc3339(expires_at), Some(NOW.plus(Duration::from_secs(300))));

    let verified = dev.verify(NUMBER, &dev.code().await).await;
    assert_eq!(verified.status, StatusCode::OK);
    assert_eq!(verified.body["status"], true);
    assert_eq!(verified.body["user"]["phoneNumber"], NUMBER);
    assert_eq!(verified.body["user"]["phoneNumberVerified"], true);

    let session = Answer::of(dev.get("/neondb/auth/get-session").header("cookie", verified.session())).await;
    assert_eq!(session.body["session"]["token"], verified.body["token"]);
    assert_eq!(session.body["user"], verified.body["user"]);
}

#[tokio::test]
async fn a_session_cookie_is_kept_from_scripts_and_from_other_sites() {
    let cookie = Dev::start().await.sign_in(NUMBER).await.cookie.unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
}

#[tokio::test]
async fn nobody_is_signed_in_without_a_session_or_after_signing_out() {
    let dev = Dev::start().await;
    let signed_in = dev.sign_in(NUMBER).await;
    let session = || Answer::of(dev.get("/neondb/auth/get-session").header("cookie", signed_in.session()));
    assert_eq!(Answer::of(dev.get("/neondb/auth/get-session")).await.body, Value::Null);
    assert_ne!(session().await.body, Value::Null);
    let sign_out = dev.post("/neondb/auth/sign-out", &json!({})).header("cookie", signed_in.session());
    assert_eq!(Answer::of(sign_out).await.body, json!({ "success": true }));
    assert_eq!(session().await.body, Value::Null);
}

#[tokio::test]
async fn a_session_ends_after_a_week() {
    let dev = Dev::start().await;
    let signed_in = dev.sign_in(NUMBER).await;
    dev.clock.advance(Duration::from_secs(7 * 24 * 3600 + 1));
    let session = dev.get("/neondb/auth/get-session").header("cookie", signed_in.session());
    assert_eq!(Answer::of(session).await.body, Value::Null);
}

#[tokio::test]
async fn the_event_of_a_known_user_says_who_they_are() {
    let dev = Dev::start().await;
    let signed_in = dev.sign_in(NUMBER).await;
    dev.send_otp(NUMBER).await;
    let events = dev.events().await;
    let newest = events.iter().rfind(|event| event["event_type"] == "send.otp").unwrap();
    assert_eq!(newest["user"]["id"], signed_in.body["user"]["id"]);
    assert_eq!(newest["user"]["phone_number"], NUMBER);
}

#[tokio::test]
async fn a_verified_number_is_told_in_the_background() {
    let dev = Dev::start().await;
    dev.sign_in(NUMBER).await;
    dev.finish_background_work().await;
    let event = &dev.events().await[1];
    assert_eq!(event["event_type"], "phone_number.verified");
    assert_eq!(event["user"]["phone_number"], NUMBER);
}

#[tokio::test]
async fn wrong_used_and_expired_codes_answer_in_better_auths_words() {
    let dev = Dev::start().await;
    assert_eq!(dev.verify(NUMBER, "000000").await.error(), (400, "OTP_NOT_FOUND"));
    dev.send_otp(NUMBER).await;
    let (code, wrong) = (dev.code().await, dev.wrong_code().await);
    for _ in 0..3 {
        assert_eq!(dev.verify(NUMBER, wrong).await.error(), (400, "INVALID_OTP"));
    }
    assert_eq!(dev.verify(NUMBER, &code).await.error(), (403, "TOO_MANY_ATTEMPTS"));
    dev.send_otp(NUMBER).await;
    dev.clock.advance(Duration::from_secs(301));
    assert_eq!(dev.verify(NUMBER, &dev.code().await).await.error(), (400, "OTP_EXPIRED"));
    dev.send_otp(NUMBER).await;
    let code = dev.code().await;
    assert_eq!(dev.verify(NUMBER, &code).await.status, StatusCode::OK);
    assert_eq!(dev.verify(NUMBER, &code).await.error(), (400, "OTP_NOT_FOUND"));
}

#[tokio::test]
async fn only_e164_is_sent_to() {
    let dev = Dev::start().await;
    for number in ["", "12025550123", "+1 202 555 0123", "+0123456", "+1234567890123456"] {
        assert_eq!(dev.send_otp(number).await.error(), (400, "INVALID_PHONE_NUMBER"), "{number}");
    }
    assert!(dev.events().await.is_empty());
}

#[tokio::test]
async fn the_eleventh_request_in_a_minute_is_refused_even_if_the_others_were_broken() {
    let dev = Dev::start().await;
    for _ in 0..10 {
        let broken = dev.post("/neondb/auth/phone-number/send-otp", &json!({}));
        assert_eq!(Answer::of(broken).await.error(), (400, "VALIDATION_ERROR"));
    }
    let refused = dev.verify(NUMBER, "000000").await;
    let sentence = json!({ "message": "Too many requests. Please try again later." });
    assert_eq!((refused.status.as_u16(), &refused.body), (429, &sentence));
    assert_eq!(refused.retry_after.as_deref(), Some("60"));
    dev.clock.advance(Duration::from_secs(60));
    assert_eq!(dev.send_otp(NUMBER).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_user_sees_that_the_webhook_did_not_take_the_code() {
    let dev = Dev::with_webhook(ResponseTemplate::new(503)).await;
    assert_eq!(dev.send_otp(NUMBER).await.error(), (500, "FAILED_TO_SEND_OTP"));
    assert_eq!(dev.events().await.len(), 3);
}

#[tokio::test]
async fn whoever_is_signed_in_can_link_a_number_that_is_free() {
    let dev = Dev::start().await;
    let signed_in = dev.sign_in(NUMBER).await;
    let link = async |number: &str, cookie: &str| {
        dev.send_otp(number).await;
        let body = json!({ "phoneNumber": number, "code": dev.code().await, "updatePhoneNumber": true });
        Answer::of(dev.post("/neondb/auth/phone-number/verify", &body).header("cookie", cookie)).await
    };
    assert_eq!(link("+12025550199", "").await.error(), (401, "USER_NOT_FOUND"));
    assert_eq!(link(NUMBER, signed_in.session()).await.error(), (400, "PHONE_NUMBER_EXIST"));
    let linked = link("+12025550199", signed_in.session()).await;
    assert_eq!(linked.body["user"]["id"], signed_in.body["user"]["id"]);
    assert_eq!(linked.body["user"]["phoneNumber"], "+12025550199");
    assert_eq!((&linked.body["token"], linked.cookie), (&signed_in.body["token"], None));
}

#[tokio::test]
async fn a_number_can_be_verified_without_a_session() {
    let dev = Dev::start().await;
    dev.send_otp(NUMBER).await;
    let body = json!({ "phoneNumber": NUMBER, "code": dev.code().await, "disableSession": true });
    let verified = Answer::of(dev.post("/neondb/auth/phone-number/verify", &body)).await;
    assert_eq!((&verified.body["status"], &verified.body["token"]), (&json!(true), &Value::Null));
    assert_eq!(verified.cookie, None);
}

#[tokio::test]
async fn the_public_key_is_where_neon_has_it() {
    let dev = Dev::start().await;
    assert_eq!(dev.server.neon_url().path(), "/neondb/auth");
    let url = format!("{}/.well-known/jwks.json", dev.server.neon_url());
    let jwks: Value = dev.http.get(url).send().await.unwrap().json().await.unwrap();
    let requests = async { dev.webhook.received_requests().await.unwrap() };
    dev.send_otp(NUMBER).await;
    let kid = requests.await[0].headers["X-Neon-Signature-Kid"].to_str().unwrap().to_owned();
    assert_eq!(jwks["keys"][0]["kid"], kid);
}
