//! The API for an app's own tests.

use super::page::message;
use super::*;
use sms_providers::{SmsMessage, SmsProvider};

impl Dev {
    async fn api(&self, method: reqwest::Method, path: &str, body: &Value) -> Answer {
        let url = self.server.inbox_url().join(path).unwrap();
        Answer::of(self.http.request(method, url).json(body)).await
    }

    async fn patch(&self, body: Value) -> Answer {
        self.api(reqwest::Method::PATCH, "/dev/settings", &body).await
    }

    async fn receive(&self, to: &str, body: &str) {
        let text = SmsMessage { to: to.parse().unwrap(), ..message(body) };
        self.server.inbox().send(&text).await.unwrap();
    }

    async fn ids(&self, query: &str) -> Vec<String> {
        let found = Answer::of(self.get(&format!("/dev/messages?{query}"))).await.body;
        found.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn texts_are_found_by_number_and_time() {
    let dev = Dev::start().await;
    dev.receive(NUMBER, "Code 042137").await;
    dev.clock.advance(Duration::from_secs(1));
    dev.receive("+12025550199", "Code 555555").await;
    assert_eq!(dev.ids("").await, ["inbox-2", "inbox-1"]);
    assert_eq!(dev.ids("to=%2B12025550123").await, ["inbox-1"]);
    assert_eq!(dev.ids("to=+12025550123").await, ["inbox-1"]);
    assert_eq!(dev.ids(&format!("since={}", NOW.to_rfc3339())).await, ["inbox-2"]);
    for query in ["since=yesterday", "from=me"] {
        let refused = Answer::of(dev.get(&format!("/dev/messages?{query}"))).await;
        assert_eq!(refused.error(), (400, "INVALID_QUERY"), "{query}");
    }
}

#[tokio::test]
async fn a_text_names_its_code_and_its_event() {
    let dev = Dev::start().await;
    dev.send_otp(NUMBER).await;
    let event = &dev.events().await[0];
    let code = event["event_data"]["otp_code"].as_str().unwrap();
    dev.receive(NUMBER, &format!("Your code is {code}.")).await;
    let text = Answer::of(dev.get("/dev/messages/latest")).await.body;
    assert_eq!((&text["code"], &text["event_id"]), (&json!(code), &event["event_id"]));
    assert_eq!((&text["to"], &text["provider"]), (&json!(NUMBER), &json!("inbox")));
}

#[tokio::test]
async fn whoever_waits_for_a_text_gets_it_when_it_comes() {
    let dev = Dev::start().await;
    dev.receive(NUMBER, "Code 042137").await;
    let latest = Answer::of(dev.get(&format!("/dev/messages/latest?to={NUMBER}"))).await;
    assert_eq!(latest.body["id"], "inbox-1");
    let waiting = Answer::of(dev.get(&format!("/dev/messages/latest?to={NUMBER}&after=inbox-1&wait=60")));
    let (next, ()) = tokio::join!(waiting, async {
        dev.receive("+12025550199", "for somebody else").await;
        dev.receive(NUMBER, "Code 555555").await;
    });
    assert_eq!((&next.body["id"], &next.body["code"]), (&json!("inbox-3"), &json!("555555")));
}

#[tokio::test]
async fn a_text_that_does_not_come_is_said_and_a_wait_that_is_too_long_refused() {
    let dev = Dev::start().await;
    for query in ["", "wait=0", "to=+12025550123&wait=1"] {
        let none = Answer::of(dev.get(&format!("/dev/messages/latest?{query}"))).await;
        assert_eq!(none.error(), (404, "NO_MESSAGE"), "{query}");
    }
    for query in ["wait=61", "wait=-1", "wait=long", "after=7"] {
        let refused = Answer::of(dev.get(&format!("/dev/messages/latest?{query}"))).await;
        assert_eq!(refused.error(), (400, "INVALID_QUERY"), "{query}");
    }
}

#[tokio::test]
async fn those_who_wait_are_let_go_when_the_server_stops() {
    let dev = Dev::start().await;
    let url = dev.server.inbox_url().join("/dev/messages/latest?wait=60").unwrap();
    let http = dev.http.clone();
    let mut stream = dev.get("/dev/stream").send().await.unwrap();
    stream.chunk().await.unwrap();
    let waiting = dev.tasks.spawn(async move { http.get(url).send().await.map(|answer| answer.status()) });
    drop(stream);
    dev.server.stop().await;
    // Cut off or answered, but not waiting.
    let _ = waiting.await.unwrap();
}

#[tokio::test]
async fn texts_can_be_forgotten_and_later_ones_have_later_ids() {
    let dev = Dev::start().await;
    dev.receive(NUMBER, "Code 042137").await;
    let url = dev.server.inbox_url().join("/dev/messages").unwrap();
    assert_eq!(dev.http.delete(url).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(dev.ids("").await, [""; 0]);
    dev.receive(NUMBER, "Code 042137").await;
    assert_eq!(dev.ids("").await, ["inbox-2"]);
}

#[tokio::test]
async fn a_user_of_a_test_is_linked_at_once_and_signs_in_by_phone_where_it_is_strict() {
    let dev = Dev::strict().await;
    let new = json!({ "email": "Ada@example.com", "password": "correct horse", "phone_number": NUMBER });
    let made = Answer::of(dev.post("/dev/users", &new)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(
        (&made.body["user"]["name"], &made.body["user"]["phoneNumber"]),
        (&json!("ada"), &json!(NUMBER))
    );
    assert_eq!(dev.sign_in(NUMBER).await.body["user"]["id"], made.body["user"]["id"]);
    let by_email = json!({ "email": "ada@example.com", "password": "correct horse" });
    assert_eq!(Answer::of(dev.post("/neondb/auth/sign-in/email", &by_email)).await.status, 200);
    for wrong in [
        json!({ "email": "ada@example.com" }),
        json!({ "email": "bob@example.com", "phone_number": NUMBER }),
        json!({ "email": "bob@example.com", "phone_number": "555" }),
        json!({ "email": "bob" }),
        json!({ "email": "bob@example.com", "phoneNumber": "+12025550199" }),
        json!({}),
    ] {
        assert_eq!(Answer::of(dev.post("/dev/users", &wrong)).await.error().0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn settings_hold_from_the_next_request_on() {
    let dev = Dev::start().await;
    let changed = dev.patch(json!({ "otp_expires_in": 11, "strict": true, "rate_limit": 2 })).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!((&changed.body["otp_expires_in"], &changed.body["timeout_seconds"]), (&json!(11), &json!(5)));
    assert_eq!(Answer::of(dev.get("/dev/settings")).await.body, changed.body);
    dev.send_otp(NUMBER).await;
    let code = dev.code().await;
    dev.clock.advance(Duration::from_secs(12));
    assert_eq!(dev.verify(NUMBER, &code).await.error(), (400, "OTP_EXPIRED"));
    assert_eq!(dev.send_otp(NUMBER).await.status, StatusCode::TOO_MANY_REQUESTS);
    dev.patch(json!({ "rate_limit": 0 })).await;
    for _ in 0..11 {
        assert_eq!(dev.send_otp(NUMBER).await.status, StatusCode::OK);
    }
    assert_eq!(dev.verify(NUMBER, &dev.code().await).await.error(), (500, "FAILED_TO_UPDATE_USER"));
}

#[tokio::test]
async fn a_setting_that_is_out_of_range_changes_nothing() {
    let dev = Dev::start().await;
    let before = Answer::of(dev.get("/dev/settings")).await.body;
    for wrong in [
        json!({ "otp_expires_in": 10 }),
        json!({ "strict": true, "timeout_seconds": 11 }),
        json!({ "rate_limit": -1 }),
        json!({ "otpExpiresIn": 60 }),
        json!([]),
    ] {
        assert_eq!(dev.patch(wrong.clone()).await.error().0, 400, "{wrong}");
    }
    assert_eq!(Answer::of(dev.get("/dev/settings")).await.body, before);
}

#[tokio::test]
async fn a_reset_forgets_everything() {
    let dev = Dev::start().await;
    let before = Answer::of(dev.get("/dev/settings")).await.body;
    let signed_in = dev.sign_in(NUMBER).await;
    dev.receive(NUMBER, "Code 042137").await;
    dev.patch(json!({ "strict": true, "rate_limit": 0 })).await;
    dev.api(reqwest::Method::PUT, "/dev/faults", &json!({ "webhook": { "lose": 1 } })).await;
    let url = dev.server.inbox_url().join("/dev/reset").unwrap();
    assert_eq!(dev.http.post(url).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    for (path, nothing) in [
        ("/dev/messages", json!([])),
        ("/dev/faults", json!({})),
        ("/dev/settings", before),
        ("/neondb/auth/get-session", Value::Null),
    ] {
        assert_eq!(
            Answer::of(dev.get(path).header("cookie", signed_in.session())).await.body,
            nothing,
            "{path}"
        );
    }
    // The event of the sign-in may have been under way.
    dev.finish_background_work().await;
}

#[tokio::test]
async fn the_api_takes_json_alone_and_is_not_for_other_sites() {
    let dev = Dev::start().await;
    for (method, path) in
        [("POST", "users"), ("PATCH", "settings"), ("PUT", "faults"), ("POST", "events/send.otp")]
    {
        let url = dev.server.inbox_url().join(&format!("/dev/{path}")).unwrap();
        let request = || dev.http.request(method.parse().unwrap(), url.clone());
        let form = request().header("content-type", "text/plain").body("{}");
        assert_eq!(Answer::of(form).await.error(), (415, "JSON_ONLY"), "{path}");
        let untyped = request().body("{}");
        assert_eq!(Answer::of(untyped).await.error(), (415, "JSON_ONLY"), "{path}");
        let page = request().json(&json!({})).header("origin", "http://localhost:3000");
        assert_eq!(Answer::of(page).await.error(), (403, "FOREIGN_ORIGIN"), "{path}");
        let broken = request().header("content-type", "application/json").body("{");
        assert_eq!(Answer::of(broken).await.error(), (400, "INVALID_BODY"), "{path}");
    }
    for path in ["reset", "messages", "faults"] {
        let url = dev.server.inbox_url().join(&format!("/dev/{path}")).unwrap();
        let method = if path == "reset" { "POST" } else { "DELETE" };
        let page = dev.http.request(method.parse().unwrap(), url).header("origin", "https://evil.example");
        assert_eq!(Answer::of(page).await.error(), (403, "FOREIGN_ORIGIN"), "{path}");
    }
}

#[tokio::test]
async fn where_others_may_come_they_come_by_an_address_or_a_local_name_and_by_no_domain() {
    let dev = Dev::built(ResponseTemplate::new(200), |options| options.is_open = true).await;
    for host in [
        "192.168.1.5:8025",
        "neon:8025",
        "[fd00::1]:8025",
        "laptop.local",
        "host.docker.internal:8025",
        "localhost",
    ] {
        let page = dev.get("/neondb/auth/ok").header("host", host).header("origin", format!("http://{host}"));
        assert_eq!(Answer::of(page).await.body, json!({ "ok": true }), "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "192.168.1.5.evil.example", "", "a b"] {
        let page = dev.get("/neondb/auth/ok").header("host", host);
        assert_eq!(page.send().await.unwrap().status().as_u16() / 100, 4, "{host}");
    }
    let page =
        dev.get("/neondb/auth/ok").header("host", "192.168.1.5").header("origin", "https://evil.example");
    assert_eq!(Answer::of(page).await.error(), (403, "FOREIGN_ORIGIN"));
}
