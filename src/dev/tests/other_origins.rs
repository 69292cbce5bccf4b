//! Pages of an app on this machine, the app's own server, and everybody else.

use super::*;
use reqwest::Method;
use reqwest::header::HeaderMap;

const SEND: &str = "/neondb/auth/phone-number/send-otp";

impl Dev {
    fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> RequestBuilder {
        let mut request = self.http.request(method, self.server.inbox_url().join(path).unwrap());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    }
}

/// Everything of this name, in one line.
fn all(headers: &HeaderMap, name: &str) -> String {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(", ")
}

/// Field 23: `OPTIONS` from a page on another loopback origin, `https://localhost:3000` too.
#[tokio::test]
async fn a_page_of_an_app_on_this_machine_may_ask_with_cookies_and_any_headers() {
    let dev = Dev::start().await;
    for origin in ["http://localhost:3000", "https://localhost:3000", "http://127.0.0.1:5173"] {
        let asked = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-neon-client-info,x-of-tomorrow"),
        ];
        for path in [SEND, "/neondb/auth/sign-in/email", "/.well-known/jwks.json"] {
            let answer = dev.ask(Method::OPTIONS, path, &asked).send().await.unwrap();
            assert_eq!(answer.status(), 204, "{origin} {path}");
            let header = |name: &str| all(answer.headers(), name);
            assert_eq!(header("access-control-allow-origin"), origin);
            assert_eq!(header("access-control-allow-credentials"), "true");
            assert_eq!(header("access-control-allow-headers"), asked[2].1);
            assert!(header("access-control-allow-methods").contains("POST"));
            assert!(header("vary").contains("Origin"));
        }
        let sent = dev.post(SEND, &json!({ "phoneNumber": NUMBER })).header("origin", origin);
        let answer = sent.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{origin}");
        assert_eq!(all(answer.headers(), "access-control-allow-origin"), origin);
        assert_eq!(all(answer.headers(), "access-control-allow-credentials"), "true");
    }
    // What went wrong has to be readable too.
    let wrong = dev.post(SEND, &json!({})).header("origin", "http://localhost:3000").send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    assert_eq!(all(wrong.headers(), "access-control-allow-origin"), "http://localhost:3000");
}

#[tokio::test]
async fn another_site_may_not_ask_and_no_origin_may_ask_for_the_texts() {
    let dev = Dev::start().await;
    let preflight = |path: &str, origin: &str| {
        dev.ask(Method::OPTIONS, path, &[("origin", origin), ("access-control-request-method", "GET")])
    };
    for (path, origin) in [
        (SEND, "https://evil.example"),
        (SEND, "null"),
        ("/dev/messages", "http://localhost:3000"),
        ("/", "https://evil.example"),
    ] {
        let answer = preflight(path, origin).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path} {origin}");
        assert_eq!(all(answer.headers(), "access-control-allow-origin"), "");
    }
    let session = dev.get("/neondb/auth/get-session").header("origin", "https://evil.example");
    assert_eq!(Answer::of(session).await.error(), (403, "FOREIGN_ORIGIN"));
}

/// Field 23: the name that the SDK's Next.js handler passes on.
#[tokio::test]
async fn a_session_goes_by_both_of_its_names() {
    let dev = Dev::start().await;
    dev.send_otp(NUMBER).await;
    let body = json!({ "phoneNumber": NUMBER, "code": dev.code().await });
    let verified = dev.post("/neondb/auth/phone-number/verify", &body).send().await.unwrap();
    let cookies: Vec<_> = verified.headers().get_all("set-cookie").iter().cloned().collect();
    let [plain, neon] = &cookies[..] else { panic!("{cookies:?}") };
    let (plain, neon) = (plain.to_str().unwrap(), neon.to_str().unwrap());
    assert!(plain.starts_with("better-auth.session_token="), "{plain}");
    assert!(plain.contains("HttpOnly") && plain.contains("SameSite=Lax"), "{plain}");
    assert!(neon.starts_with("__Secure-neon-auth.session_token="), "{neon}");
    assert!(neon.contains("HttpOnly") && neon.ends_with("; Secure; SameSite=None; Partitioned"), "{neon}");
    for cookie in [plain, neon] {
        let pair = cookie.split(';').next().unwrap();
        // One of an earlier run lies beside it.
        for sent in [pair.to_owned(), format!("better-auth.session_token=old; {pair}")] {
            let session = Answer::of(dev.get("/neondb/auth/get-session").header("cookie", &sent)).await;
            assert_eq!(session.body["user"]["phoneNumber"], NUMBER, "{sent}");
        }
    }
    let out = dev.post("/neondb/auth/sign-out", &json!({})).header("cookie", neon.split(';').next().unwrap());
    let out = out.send().await.unwrap();
    assert_eq!(all(out.headers(), "set-cookie").matches("session_token=; Max-Age=0;").count(), 2);
}

#[tokio::test]
async fn an_apps_server_speaks_for_its_user_without_an_origin_and_without_a_body() {
    let dev = Dev::start().await;
    let signed_in = dev.sign_in(NUMBER).await;
    let cookie = [("cookie", signed_in.session())];
    let out = dev.ask(Method::POST, "/neondb/auth/sign-out", &cookie);
    assert_eq!(Answer::of(out).await.body, json!({ "success": true }));
}

/// Field 23: keys at the host's root.
#[tokio::test]
async fn the_keys_are_at_the_hosts_root_too() {
    let dev = Dev::start().await;
    let below = Answer::of(dev.get("/neondb/auth/.well-known/jwks.json")).await.body;
    assert_eq!(Answer::of(dev.get("/.well-known/jwks.json")).await.body, below);
    assert!(below["keys"][0]["kid"].is_string());
}

#[tokio::test]
async fn what_is_not_emulated_says_so() {
    let dev = Dev::start().await;
    for path in ["/neondb/auth/sign-in/social", "/neondb/auth/", "/nowhere", "/dev/nothing"] {
        assert_eq!(Answer::of(dev.post(path, &json!({}))).await.error(), (404, "NOT_EMULATED"), "{path}");
        assert_eq!(Answer::of(dev.get(path)).await.error(), (404, "NOT_EMULATED"), "{path}");
    }
    // The path is there for another method.
    assert_eq!(Answer::of(dev.get(SEND)).await.error(), (404, "NOT_EMULATED"));
}

#[tokio::test]
async fn another_sites_page_takes_no_stream_from_the_page_itself() {
    let dev = Dev::start().await;
    let stream = |headers: &[(&str, &str)]| dev.ask(Method::GET, "/dev/stream", headers).send();
    for headers in [
        // A picture, a script, and a stream of another site; a page of another port.
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
        &[("origin", "https://evil.example")],
        &[("sec-fetch-site", "same-site")],
        &[("host", "evil.example")],
    ] {
        assert_eq!(stream(headers).await.unwrap().status(), 403, "{headers:?}");
    }
    let own = dev.server.inbox_url().origin().ascii_serialization();
    for headers in [&[][..], &[("sec-fetch-site", "same-origin")], &[("origin", &own)]] {
        assert_eq!(stream(headers).await.unwrap().status(), 200, "{headers:?}");
    }
}
