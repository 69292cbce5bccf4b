//! What every store promises about the codes of test numbers.

use crate::Home;
use crate::suite::{NOW, after};
use neon_sms_relay::domain::{EventId, Timestamp};
use neon_sms_relay::store::KeptCode;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn code(event: &str, number: &str, came_at: Timestamp) -> KeptCode {
    KeptCode {
        recipient_hash: number.to_owned(),
        event: EventId::new(event).unwrap(),
        sealed: event.as_bytes().to_vec(),
        came_at,
        expires_at: came_at.plus(MINUTE),
    }
}

pub async fn a_test_code_is_read_by_all_instances_until_it_dies(home: &Home) {
    let store = home.open();
    let (kept, of_another) = (code("a", "one", NOW), code("b", "other", NOW));
    store.keep_test_code(&kept).await.unwrap();
    store.keep_test_code(&of_another).await.unwrap();
    let reader = if home.survives_a_restart() { home.open() } else { store };
    assert_eq!(reader.test_code("one", after(MINUTE / 2)).await.unwrap(), Some(kept));
    assert_eq!(reader.test_code("other", NOW).await.unwrap(), Some(of_another));
    assert_eq!(reader.test_code("none", NOW).await.unwrap(), None);
    assert_eq!(reader.test_code("one", NOW.plus(MINUTE)).await.unwrap(), None, "it is dead");
}

pub async fn the_newest_test_code_of_a_number_wins_whenever_it_is_written(home: &Home) {
    let store = home.open();
    let (older, newer) = (code("older", "one", NOW), code("newer", "one", after(MINUTE / 2)));
    for order in [[&older, &newer], [&newer, &older]] {
        for kept in order {
            store.keep_test_code(kept).await.unwrap();
        }
        assert_eq!(store.test_code("one", NOW).await.unwrap().as_ref(), Some(&newer));
    }
    // A retry of the same event changes nothing.
    store.keep_test_code(&newer).await.unwrap();
    assert_eq!(store.test_code("one", NOW).await.unwrap().as_ref(), Some(&newer));
}

pub async fn dead_test_codes_are_forgotten_and_living_ones_are_not(home: &Home) {
    let store = home.open();
    store.keep_test_code(&code("dead", "one", NOW)).await.unwrap();
    store.keep_test_code(&code("alive", "other", after(MINUTE))).await.unwrap();
    store.forget_test_codes(NOW.plus(MINUTE)).await.unwrap();
    // As of a time at which neither had died.
    assert_eq!(store.test_code("one", NOW).await.unwrap(), None);
    assert!(store.test_code("other", NOW).await.unwrap().is_some());
}
