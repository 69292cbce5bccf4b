//! What waits for the app, and what an operator does about it.

use crate::opened::{Home, Studio, links, now};
use crate::studio_day;
use neon_sms_relay::store::{EntryState, Selection};

#[tokio::test]
async fn what_was_given_up_is_tried_again_and_one_is_dropped_after_being_asked() {
    let home = Home::new();
    let store = home.store();
    studio_day::write(&*store, now(), 600).await;
    let before = store.counts().await.unwrap();
    let studio = Studio::over(&home.url()).await;
    let page = studio.page("/outbox").await;
    assert!(page.contains("it answers 503") && page.contains("Given up"), "{page}");

    let asks = studio.page("/outbox/retry?which=dead").await;
    assert!(asks.contains("Try everything that was given up again?") && asks.contains("<form"), "{asks}");
    assert_eq!(store.counts().await.unwrap(), before, "to be asked changes nothing");
    let place = studio.sends("/outbox/retry", &[("which", "dead"), ("id", "")]).await;
    assert_eq!(place, format!("/outbox?retried={}", before.dead));
    assert!(studio.page(&place).await.contains("will be tried again"));
    assert_eq!(store.counts().await.unwrap().dead, 0);

    let one = store.list(&Selection::All, 1).await.unwrap().remove(0);
    assert!(!matches!(one.state, EntryState::Dead(_)));
    let drop = format!("/outbox/drop?which=one&id={}", one.id);
    let link = links(&page).into_iter().find(|link| *link == drop).unwrap();
    assert!(studio.page(&link).await.contains("This cannot be undone."));
    let fields = [("which", "one"), ("id", one.id.as_str())];
    assert_eq!(studio.sends("/outbox/drop", &fields).await, "/outbox?dropped=1");
    assert_eq!(store.list(&Selection::One(one.id), 1).await.unwrap(), []);
}

#[tokio::test]
async fn an_empty_outbox_says_what_would_be_in_it() {
    let home = Home::new();
    home.store().hash_key().await.unwrap();
    let studio = Studio::over(&home.url()).await;
    assert!(studio.page("/outbox").await.contains("Nothing waits for the app."));
    assert!(studio.page("/").await.contains("Nothing has come yet"));
    assert!(studio.page("/deliveries").await.contains("neon-sms-relay neon webhook set"));
    assert_eq!(studio.get("/outbox/burn?which=all").await.status(), 404);
    assert_eq!(studio.get("/outbox/drop?which=some").await.status(), 404);
}
