//! The limits, and what an operator does about them.

use crate::opened::{Home, Studio, form_token, now};
use crate::studio_day;

#[tokio::test]
async fn a_prefix_is_closed_and_opened_again_after_being_asked_and_stands_in_no_address() {
    let home = Home::new();
    let store = home.store();
    studio_day::write(&*store, now(), 300).await;
    let vars = [("STORE_URL", home.url()), ("SMS_DAILY_LIMIT", "400".to_owned()), ("USER", "ann".to_owned())];
    let studio = Studio::with(&vars.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    let page = studio.page("/limits").await;
    for words in [
        "+22507070",
        "too many numbers that begin like this one",
        "somebody closed this prefix",
        " of 400",
        "Everywhere",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let token = form_token(&page);
    let fields = |act: &'static str, prefix: &'static str| {
        [("form_token", token.clone()), ("act", act.to_owned()), ("prefix", prefix.to_owned())]
    };
    let before = store.closings().await.unwrap();
    let asks = studio
        .asked(reqwest::Method::POST, "/limits/ask")
        .form(&fields("close", "+49151"))
        .send()
        .await
        .unwrap();
    let (status, asks) = (asks.status(), asks.text().await.unwrap());
    assert_eq!(status, 200);
    assert!(asks.contains("Close +49151?") && asks.contains("action=\"/limits/close\""), "{asks}");
    assert_eq!(store.closings().await.unwrap(), before, "to be asked changes nothing");

    assert_eq!(studio.sends("/limits/close", &[("prefix", "+49151")]).await, "/limits?done=closed");
    let closed =
        store.closings().await.unwrap().into_iter().find(|closing| closing.prefix == "49151").unwrap();
    assert_eq!((closed.by.as_str(), closed.until), ("ann", None));
    assert!(studio.page("/limits?done=closed").await.contains("+49151"));
    assert_eq!(studio.sends("/limits/open", &[("prefix", "+49151")]).await, "/limits?done=opened");
    assert_eq!(studio.sends("/limits/open", &[("prefix", "+49151")]).await, "/limits?done=nothing");
    assert_eq!(store.closings().await.unwrap(), before);

    for path in ["/limits/close", "/limits/open", "/limits/ask"] {
        assert_eq!(studio.post(path, &[("prefix", "+49")]).await.status(), 403, "{path}");
        assert_ne!(studio.get(&format!("{path}?prefix=49")).await.status(), 200, "{path}");
    }
    let wrong = studio.post("/limits/close", &[("form_token", &token), ("prefix", "01x")]).await;
    assert_eq!(wrong.status(), 422);
    assert!(!wrong.text().await.unwrap().contains("01x"));
}

#[tokio::test]
async fn a_daily_limit_that_is_used_up_is_told_first() {
    let home = Home::new();
    studio_day::write(&*home.store(), now(), 300).await;
    let studio = Studio::with(&[("STORE_URL", &home.url()), ("SMS_DAILY_LIMIT", "1")]).await;
    assert!(studio.page("/").await.contains("SMS_DAILY_LIMIT is used up"));
    let studio = Studio::with(&[("STORE_URL", &home.url()), ("GUARD", "record")]).await;
    assert!(studio.page("/limits").await.contains("GUARD=record"));
}
