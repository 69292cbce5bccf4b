//! Who may come in.

use crate::opened::{Home, Studio, command, form_token, links, now, place};
use crate::studio_day::{self, KNOWN_NUMBER};
use neon_sms_relay::domain::HashKey;
use reqwest::Method;
use reqwest::header::{COOKIE, HOST, SET_COOKIE};

async fn filled(events: usize) -> (Home, Studio) {
    let home = Home::new();
    studio_day::write(&*home.store(), now(), events).await;
    let studio = Studio::over(&home.url()).await;
    (home, studio)
}

#[tokio::test]
async fn the_token_is_taken_out_of_the_address_and_a_cookie_takes_its_place() {
    let (home, studio) = filled(20).await;
    for path in ["/", "/deliveries", "/outbox", "/live.js", "/?token=", "/?token=0123", "/nowhere"] {
        let answer = studio.ask(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{path}");
        assert!(answer.text().await.unwrap().contains("This page needs its token"), "{path}");
    }
    let wrong = studio.ask(Method::GET, "/").header(COOKIE, "studio=1; studio-8030=abc");
    assert_eq!(wrong.send().await.unwrap().status(), 401);
    let welcome = studio.ask(Method::GET, &format!("/?token={}", studio.token)).send().await.unwrap();
    assert_eq!((welcome.status().as_u16(), place(welcome.headers()).as_str()), (303, "/"));
    let cookie = welcome.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict") && !cookie.contains(&studio.token),
        "{cookie}"
    );
    assert!(!studio.page("/").await.contains(&studio.token));
    let other = Studio::over(&home.url()).await;
    assert_ne!(other.token, studio.token);
}

#[tokio::test]
async fn every_answer_forbids_what_the_page_does_not_need() {
    let (_home, studio) = filled(5).await;
    for path in ["/", "/deliveries", "/style.css", "/nowhere", "/deliveries?region=XX"] {
        let answer = studio.get(path).await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("http") && !policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(
            ["x-content-type-options", "cache-control", "referrer-policy"].map(header),
            ["nosniff", "no-store", "no-referrer"],
            "{path}"
        );
    }
    let refused = studio.ask(Method::GET, "/").send().await.unwrap();
    assert!(refused.headers().contains_key("content-security-policy"));
}

#[tokio::test]
async fn a_browser_that_was_sent_here_under_another_name_is_turned_away() {
    let (_home, studio) = filled(5).await;
    for host in ["evil.example", "evil.example:8030", "127.0.0.1.evil.example", "10.1.2.3:8030"] {
        let answer = studio.asked(Method::GET, "/").header(HOST, host).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{host}");
    }
    for host in ["localhost:9999", "127.0.0.1", "[::1]:8030"] {
        let answer = studio.asked(Method::GET, "/").header(HOST, host).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{host}: the end of a tunnel");
    }
}

#[tokio::test]
async fn a_form_that_is_not_ours_changes_nothing() {
    let (home, studio) = filled(300).await;
    let before = home.store().counts().await.unwrap();
    assert!(before.dead > 0, "{before:?}");
    let token = form_token(&studio.page("/").await);
    let wrong = token.replace(['a', '1'], "2");
    let drop = [("which", "all"), ("id", "")];
    for fields in [&drop[..], &[("form_token", ""), drop[0]], &[("form_token", &wrong), drop[0]]] {
        assert_eq!(studio.post("/outbox/drop", fields).await.status(), 403);
    }
    let ours = [("form_token", token.as_str()), drop[0], drop[1]];
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("host", "evil.example")]
    {
        let answer =
            studio.asked(Method::POST, "/outbox/drop").form(&ours).header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{name}: {value}");
    }
    let stranger = studio.ask(Method::POST, "/outbox/drop").form(&ours).send().await.unwrap();
    assert_eq!(stranger.status(), 401);
    let long = "x".repeat(5000);
    assert_eq!(studio.post("/find", &[("form_token", &token), ("wanted", &long)]).await.status(), 403);
    assert_eq!(home.store().counts().await.unwrap(), before);
}

#[tokio::test]
async fn a_number_is_found_and_stands_in_no_address_page_or_output() {
    let (_home, studio) = filled(200).await;
    let mut seen = String::new();
    for written in [KNOWN_NUMBER, " +1 (202) 555-0123 "] {
        let address = studio.sends("/find", &[("wanted", written)]).await;
        let found = studio.page(&address).await;
        assert_eq!(found.matches("role=\"row\" id=\"d").count(), 1, "{address}");
        assert!(found.contains("…23"));
        seen.push_str(&format!("{address}{found}"));
    }
    let token = form_token(&seen);
    let nobodys = studio.post("/find", &[("form_token", &token), ("wanted", "+12025550188x")]).await;
    assert_eq!(nobodys.status(), 422);
    seen.push_str(&nobodys.text().await.unwrap());
    let delivery = links(&seen).into_iter().find(|link| link.starts_with("/deliveries/")).unwrap();
    let page = studio.page(&delivery).await;
    let reference = delivery.strip_prefix("/deliveries/").unwrap();
    assert_eq!(studio.sends("/find", &[("wanted", reference)]).await, delivery);
    let event = page.split_once("<dt>Event</dt><dd><code>").unwrap().1.split('<').next().unwrap();
    assert_eq!(studio.sends("/find", &[("wanted", event)]).await, delivery);
    seen.push_str(&page);
    let token = studio.token.clone();
    let written = studio.ends();
    for secret in [&KNOWN_NUMBER[2..], "202555", "12025550188"] {
        assert!(!seen.contains(secret) && !written.contains(secret), "{secret}");
    }
    assert!(!written.contains(&token) && written.is_empty(), "{written}");
}

#[tokio::test]
async fn the_servers_key_is_needed_where_the_store_keeps_none() {
    let home = Home::new();
    let number = KNOWN_NUMBER.parse().unwrap();
    let kept = home.store().hash_key().await.unwrap().recipient(&number).hash;
    let given = HashKey::new(b"0123456789abcdef0123456789abcdef").recipient(&number).hash;
    for (key, hash) in [("", kept), ("0123456789abcdef0123456789abcdef", given)] {
        let vars = [("STORE_URL", home.url()), ("HASH_KEY", key.to_owned())];
        let vars: Vec<_> =
            vars.iter().filter(|(_, value)| !value.is_empty()).map(|(n, v)| (*n, v.as_str())).collect();
        let studio = Studio::with(&vars).await;
        assert_eq!(
            studio.sends("/find", &[("wanted", KNOWN_NUMBER)]).await,
            format!("/deliveries?to={hash}")
        );
    }
}

#[test]
fn a_store_that_nobody_can_look_into_is_refused_and_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    for (url, words) in [("memory:", "memory:"), ("sqlite://none.db", "does not exist")] {
        let output = command(folder.path(), &[("STORE_URL", url)]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(words), "{stderr}");
    }
    let earlier = folder.path().join("relay.db");
    rusqlite::Connection::open(&earlier).unwrap().execute("CREATE TABLE a (b)", []).unwrap();
    let bytes = std::fs::read(&earlier).unwrap();
    let output = command(folder.path(), &[("STORE_URL", "sqlite://relay.db")]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("no server of this version has used yet"));
    assert_eq!(std::fs::read(&earlier).unwrap(), bytes);
}
