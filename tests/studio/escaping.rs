//! What strangers wrote stays text.

use crate::opened::{Home, Studio, links, now};
use neon_sms_relay::domain::{EventId, Reply};
use neon_sms_relay::store::{Claim, NewDelivery, NewItem, Outcome, Text};
use sms_providers::ProviderName;
use std::time::Duration;

const HOSTILE: &str = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>";

#[tokio::test]
async fn what_neon_the_app_or_a_vendor_wrote_never_becomes_markup() {
    let home = Home::new();
    let store = home.store();
    let id = EventId::new("e\"><script>alert(3)</script>").unwrap();
    let new = NewDelivery::new(id.clone(), HOSTILE);
    let Claim::Acquired(lease) = store.claim(&new, now(), Duration::from_secs(5)).await.unwrap() else {
        panic!()
    };
    let text = Text {
        number: 1,
        provider: ProviderName::Twilio,
        verdict: HOSTILE.to_owned(),
        code: Some(HOSTILE.to_owned()),
        message_id: Some(HOSTILE.to_owned()),
        sent_at: now(),
        elapsed_ms: 5,
        segments: None,
        price: None,
    };
    let item = NewItem {
        event_type: HOSTILE.to_owned(),
        endpoint: None,
        lane: "a".to_owned(),
        sealed: vec![0],
        queued_at: now(),
        give_up_at: now().plus(Duration::from_secs(60)),
    };
    let decision = serde_json::json!({ "outcome": "noted", "rules": [HOSTILE] }).to_string();
    let outcome = Outcome {
        texts: vec![text],
        decision: Some(decision),
        queued: Some(item),
        ..Outcome::of(Reply::Done(None))
    };
    store.finish(lease, &outcome, now()).await.unwrap();

    let studio = Studio::over(&home.url()).await;
    let list = studio.page("/deliveries").await;
    let address = links(&list).into_iter().find(|link| link.starts_with("/deliveries/")).unwrap();
    let outbox = studio.page("/outbox").await;
    let asks = links(&outbox).into_iter().find(|link| link.starts_with("/outbox/drop")).unwrap();
    let hostile: String = url::form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    let narrowed = format!("/deliveries?type={hostile}");
    assert!(studio.page(&narrowed).await.contains("role=\"row\" id=\"d"), "it is found by its type");
    for path in
        ["/", "/deliveries", &address, "/outbox", &asks, &narrowed, &format!("/deliveries?to={hostile}")]
    {
        let page = studio.page(path).await;
        assert!(!page.contains("<img") && !page.contains("<script>"), "{path}: {page}");
        assert_eq!(page.matches("<script").count(), 1, "{path}: our own");
        assert!(!page.contains("\"'>"), "{path}: an attribute was left");
    }
    let wrong = studio.get(&format!("/deliveries?region={hostile}")).await.text().await.unwrap();
    assert!(!wrong.contains("alert("), "{wrong}");
}
