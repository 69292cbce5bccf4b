//! Signing up and in by e-mail, and whoever is signed in.

use super::*;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};

const AUTH: &str = "/neondb/auth";
const PASSWORD: &str = "correct horse";

impl Dev {
    async fn auth(&self, path: &str, body: &Value, cookie: &str) -> Answer {
        Answer::of(self.post(&format!("{AUTH}{path}"), body).header("cookie", cookie)).await
    }

    async fn sign_up(&self, email: &str) -> Answer {
        self.auth("/sign-up/email", &json!({ "name": "Ada", "email": email, "password": PASSWORD }), "").await
    }

    async fn look(&self, path: &str, cookie: &str) -> Answer {
        Answer::of(self.get(&format!("{AUTH}{path}")).header("cookie", cookie)).await
    }

    async fn link(&self, number: &str, cookie: &str) -> Answer {
        self.send_otp(number).await;
        let body = json!({ "phoneNumber": number, "code": self.code().await, "updatePhoneNumber": true });
        self.auth("/phone-number/verify", &body, cookie).await
    }
}

#[tokio::test]
async fn somebody_signs_up_links_a_number_signs_out_and_signs_in_by_it_also_where_neon_is_strict() {
    let dev = Dev::strict().await;
    let new = dev.sign_up("Ada@Example.com").await;
    assert_eq!(new.status, 200, "{}", new.body);
    let user = &new.body["user"];
    assert_eq!((&user["email"], &user["emailVerified"]), (&json!("ada@example.com"), &json!(false)));
    assert_eq!((&user["phoneNumber"], &user["image"]), (&Value::Null, &Value::Null));
    let linked = dev.link(NUMBER, new.session()).await;
    assert_eq!(linked.body["user"]["phoneNumber"], NUMBER);
    assert_eq!(linked.body["user"]["phoneNumberVerified"], true);
    dev.auth("/sign-out", &json!({}), new.session()).await;
    assert_eq!(dev.look("/get-session", new.session()).await.body, Value::Null);
    let back = dev.sign_in(NUMBER).await;
    assert_eq!(back.body["user"]["id"], user["id"]);
    let by_email = json!({ "email": "ADA@example.com", "password": PASSWORD });
    let by_email = dev.auth("/sign-in/email", &by_email, "").await;
    assert_eq!((&by_email.body["redirect"], &by_email.body["user"]["id"]), (&json!(false), &user["id"]));
}

#[tokio::test]
async fn where_it_is_strict_a_number_that_nobody_has_linked_cannot_sign_in() {
    let dev = Dev::strict().await;
    let refused = dev.sign_in(NUMBER).await;
    assert_eq!(refused.error(), (500, "FAILED_TO_UPDATE_USER"));
    assert_eq!(refused.cookie, None);
}

#[tokio::test]
async fn a_new_user_is_told_to_the_webhook() {
    let dev = Dev::start().await;
    dev.sign_up("ada@example.com").await;
    dev.finish_background_work().await;
    let event = &dev.events().await[0];
    assert_eq!(
        (&event["event_type"], &event["user"]["email"]),
        (&json!("user.created"), &json!("ada@example.com"))
    );
    assert_eq!(event["user"].get("phone_number"), None);
}

#[tokio::test]
async fn wrong_sign_ups_and_sign_ins_answer_in_better_auths_words() {
    let dev = Dev::start().await;
    dev.sign_up("ada@example.com").await;
    assert_eq!(dev.sign_up("ada@example.com").await.error(), (422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"));
    let short = json!({ "name": "B", "email": "b@example.com", "password": "short" });
    assert_eq!(dev.auth("/sign-up/email", &short, "").await.error(), (400, "PASSWORD_TOO_SHORT"));
    let long = json!({ "name": "B", "email": "b@example.com", "password": "x".repeat(129) });
    assert_eq!(dev.auth("/sign-up/email", &long, "").await.error(), (400, "PASSWORD_TOO_LONG"));
    for (email, password, error) in [
        ("ada@example.com", "wrong horse", (401, "INVALID_EMAIL_OR_PASSWORD")),
        ("bob@example.com", PASSWORD, (401, "INVALID_EMAIL_OR_PASSWORD")),
        ("bob", PASSWORD, (400, "INVALID_EMAIL")),
    ] {
        let body = json!({ "email": email, "password": password });
        assert_eq!(dev.auth("/sign-in/email", &body, "").await.error(), error);
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_the_fields_is_said_at_once() {
    let dev = Dev::start().await;
    let wrong =
        dev.auth("/sign-up/email", &json!({ "email": "ada", "rememberMe": 1, "name": null }), "").await;
    assert_eq!(wrong.error(), (400, "VALIDATION_ERROR"));
    let sentences = "[body.name] Invalid input: expected string, received null; [body.email] Invalid email address; \
                     [body.password] Invalid input: expected string, received undefined; \
                     [body.rememberMe] Invalid input: expected boolean, received number";
    assert_eq!(wrong.body["message"], sentences);
}

#[tokio::test]
async fn a_session_that_is_not_to_be_remembered_ends_with_the_browser_or_after_a_day() {
    let dev = Dev::start().await;
    dev.sign_up("ada@example.com").await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "rememberMe": false });
    let known = dev.auth("/sign-in/email", &body, "").await;
    assert!(!known.cookie.as_ref().unwrap().contains("Max-Age"), "{:?}", known.cookie);
    assert!(dev.look("/get-session", known.session()).await.body.is_object());
    dev.clock.advance(Duration::from_secs(24 * 3600 + 1));
    assert_eq!(dev.look("/get-session", known.session()).await.body, Value::Null);
}

#[tokio::test]
async fn a_name_and_a_picture_can_be_changed_and_nothing_else() {
    let dev = Dev::start().await;
    let new = dev.sign_up("ada@example.com").await;
    let change = json!({ "name": "Ada L", "image": "https://example.com/a.png" });
    assert_eq!(dev.auth("/update-user", &change, new.session()).await.body, json!({ "status": true }));
    let session = dev.look("/get-session", new.session()).await.body;
    assert_eq!((&session["user"]["name"], &session["user"]["image"]), (&change["name"], &change["image"]));
    dev.auth("/update-user", &json!({ "image": null }), new.session()).await;
    assert_eq!(dev.look("/get-session", new.session()).await.body["user"]["image"], Value::Null);
    for (body, cookie, error) in [
        (json!({ "email": "x@example.com" }), new.session(), (400, "EMAIL_CAN_NOT_BE_UPDATED")),
        (json!({ "phoneNumber": NUMBER }), new.session(), (400, "PHONE_NUMBER_CANNOT_BE_UPDATED")),
        (json!({ "phoneNumberVerified": true }), new.session(), (400, "FIELD_NOT_ALLOWED")),
        (json!({ "name": "x" }), "", (401, "UNAUTHORIZED")),
    ] {
        assert_eq!(dev.auth("/update-user", &body, cookie).await.error(), error, "{body}");
    }
    let nothing = dev.auth("/update-user", &json!({}), new.session()).await;
    assert_eq!((nothing.status.as_u16(), nothing.body), (400, json!({ "message": "No fields to update" })));
}

#[tokio::test]
async fn the_token_of_a_session_is_signed_by_a_key_of_the_jwks_and_says_who_it_is() {
    let dev = Dev::start().await;
    let new = dev.sign_up("ada@example.com").await;
    let token = dev.look("/token", new.session()).await.body["token"].as_str().unwrap().to_owned();
    let jwks = dev.look("/.well-known/jwks.json", "").await.body;
    let [header, claims, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let json = |part: &str| serde_json::from_slice::<Value>(&BASE64URL.decode(part).unwrap()).unwrap();
    assert_eq!((&json(header)["alg"], &json(header)["kid"]), (&json!("EdDSA"), &jwks["keys"][0]["kid"]));
    let x = BASE64URL.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    let key = VerifyingKey::from_bytes(&x.try_into().unwrap()).unwrap();
    let signature = Signature::from_slice(&BASE64URL.decode(signature).unwrap()).unwrap();
    key.verify(format!("{header}.{claims}").as_bytes(), &signature).unwrap();
    let claims = json(claims);
    assert_eq!((&claims["sub"], &claims["email"]), (&new.body["user"]["id"], &json!("ada@example.com")));
    let origin = dev.server.neon_url().origin().ascii_serialization();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(origin), &json!(origin)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);

    let session = dev.get("/neondb/auth/get-session").header("cookie", new.session()).send().await.unwrap();
    assert_eq!(session.headers()["set-auth-jwt"], token.as_str());
    assert_eq!(dev.look("/get-jwt-token", new.session()).await.body["token"], token);
    assert_eq!(dev.look("/token", "").await.error(), (401, "UNAUTHORIZED"));
}

#[tokio::test]
async fn a_session_may_be_carried_as_a_bearer_token_and_all_of_a_users_are_listed() {
    let dev = Dev::start().await;
    let new = dev.sign_up("ada@example.com").await;
    let token = new.body["token"].as_str().unwrap();
    let session = dev.get("/neondb/auth/get-session").bearer_auth(token);
    assert_eq!(Answer::of(session).await.body["session"]["token"], token);
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    dev.auth("/sign-in/email", &body, "").await;
    dev.sign_up("bob@example.com").await;
    let sessions = dev.look("/list-sessions", new.session()).await.body;
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    assert_eq!(sessions[0]["token"], token);
    assert_eq!(dev.look("/list-sessions", "").await.error(), (401, "UNAUTHORIZED"));
}

#[tokio::test]
async fn a_client_that_asks_whether_anybody_is_there_hears_yes() {
    let dev = Dev::start().await;
    assert_eq!(dev.look("/ok", "").await.body, json!({ "ok": true }));
}
