//! What every store promises about prefixes that get no text.

use crate::Home;
use crate::suite::{LEASE, NOW, after};
use neon_sms_relay::store::Closing;

fn closing(prefix: &str) -> Closing {
    let (reason, by) = ("prefix".to_owned(), "guard".to_owned());
    Closing { prefix: prefix.to_owned(), reason, since: NOW, until: Some(after(LEASE)), by }
}

pub async fn what_is_closed_is_closed_until_it_is_opened_or_over(home: &Home) {
    let store = home.open();
    assert_eq!(store.closings().await.unwrap(), []);
    let blocked =
        Closing { until: None, reason: "blocked".to_owned(), by: "ann".to_owned(), ..closing("49") };
    for closing in [&closing("225070"), &closing("1"), &closing("49"), &blocked] {
        store.close(closing).await.unwrap();
    }
    let all = [closing("1"), closing("225070"), blocked.clone()];
    assert_eq!(store.closings().await.unwrap(), all, "the one that was changed is there once");
    assert!(store.open("1").await.unwrap());
    assert!(!store.open("1").await.unwrap());
    store.forget_closings(after(LEASE)).await.unwrap();
    assert_eq!(store.closings().await.unwrap(), all[1..]);
    store.forget_closings(after(LEASE * 2)).await.unwrap();
    let store = if home.survives_a_restart() { home.open() } else { store };
    assert_eq!(store.closings().await.unwrap(), [blocked]);
}
