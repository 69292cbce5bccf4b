//! The promises of the outbox.

use crate::Home;
use crate::suite::{LEASE, NOW, accepted, acquire, outcome};
use neon_sms_relay::domain::{EndpointId, EventId, Reply, Timestamp};
use neon_sms_relay::store::{
    Counts, Entry, EntryState, Held, Item, NewItem, Next, Outcome, Selection, Store, Taken, Whose,
};
use std::time::Duration;

pub const DAY: Duration = Duration::from_secs(86_400);
pub const SECOND: Duration = Duration::from_secs(1);

pub fn new_item(id: &str, lane: &str) -> NewItem {
    NewItem {
        event_type: "user.created".into(),
        endpoint: EndpointId::new("ep-cool-sound-12345678"),
        lane: lane.into(),
        sealed: format!("sealed {id}\0\u{ff}").into_bytes(),
        queued_at: NOW,
        give_up_at: NOW.plus(DAY),
    }
}

fn queued(id: &str, lane: &str) -> Outcome {
    Outcome { queued: Some(new_item(id, lane)), ..outcome(Reply::Done(None)) }
}

pub async fn put(store: &dyn Store, id: &str, lane: &str) {
    let lease = acquire(store, id, NOW).await;
    assert_eq!(store.finish(lease, &queued(id, lane), NOW).await.unwrap(), Held::Yes);
}

pub async fn take(store: &dyn Store, now: Timestamp) -> Vec<Item> {
    store.take_due(now, LEASE, 100, Whose::default()).await.unwrap().items
}

pub fn ids(items: &[Item]) -> Vec<&str> {
    let mut ids: Vec<_> = items.iter().map(|item| item.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

pub async fn listed(store: &dyn Store) -> Vec<Entry> {
    store.list(&Selection::All, 100).await.unwrap()
}

pub async fn an_event_is_queued_in_the_step_that_finishes_it_and_only_once(home: &Home) {
    let store = home.open();
    let stale = acquire(&*store, "a", NOW).await;
    let owner = acquire(&*store, "a", NOW.plus(LEASE + SECOND)).await;
    assert_eq!(store.finish(stale, &queued("a", "user"), NOW).await.unwrap(), Held::Lost);
    assert_eq!(listed(&*store).await, []);

    assert_eq!(store.finish(owner.clone(), &queued("a", "user"), NOW).await.unwrap(), Held::Yes);
    assert_eq!(store.finish(owner, &queued("a", "user"), NOW).await.unwrap(), Held::Lost);
    let NewItem { event_type, endpoint, sealed, queued_at, .. } = new_item("a", "user");
    let id = EventId::new("a").unwrap();
    assert_eq!(store.sealed(&id).await.unwrap(), Some(sealed));
    let expected = Entry {
        id,
        event_type,
        endpoint,
        state: EntryState::Waiting(NOW),
        attempts: 0,
        queued_at,
        failure: None,
    };
    assert_eq!(listed(&*store).await, [expected]);

    let lease = acquire(&*store, "text", NOW).await;
    store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    assert_eq!(store.counts().await.unwrap(), Counts { waiting: 1, dead: 0 });
}

pub async fn an_item_is_leased_to_one_owner_until_the_lease_lapses(home: &Home) {
    let store = home.open();
    assert_eq!(store.take_due(NOW, LEASE, 100, Whose::default()).await.unwrap(), Taken::default());
    put(&*store, "a", "user").await;
    let NewItem { endpoint, sealed, give_up_at, .. } = new_item("a", "user");
    let first = Item { id: EventId::new("a").unwrap(), endpoint, sealed, attempt: 1, give_up_at };
    assert_eq!(take(&*store, NOW).await, std::slice::from_ref(&first));
    for at in [NOW, NOW.plus(LEASE)] {
        let taken = store.take_due(at, LEASE, 100, Whose::default()).await.unwrap();
        assert_eq!(taken, Taken { items: Vec::new(), next_due: Some(NOW.plus(LEASE)) });
    }
    assert_eq!(take(&*store, NOW.plus(LEASE + SECOND)).await, [Item { attempt: 2, ..first.clone() }]);
    store.delivered(&first.id, NOW).await.unwrap();
    assert_eq!(store.take_due(NOW.plus(DAY), LEASE, 100, Whose::default()).await.unwrap(), Taken::default());
}

pub async fn items_of_a_lane_are_given_out_one_after_the_other_and_lanes_side_by_side(home: &Home) {
    let store = home.open();
    for (id, lane) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a"), ("b2", "b")] {
        put(&*store, id, lane).await;
    }
    let limited = store.take_due(NOW, LEASE, 1, Whose::default()).await.unwrap();
    assert_eq!((ids(&limited.items), limited.next_due), (vec!["a1"], Some(NOW)));
    assert_eq!(ids(&take(&*store, NOW).await), ["b1"]);
    store.delivered(&EventId::new("a1").unwrap(), NOW).await.unwrap();
    let second = take(&*store, NOW).await;
    assert_eq!(ids(&second), ["a2"]);
    // Whoever failed goes first again, however long the others have been waiting.
    store.failed(&second[0], "it answers 500", Next::At(NOW.plus(SECOND))).await.unwrap();
    store.delivered(&EventId::new("b1").unwrap(), NOW).await.unwrap();
    assert_eq!(ids(&take(&*store, NOW).await), ["b2"]);
    assert_eq!(ids(&take(&*store, NOW.plus(SECOND)).await), ["a2"]);
}

pub async fn a_failed_item_is_given_out_again_at_its_time_and_not_before(home: &Home) {
    let store = home.open();
    put(&*store, "a", "user").await;
    let item = take(&*store, NOW).await.remove(0);
    store.failed(&item, "it answers 503", Next::At(NOW.plus(SECOND * 9))).await.unwrap();
    let entry = listed(&*store).await.remove(0);
    assert_eq!(entry.state, EntryState::Waiting(NOW.plus(SECOND * 9)));
    assert_eq!((entry.attempts, entry.failure.as_deref()), (1, Some("it answers 503")));
    assert!(take(&*store, NOW.plus(SECOND * 8)).await.is_empty());
    assert_eq!(take(&*store, NOW.plus(SECOND * 9)).await[0].attempt, 2);
}

pub async fn an_owner_whose_lease_lapsed_cannot_put_the_item_back(home: &Home) {
    let store = home.open();
    put(&*store, "a", "user").await;
    let stale = take(&*store, NOW).await.remove(0);
    let owner = take(&*store, NOW.plus(LEASE + SECOND)).await.remove(0);
    store.failed(&stale, "late", Next::Dead(NOW)).await.unwrap();
    assert!(take(&*store, NOW.plus(LEASE + SECOND * 2)).await.is_empty(), "the owner lost its lease");
    assert_eq!(listed(&*store).await[0].failure, None);
    // That the app has it is true whoever says so.
    store.delivered(&stale.id, NOW).await.unwrap();
    store.failed(&owner, "late", Next::At(NOW)).await.unwrap();
    assert_eq!(listed(&*store).await, []);
}

async fn bury(store: &dyn Store, id: &str, lane: &str, at: Timestamp) {
    put(store, id, lane).await;
    let items = take(store, NOW).await;
    let item = items.iter().find(|item| item.id.as_str() == id).unwrap();
    store.failed(item, "it cannot be reached", Next::Dead(at)).await.unwrap();
}

pub async fn a_dead_item_is_kept_and_no_longer_in_the_way(home: &Home) {
    let store = home.open();
    bury(&*store, "a", "user", NOW).await;
    assert_eq!(store.take_due(NOW.plus(DAY), LEASE, 9, Whose::default()).await.unwrap(), Taken::default());
    assert_eq!(store.oldest().await.unwrap(), None);
    put(&*store, "b", "user").await;
    assert_eq!(ids(&take(&*store, NOW).await), ["b"]);
    assert_eq!(store.counts().await.unwrap(), Counts { waiting: 1, dead: 1 });
    assert_eq!(store.oldest().await.unwrap(), Some(NOW));
    let entry = listed(&*store).await.remove(0);
    assert_eq!((entry.state, entry.attempts), (EntryState::Dead(NOW), 1));
    assert_eq!(entry.failure.as_deref(), Some("it cannot be reached"));
}

pub async fn a_retry_brings_dead_items_back_and_waiting_ones_forward(home: &Home) {
    let store = home.open();
    let [later, until] = [NOW.plus(DAY), NOW.plus(DAY * 2)];
    bury(&*store, "dead", "a", NOW).await;
    bury(&*store, "other", "b", NOW).await;
    put(&*store, "waiting", "c").await;
    let item = take(&*store, NOW).await.remove(0);
    store.failed(&item, "it answers 500", Next::At(later.plus(SECOND * 60))).await.unwrap();

    let one = Selection::One(EventId::new("dead").unwrap());
    assert_eq!(store.retry(&one, later, until).await.unwrap(), 1);
    assert_eq!(store.retry(&Selection::One(EventId::new("nobody").unwrap()), later, until).await.unwrap(), 0);
    let revived = take(&*store, later).await;
    assert_eq!(ids(&revived), ["dead"]);
    assert_eq!((revived[0].attempt, revived[0].give_up_at), (1, until));

    assert_eq!(store.retry(&Selection::Dead, later, until).await.unwrap(), 1);
    assert_eq!(ids(&take(&*store, later).await), ["other"]);
    assert_eq!(store.retry(&Selection::All, later, until).await.unwrap(), 3);
    let forward = take(&*store, later).await;
    assert_eq!((ids(&forward), forward[0].attempt), (vec!["waiting"], 2));
}

pub async fn what_is_discarded_is_gone(home: &Home) {
    let store = home.open();
    bury(&*store, "dead", "a", NOW).await;
    for id in ["b", "c", "d"] {
        put(&*store, id, id).await;
    }
    assert_eq!(store.discard(&Selection::One(EventId::new("b").unwrap()), NOW).await.unwrap(), 1);
    assert_eq!(store.discard(&Selection::Dead, NOW).await.unwrap(), 1);
    assert_eq!(store.counts().await.unwrap(), Counts { waiting: 2, dead: 0 });
    assert_eq!(store.discard(&Selection::All, NOW).await.unwrap(), 2);
    assert_eq!(listed(&*store).await, []);
}

pub async fn whoever_is_next_in_a_lane_has_its_turn_whatever_becomes_of_the_one_before(home: &Home) {
    let store = home.open();
    for id in ["a", "b", "c", "d", "e"] {
        put(&*store, id, "user").await;
    }
    let states = async || listed(&*store).await.into_iter().map(|entry| entry.state).collect::<Vec<_>>();
    let (turn, behind) = (EntryState::Waiting(NOW), EntryState::Behind);
    assert_eq!(states().await, [turn, behind, behind, behind, behind]);
    let first = take(&*store, NOW).await.remove(0);
    store.delivered(&first.id, NOW).await.unwrap();
    assert_eq!(states().await, [turn, behind, behind, behind]);
    let second = take(&*store, NOW).await.remove(0);
    store.failed(&second, "it answers 500", Next::Dead(NOW)).await.unwrap();
    assert_eq!(states().await, [EntryState::Dead(NOW), turn, behind, behind]);
    let third = Selection::One(EventId::new("c").unwrap());
    assert_eq!(store.discard(&third, NOW).await.unwrap(), 1);
    assert_eq!(states().await, [EntryState::Dead(NOW), turn, behind]);
    // One that is brought back goes first again.
    assert_eq!(store.retry(&Selection::All, NOW, NOW.plus(DAY)).await.unwrap(), 3);
    assert_eq!(ids(&take(&*store, NOW).await), ["b"]);
    assert_eq!(store.give_turns(NOW).await.unwrap(), 0);
    store.delivered(&second.id, NOW).await.unwrap();
    assert_eq!(ids(&take(&*store, NOW).await), ["d"]);
}

pub async fn any_number_of_items_is_listed_retried_and_forgotten(home: &Home) {
    let store = home.open();
    for number in 0..1_200 {
        put(&*store, &number.to_string(), &format!("lane {}", number % 400)).await;
    }
    assert_eq!(store.list(&Selection::All, 3).await.unwrap().len(), 3);
    let one = Selection::One(EventId::new("777").unwrap());
    assert_eq!(store.list(&one, 9).await.unwrap()[0].id.as_str(), "777");
    assert_eq!(store.retry(&Selection::All, NOW, NOW.plus(DAY)).await.unwrap(), 1_200);
    assert_eq!(store.take_due(NOW, LEASE, 1_000, Whose::default()).await.unwrap().items.len(), 400);
    assert_eq!(store.discard(&Selection::All, NOW).await.unwrap(), 1_200);
    assert_eq!(store.counts().await.unwrap(), Counts::default());
}

pub async fn old_dead_items_are_forgotten(home: &Home) {
    let store = home.open();
    bury(&*store, "old", "a", NOW).await;
    bury(&*store, "young", "b", NOW.plus(DAY)).await;
    put(&*store, "alive", "c").await;
    assert_eq!(store.purge_dead(NOW.plus(DAY)).await.unwrap(), 1);
    let left: Vec<_> = listed(&*store).await.into_iter().map(|entry| entry.id.to_string()).collect();
    assert_eq!(left, ["young", "alive"]);
}

pub async fn takers_at_once_share_the_items(home: &Home) {
    let store = home.open();
    for number in 0..60 {
        // Twenty lanes of three.
        put(&*store, &number.to_string(), &format!("lane {}", number % 20)).await;
    }
    let mut given = Vec::new();
    while given.len() < 60 {
        let takers = (0..8).map(|_| store.take_due(NOW, LEASE, 5, Whose::default()));
        let taken = futures_util::future::join_all(takers).await;
        let items: Vec<_> = taken.into_iter().flat_map(|taken| taken.unwrap().items).collect();
        assert!(!items.is_empty(), "nothing is given out any more: {given:?}");
        for item in items {
            assert_eq!(item.attempt, 1, "{} was given out twice", item.id);
            store.delivered(&item.id, NOW).await.unwrap();
            given.push(item.id.as_str().parse::<usize>().unwrap());
        }
    }
    for lane in 0..20 {
        let order: Vec<_> = given.iter().filter(|number| **number % 20 == lane).collect();
        assert!(order.is_sorted(), "{order:?}");
    }
}

pub async fn what_is_queued_survives_a_restart(home: &Home) {
    let store = home.open();
    put(&*store, "a", "user").await;
    take(&*store, NOW).await;
    drop(store);
    let left = take(&*home.open(), NOW.plus(LEASE + SECOND)).await;
    assert_eq!(ids(&left), if home.survives_a_restart() { vec!["a"] } else { Vec::new() });
}
