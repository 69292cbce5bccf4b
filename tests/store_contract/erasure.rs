//! What every store promises about erasing a number.

use crate::Home;
use crate::suite::{LEASE, NOW, accepted, acquire, after, event, outcome, text};
use crate::texts::{number, one};
use neon_sms_relay::domain::{Accepted, EventId, Reply, TextRef, Timestamp};
use neon_sms_relay::store::texts::{About, Query, Report, Reported};
use neon_sms_relay::store::{
    Claim, ErasedEvents, ErasedNumber, Forgotten, Held, KeptCode, NewItem, Outcome, Store, Text,
};
use sms_providers::{DeliveryStatus, ProviderName};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn ids(ids: &[&str]) -> Vec<EventId> {
    ids.iter().map(|id| EventId::new(id).unwrap()).collect()
}

async fn of_the_number(store: &dyn Store) -> usize {
    let query = Query { recipient_hash: Some(number()), ..Query::default() };
    store.deliveries(&query, 100).await.unwrap().len()
}

pub async fn an_event_that_cannot_come_again_is_deleted_with_its_texts(home: &Home) {
    let store = home.open();
    let lease = acquire(&*store, "old", NOW).await;
    store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    let erased = store.erase_events(&ids(&["old", "never-seen"]), NOW.plus(HOUR)).await.unwrap();
    assert_eq!(erased, ErasedEvents { events: 1, texts: 1 });
    assert_eq!(store.deliveries(&Query::default(), 100).await.unwrap(), []);
}

pub async fn an_event_that_may_come_again_keeps_its_reply_and_nothing_of_the_number(home: &Home) {
    let store = home.open();
    let lease = acquire(&*store, "young", NOW).await;
    store.finish(lease.clone(), &outcome(accepted()), NOW).await.unwrap();
    let erased = store.erase_events(&ids(&["young"]), NOW).await.unwrap();
    assert_eq!(erased, ErasedEvents { events: 1, texts: 1 });
    assert_eq!(of_the_number(&*store).await, 0);
    let left = one(&*store, "young").await;
    assert_eq!((left.last_two, left.texts), (None, vec![]));
    // Its provider's id of the text is gone from the reply, and the reference that the provider knows.
    let replay = store.claim(&event("young"), after(LEASE), LEASE).await.unwrap();
    let accepted = Accepted { provider: ProviderName::Twilio, message_id: None };
    assert!(matches!(replay, Claim::Finished(Reply::Done(Some(left))) if left == accepted));
    let late = About::Text(TextRef { delivery: lease.delivery_ref, number: 1 }, ProviderName::Twilio);
    let report = Report { status: Some(DeliveryStatus::Delivered), ..Report::default() };
    assert_eq!(store.report(&late, &report, after(LEASE)).await.unwrap(), Reported::NotFound);
    // It is purged like any other.
    assert_eq!(store.purge(after(HOUR), after(HOUR)).await.unwrap(), 1);
}

pub async fn an_event_that_is_worked_on_is_finished_by_its_owner_all_the_same(home: &Home) {
    let store = home.open();
    let lease = acquire(&*store, "in-flight", NOW).await;
    let erased = store.erase_events(&ids(&["in-flight"]), NOW.plus(HOUR)).await.unwrap();
    assert_eq!((erased.events, of_the_number(&*store).await), (1, 0));
    assert_eq!(store.finish(lease, &outcome(accepted()), NOW).await.unwrap(), Held::Yes);
    assert!(matches!(
        store.claim(&event("in-flight"), after(LEASE), LEASE).await.unwrap(),
        Claim::Finished(reply) if reply == accepted()
    ));
    assert_eq!(of_the_number(&*store).await, 0);
    assert_eq!(store.purge(after(HOUR), after(HOUR)).await.unwrap(), 1);
}

pub async fn a_number_is_erased_with_its_limits_its_verification_and_its_test_code(home: &Home) {
    let store = home.open();
    acquire(&*store, "a", NOW).await;
    store.verified(&number(), NOW, NOW).await.unwrap();
    let code = KeptCode {
        recipient_hash: number(),
        event: EventId::new("a").unwrap(),
        sealed: vec![1],
        came_at: NOW,
        expires_at: after(HOUR),
    };
    store.keep_test_code(&code).await.unwrap();
    store.keep_test_code(&KeptCode { recipient_hash: "another".to_owned(), ..code }).await.unwrap();
    assert_eq!(store.erase_number(&number()).await.unwrap(), ErasedNumber { numbers: 1, test_codes: 1 });
    assert_eq!(store.erase_number(&number()).await.unwrap(), ErasedNumber::default());
    assert_eq!(acquire(&*store, "b", after(HOUR)).await.history.verified_at, None);
    assert!(store.test_code("another", NOW).await.unwrap().is_some());
}

pub async fn the_outbox_is_looked_through_in_pages(home: &Home) {
    let store = home.open();
    for name in ["a", "b", "c"] {
        let lease = acquire(&*store, name, NOW).await;
        let item = NewItem {
            event_type: "user.created".to_owned(),
            endpoint: None,
            lane: name.to_owned(),
            sealed: name.as_bytes().to_vec(),
            queued_at: NOW,
            give_up_at: after(HOUR),
        };
        let queued = Outcome { queued: Some(item), ..Outcome::of(Reply::Done(None)) };
        store.finish(lease, &queued, NOW).await.unwrap();
    }
    let (mut last, mut found) = (0, Vec::new());
    loop {
        let page = store.sealed_behind(last, 2).await.unwrap();
        let Some(end) = page.last() else { break };
        last = end.place;
        found.extend(page.into_iter().map(|item| (item.id.to_string(), item.sealed)));
    }
    let expected = ["a", "b", "c"].map(|name| (name.to_owned(), name.as_bytes().to_vec()));
    assert_eq!(found, expected);
}

pub async fn what_is_to_be_forgotten_is_told_to_all_for_a_while(home: &Home) {
    let store = home.open();
    let forgotten = |until: Timestamp| Forgotten { recipient_hash: number(), until };
    store.announce(&forgotten(NOW)).await.unwrap();
    store.announce(&forgotten(after(HOUR))).await.unwrap();
    let reader = if home.survives_a_restart() { home.open() } else { store };
    assert_eq!(reader.forgotten().await.unwrap(), [forgotten(after(HOUR))]);
    reader.forget_announcements(after(HOUR)).await.unwrap();
    assert_eq!(reader.forgotten().await.unwrap().len(), 1);
    reader.forget_announcements(after(HOUR * 2)).await.unwrap();
    assert_eq!(reader.forgotten().await.unwrap(), []);
}

pub async fn reports_by_the_vendors_own_id_find_nothing_of_an_erased_text(home: &Home) {
    let store = home.open();
    let lease = acquire(&*store, "a", NOW).await;
    let texts = vec![text(1, ProviderName::MessageBird, Text::ACCEPTED)];
    store.finish(lease, &Outcome { texts, ..Outcome::of(accepted()) }, NOW).await.unwrap();
    store.erase_events(&ids(&["a"]), NOW).await.unwrap();
    let about = About::Message("messagebird-1".to_owned());
    let report = Report { status: Some(DeliveryStatus::Delivered), ..Report::default() };
    assert_eq!(store.report(&about, &report, NOW).await.unwrap(), Reported::NotFound);
}
