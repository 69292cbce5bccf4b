//! What every store promises about numbers: how often they are texted, and what is known of them.

use crate::Home;
use crate::suite::{LEASE, NOW, accepted, after, event, text};
use crate::texts::{finish, number, one};
use neon_sms_relay::domain::{Pace, Timestamp, TooMany};
use neon_sms_relay::store::texts::{Only, Query};
use neon_sms_relay::store::{Claim, History, NewDelivery, Outcome, Store, Text};
use sms_providers::ProviderName::Twilio;
use std::sync::Arc;
use std::time::Duration;

async fn history(store: &dyn Store, delivery: NewDelivery, now: Timestamp) -> History {
    let Claim::Acquired(lease) = store.claim(&delivery, now, LEASE).await.unwrap() else {
        panic!("in flight")
    };
    let id = lease.id.clone();
    store.release(lease, &[]).await.unwrap();
    // Whoever takes it over finds the same.
    let Claim::Acquired(again) = store.claim(&delivery, now, LEASE).await.unwrap() else {
        panic!("in flight")
    };
    let found = again.history.clone();
    let outcome =
        Outcome { texts: vec![text(again.next_number, Twilio, Text::ACCEPTED)], ..Outcome::of(accepted()) };
    store.finish(again, &outcome, now).await.unwrap();
    assert_eq!(one(store, id.as_str()).await.event, id);
    found
}

pub async fn whoever_took_the_last_text_in_vain_is_told_until_one_led_to_a_verification(home: &Home) {
    let store = home.open();
    assert_eq!(history(&*store, event("first"), NOW).await, History::default());
    assert_eq!(history(&*store, event("second"), after(LEASE)).await.previous, Some(Twilio));
    store.verified(&number(), NOW, after(LEASE)).await.unwrap().unwrap();
    let third = history(&*store, event("third"), after(LEASE * 2)).await;
    assert_eq!((third.previous, third.verified_at), (None, Some(after(LEASE))));
}

pub fn paced(pause: u64, per_10_min: u16, per_day: u16) -> Arc<Pace> {
    Arc::new(Pace { pauses: vec![Duration::from_secs(pause)], per_10_min, per_day, enforced: true })
}

pub async fn a_number_gets_as_many_texts_as_its_pace_allows(home: &Home) {
    let store = home.open();
    let mut count = 0;
    let mut ask = async |pace: &Arc<Pace>, seconds: u64| {
        count += 1;
        let delivery = NewDelivery { pace: pace.clone(), ..event(&format!("event-{count}")) };
        history(&*store, delivery, NOW.plus(Duration::from_secs(seconds))).await.refused_by
    };
    let refused = |part: TooMany| Some(part.as_str().to_owned());
    let pace = paced(30, 3, 4);
    assert_eq!(ask(&pace, 0).await, None);
    assert_eq!(ask(&pace, 29).await, refused(TooMany::Pause));
    assert_eq!(ask(&pace, 30).await, None, "what was refused does not count");
    assert_eq!(ask(&pace, 60).await, None);
    assert_eq!(ask(&pace, 100).await, refused(TooMany::Per10Min));
    assert_eq!(ask(&pace, 700).await, None);
    assert_eq!(ask(&pace, 2000).await, refused(TooMany::PerDay));
    assert_eq!(ask(&pace, 86_400).await, None, "the first one is a day old");
    let unenforced = Arc::new(Pace { enforced: false, ..(*paced(30, 3, 4)).clone() });
    assert_eq!(ask(&unenforced, 86_401).await, refused(TooMany::Pause), "it is said");
    assert_eq!(ask(&pace, 86_431).await, refused(TooMany::PerDay), "and counted");
    store.verified(&number(), NOW, NOW).await.unwrap();
    assert_eq!(ask(&pace, 86_432).await, None, "a verification clears the counts");
}

pub async fn a_limit_of_no_text_holds_for_the_first_one_too(home: &Home) {
    let store = home.open();
    for (id, pace, part) in [("a", paced(0, 0, 9), TooMany::Per10Min), ("b", paced(0, 9, 0), TooMany::PerDay)]
    {
        for count in 0..2 {
            let asked = NewDelivery { pace: pace.clone(), ..event(&format!("{id}{count}")) };
            let refused = history(&*store, asked, NOW).await.refused_by;
            assert_eq!(refused.as_deref(), Some(part.as_str()), "{id}{count}");
        }
    }
    let told = Arc::new(Pace { enforced: false, ..(*paced(0, 0, 9)).clone() });
    let asked = NewDelivery { pace: told, ..event("told") };
    assert_eq!(history(&*store, asked, NOW).await.refused_by.as_deref(), Some(TooMany::Per10Min.as_str()));
}

pub async fn a_text_that_was_sent_though_a_limit_was_broken_is_among_the_failed_ones(home: &Home) {
    let store = home.open();
    let pace = Arc::new(Pace { enforced: false, ..(*paced(0, 0, 9)).clone() });
    let asked = NewDelivery { pace, ..event("noted") };
    let Claim::Acquired(lease) = store.claim(&asked, NOW, LEASE).await.unwrap() else { panic!("in flight") };
    assert!(lease.history.refused_by.is_some());
    let outcome = Outcome { texts: vec![text(1, Twilio, "unreachable")], ..Outcome::of(accepted()) };
    store.finish(lease, &outcome, NOW).await.unwrap();
    let failed = Query { only: Some(Only::Failed), ..Query::default() };
    assert_eq!(store.deliveries(&failed, 9).await.unwrap().len(), 1);
}

pub async fn an_unknown_number_is_refused_where_a_verified_one_is_not(home: &Home) {
    let store = home.open();
    let doubtful = |id: &str| NewDelivery { unless_verified: Some("budget".to_owned()), ..event(id) };
    let refused = Some("budget".to_owned());
    assert_eq!(history(&*store, doubtful("new"), NOW).await.refused_by, refused);
    finish(&*store, "texted", NOW, vec![text(1, Twilio, Text::ACCEPTED)]).await;
    assert_eq!(history(&*store, doubtful("known"), after(LEASE)).await.refused_by, refused);
    store.verified(&number(), NOW, NOW).await.unwrap().unwrap();
    assert_eq!(history(&*store, doubtful("verified"), after(LEASE)).await.refused_by, None);
    let long = Duration::from_secs(91 * 24 * 3600);
    assert_eq!(history(&*store, doubtful("long-ago"), after(long)).await.refused_by, refused);
}

pub async fn of_many_events_for_one_number_at_once_exactly_as_many_are_allowed_as_may_be(home: &Home) {
    let store = home.open();
    let pace = paced(0, 5, 9);
    let claims = (0..200).map(|number| {
        let delivery = NewDelivery { pace: pace.clone(), ..event(&format!("event-{number}")) };
        let store = store.clone();
        tokio::runtime::Handle::current()
            .spawn(async move { store.claim(&delivery, NOW, LEASE).await.unwrap() })
    });
    let claims = futures_util::future::join_all(claims).await;
    let allowed = claims.into_iter().filter(|claim| match claim {
        Ok(Claim::Acquired(lease)) => lease.history.refused_by.is_none(),
        other => panic!("not acquired: {other:?}"),
    });
    assert_eq!(allowed.count(), 5);
}

pub async fn a_number_is_remembered_while_its_limits_or_its_verification_count(home: &Home) {
    let store = home.open();
    let hour = Duration::from_secs(3600);
    history(&*store, NewDelivery { pace: paced(30, 9, 1), ..event("a") }, NOW).await;
    assert_eq!(store.purge(after(hour), after(hour)).await.unwrap(), 1);
    assert_eq!(store.deliveries(&Query::default(), 9).await.unwrap(), []);
    let pace = NewDelivery { pace: paced(30, 9, 1), ..event("b") };
    let refused = history(&*store, pace, after(hour * 2)).await;
    assert_eq!(refused.refused_by.as_deref(), Some(TooMany::PerDay.as_str()));
    store.verified(&number(), NOW, after(hour)).await.unwrap();
    store.purge(after(hour * 30), after(hour * 30)).await.unwrap();
    let doubtful = NewDelivery { unless_verified: Some("budget".to_owned()), ..event("c") };
    assert_eq!(history(&*store, doubtful, after(hour * 31)).await.refused_by, None);
}

pub async fn what_is_refused_to_everybody_is_refused_to_a_verified_number_and_never_counts(home: &Home) {
    let store = home.open();
    finish(&*store, "texted", NOW, vec![text(1, Twilio, Text::ACCEPTED)]).await;
    store.verified(&number(), NOW, NOW).await.unwrap().unwrap();
    let refused = |id: &str| NewDelivery {
        unless_verified: Some("blocked".to_owned()),
        even_if_verified: true,
        pace: paced(0, 1, 1),
        ..event(id)
    };
    for id in ["one", "two"] {
        assert_eq!(history(&*store, refused(id), NOW).await.refused_by.as_deref(), Some("blocked"), "{id}");
    }
    let allowed = NewDelivery { pace: paced(0, 1, 1), ..event("three") };
    assert_eq!(history(&*store, allowed, NOW).await.refused_by, None);
}

pub async fn a_verification_tells_which_texts_it_cleared(home: &Home) {
    let store = home.open();
    let texted = async |id: &str, now| {
        let delivery = NewDelivery { pace: paced(0, 9, 9), ..event(id) };
        assert_eq!(history(&*store, delivery, now).await.refused_by, None, "{id}");
    };
    texted("first", NOW).await;
    texted("second", after(LEASE)).await;
    let verified = store.verified(&number(), NOW, after(LEASE)).await.unwrap().unwrap();
    assert_eq!((verified.cleared, verified.verified_before), (vec![NOW, after(LEASE)], None));
    texted("third", after(LEASE * 2)).await;
    let verified = store.verified(&number(), NOW, after(LEASE * 3)).await.unwrap().unwrap();
    assert_eq!((verified.cleared, verified.verified_before), (vec![after(LEASE * 2)], Some(after(LEASE))));
}

pub async fn of_many_claims_of_one_event_the_number_notices_one(home: &Home) {
    let store = home.open();
    for (round, pause) in [(0, 0), (1, 30)] {
        let delivery = NewDelivery { pace: paced(pause, 9, 9), ..event(&format!("event-{round}")) };
        let now = after(Duration::from_secs(60 * round));
        let claims = (0..50).map(|_| {
            let (store, delivery) = (store.clone(), delivery.clone());
            tokio::runtime::Handle::current()
                .spawn(async move { store.claim(&delivery, now, LEASE).await.unwrap() })
        });
        let claims = futures_util::future::join_all(claims).await;
        let acquired = claims.into_iter().filter_map(|claim| match claim {
            Ok(Claim::Acquired(lease)) => Some(lease),
            _ => None,
        });
        let [lease] = acquired.collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(lease.history.refused_by, None);
        let outcome = Outcome { texts: vec![text(1, Twilio, Text::ACCEPTED)], ..Outcome::of(accepted()) };
        store.finish(lease.clone(), &outcome, now).await.unwrap();
        let verified = store.verified(&number(), now, now).await.unwrap();
        let verified = verified.map(|verified| verified.text.delivery);
        assert_eq!(verified, Some(lease.delivery_ref), "the number points to another delivery");
    }
}
