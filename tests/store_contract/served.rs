//! Whose items are given out, and what becomes of times that were written under a wrong clock.

use crate::Home;
use crate::outbox::{DAY, SECOND, ids, listed, new_item, put, take};
use crate::suite::{LEASE, NOW, acquire, event, outcome};
use neon_sms_relay::domain::{EndpointId, Reply, Timestamp};
use neon_sms_relay::store::{Claim, Counts, EntryState, Next, Outcome, Store, Whose};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn endpoint(id: &str) -> Option<EndpointId> {
    Some(EndpointId::new(id).unwrap())
}

async fn put_of(store: &dyn Store, id: &str, endpoint: Option<EndpointId>, at: Timestamp) {
    let lease = acquire(store, id, NOW).await;
    let item = neon_sms_relay::store::NewItem { endpoint, queued_at: at, ..new_item(id, id) };
    let outcome = Outcome { queued: Some(item), ..outcome(Reply::Done(None)) };
    store.finish(lease, &outcome, NOW).await.unwrap();
}

async fn take_of(store: &dyn Store, whose: Whose<'_>) -> Vec<String> {
    let taken = store.take_due(NOW, LEASE, 100, whose).await.unwrap();
    ids(&taken.items).into_iter().map(str::to_owned).collect()
}

/// Field 22: a store that is shared, or a copy of production's, holds events of branches that are not served here.
pub async fn items_of_endpoints_that_are_not_served_stay_as_they_are(home: &Home) {
    let store = home.open();
    put_of(&*store, "ours", endpoint("ep-ours"), NOW).await;
    put_of(&*store, "theirs", endpoint("ep-theirs"), NOW).await;
    put_of(&*store, "anybody's", None, NOW).await;
    let served = [endpoint("ep-ours").unwrap(), endpoint("ep-more").unwrap()];
    let whose = Whose { only: Some(&served), except: &[] };
    let taken = store.take_due(NOW, LEASE, 100, whose).await.unwrap();
    assert_eq!(ids(&taken.items), ["anybody's", "ours"]);
    for item in &taken.items {
        store.delivered(&item.id, NOW).await.unwrap();
    }
    // Nor does anybody here look for them.
    let taken = store.take_due(NOW, LEASE, 100, whose).await.unwrap();
    assert_eq!((taken.items, taken.next_due), (Vec::new(), None));
    let left = listed(&*store).await.remove(0);
    assert_eq!((left.id.as_str(), left.attempts, left.state), ("theirs", 0, EntryState::Waiting(NOW)));
    assert_eq!(store.counts().await.unwrap(), Counts { waiting: 1, dead: 0 });
    assert_eq!(take_of(&*store, Whose::default()).await, ["theirs"]);
}

pub async fn endpoints_that_have_enough_to_do_are_left_out(home: &Home) {
    let store = home.open();
    for (id, of) in [("a1", endpoint("ep-a")), ("a2", endpoint("ep-a")), ("b", endpoint("ep-b")), ("c", None)]
    {
        put_of(&*store, id, of, NOW).await;
    }
    let busy = [endpoint("ep-a"), None];
    assert_eq!(take_of(&*store, Whose { only: None, except: &busy }).await, ["b"]);
    assert_eq!(take_of(&*store, Whose { only: None, except: &busy[..1] }).await, ["c"]);
    let served = [endpoint("ep-a").unwrap()];
    assert!(take_of(&*store, Whose { only: Some(&served), except: &busy }).await.is_empty());
    assert_eq!(take_of(&*store, Whose { only: Some(&served), except: &[] }).await, ["a1", "a2"]);
}

/// The clock of an owner was a day, or ten minutes, fast, and the owner is gone.
pub async fn a_lease_that_lies_further_ahead_than_it_can_keeps_nobody_out(home: &Home) {
    let store = home.open();
    for (number, ahead) in [DAY, MINUTE * 10].into_iter().enumerate() {
        let id = format!("event {number}").replace(' ', "-");
        let lost = acquire(&*store, &id, NOW.plus(ahead)).await;
        assert!(acquire(&*store, &id, NOW).await.token > lost.token);
        // A clock that is only somewhat fast is no reason for a second text.
        let owned = format!("owned-{number}");
        acquire(&*store, &owned, NOW.plus(SECOND * 30)).await;
        assert!(matches!(store.claim(&event(&owned), NOW, LEASE).await.unwrap(), Claim::InFlight));
    }
    put(&*store, "item", "user").await;
    assert_eq!(ids(&take(&*store, NOW.plus(DAY)).await), ["item"]);
    let again = take(&*store, NOW).await;
    assert_eq!((ids(&again), again[0].attempt), (vec!["item"], 2));
    assert!(take(&*store, NOW).await.is_empty(), "its lease is now as long as any");
}

/// The clock was a day, or ten minutes, fast when the item came or was tried.
pub async fn an_item_does_not_wait_for_a_time_that_lies_further_ahead_than_it_can(home: &Home) {
    let store = home.open();
    put_of(&*store, "day", None, NOW.plus(DAY)).await;
    put_of(&*store, "minutes", None, NOW.plus(MINUTE * 10)).await;
    put_of(&*store, "soon", None, NOW.plus(SECOND * 30)).await;
    let items = take(&*store, NOW).await;
    assert_eq!(ids(&items), ["day", "minutes"]);
    // After its first attempt an item waits two seconds at the most.
    for (item, at) in items.iter().zip([DAY, MINUTE * 10]) {
        store.failed(item, "it answers 500", Next::At(NOW.plus(at))).await.unwrap();
    }
    assert_eq!(store.give_turns(NOW).await.unwrap(), 2);
    let states: Vec<_> = listed(&*store).await.into_iter().take(2).map(|entry| entry.state).collect();
    assert_eq!(states, [EntryState::Waiting(NOW); 2]);
    assert_eq!(take(&*store, NOW).await.len(), 2);
}
