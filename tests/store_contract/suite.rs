//! The promises.

use crate::Home;
use neon_sms_relay::domain::{
    Accepted, EndpointId, EventId, HashKey, RefuseReason, Region, Reply, Timestamp, TryAgainReason,
};
use neon_sms_relay::store::{Claim, DeliveryStore, Held, Lease, NewDelivery, Outcome, Text};
use sms_providers::ProviderName;
use std::time::Duration;

pub const NOW: Timestamp = Timestamp::from_millis(1_770_000_000_000);
pub const LEASE: Duration = Duration::from_secs(4);

pub fn event(id: &str) -> NewDelivery {
    NewDelivery {
        endpoint: EndpointId::new("ep-cool-sound-12345678"),
        recipient: Some(HashKey::new(b"key").recipient(&"+15551234567".parse().unwrap())),
        region: Region::from_iso("US"),
        ..NewDelivery::new(EventId::new(id).unwrap(), "send.otp")
    }
}

pub async fn acquire(store: &dyn DeliveryStore, id: &str, now: Timestamp) -> Lease {
    match store.claim(&event(id), now, LEASE).await.unwrap() {
        Claim::Acquired(lease) => lease,
        other => panic!("not acquired: {other:?}"),
    }
}

pub fn outcome(reply: Reply) -> Outcome {
    Outcome { texts: vec![text(1, ProviderName::Twilio, Text::ACCEPTED)], ..Outcome::of(reply) }
}

pub fn text(number: u8, provider: ProviderName, verdict: &str) -> Text {
    let accepted = verdict == Text::ACCEPTED;
    Text {
        number,
        provider,
        verdict: verdict.to_owned(),
        code: (!accepted).then(|| "30003".to_owned()),
        message_id: accepted.then(|| format!("{provider}-{number}")),
        sent_at: NOW,
        elapsed_ms: 312,
        segments: Some(1),
        price: None,
    }
}

pub fn accepted() -> Reply {
    Reply::Done(Some(Accepted { provider: ProviderName::Twilio, message_id: Some("SM1".into()) }))
}

pub fn after(time: Duration) -> Timestamp {
    NOW.plus(time + Duration::from_millis(1))
}

pub async fn a_new_event_is_acquired_and_then_in_flight(home: &Home) {
    let store = home.open();
    let lease = acquire(&*store, "a", NOW).await;
    assert_eq!((lease.first_claimed_at, lease.possible_sends), (NOW, 1));
    for at in [NOW, NOW.plus(LEASE)] {
        assert!(matches!(store.claim(&event("a"), at, LEASE).await.unwrap(), Claim::InFlight));
    }
    acquire(&*store, "b", NOW).await;
}

pub async fn a_lapsed_lease_goes_to_a_new_owner_with_a_higher_token(home: &Home) {
    let store = home.open();
    let first = acquire(&*store, "a", NOW).await;
    let second = acquire(&*store, "a", after(LEASE)).await;
    assert!(second.token > first.token);
    assert_eq!(
        (&second.delivery_ref, second.first_claimed_at),
        (&first.delivery_ref, first.first_claimed_at)
    );
    assert_eq!(second.possible_sends, 2);
}

pub async fn a_stale_owner_changes_nothing(home: &Home) {
    let store = home.open();
    let stale = acquire(&*store, "a", NOW).await;
    let owner = acquire(&*store, "a", after(LEASE)).await;
    assert_eq!(store.renew(&stale, after(LEASE * 9)).await.unwrap(), Held::Lost);
    assert_eq!(store.finish(stale.clone(), &outcome(accepted()), NOW).await.unwrap(), Held::Lost);
    store.release(stale, &[]).await.unwrap();
    assert!(matches!(store.claim(&event("a"), after(LEASE), LEASE).await.unwrap(), Claim::InFlight));
    assert_eq!(store.finish(owner, &outcome(Reply::Done(None)), NOW).await.unwrap(), Held::Yes);
}

pub async fn a_renewed_lease_keeps_others_out(home: &Home) {
    let store = home.open();
    let mut lease = acquire(&*store, "a", NOW).await;
    lease.possible_sends = 2;
    assert_eq!(store.renew(&lease, NOW.plus(LEASE * 2)).await.unwrap(), Held::Yes);
    assert!(matches!(store.claim(&event("a"), after(LEASE), LEASE).await.unwrap(), Claim::InFlight));
    assert_eq!(acquire(&*store, "a", after(LEASE * 2)).await.possible_sends, 3);
}

pub async fn a_finished_reply_is_returned_for_ever(home: &Home) {
    let store = home.open();
    let replies = [
        accepted(),
        Reply::Done(None),
        Reply::App { status: 200, body: b"{\"allowed\":true}\xff\0".to_vec() },
        Reply::Refused(RefuseReason::OptedOut),
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        let id = number.to_string();
        let lease = acquire(&*store, &id, NOW).await;
        assert_eq!(store.finish(lease.clone(), &outcome(reply.clone()), NOW).await.unwrap(), Held::Yes);
        let other = outcome(Reply::Refused(RefuseReason::InvalidCode));
        assert_eq!(store.finish(lease.clone(), &other, NOW).await.unwrap(), Held::Lost);
        assert_eq!(store.renew(&lease, NOW).await.unwrap(), Held::Lost);
        store.release(lease, &[]).await.unwrap();
        for at in [NOW, after(LEASE), NOW.plus(Duration::from_secs(86_400))] {
            match store.claim(&event(&id), at, LEASE).await.unwrap() {
                Claim::Finished(stored) => assert_eq!(stored, reply),
                other => panic!("not finished: {other:?}"),
            }
        }
    }
}

pub async fn a_reply_that_is_not_final_is_refused(home: &Home) {
    let store = home.open();
    let lease = acquire(&*store, "a", NOW).await;
    let undecided = outcome(Reply::TryAgain(TryAgainReason::NoVerdict));
    assert!(store.finish(lease, &undecided, NOW).await.is_err());
    assert!(matches!(store.claim(&event("a"), NOW, LEASE).await.unwrap(), Claim::InFlight));
}

pub async fn a_released_event_is_claimable_at_once_with_its_count_corrected(home: &Home) {
    let store = home.open();
    let mut lease = acquire(&*store, "a", NOW).await;
    lease.possible_sends = 0;
    store.release(lease, &[]).await.unwrap();
    assert_eq!(acquire(&*store, "a", NOW).await.possible_sends, 1);
}

pub async fn of_many_claims_at_once_exactly_one_is_acquired(home: &Home) {
    let store = home.open();
    for round in 0..10 {
        let id = format!("event-{round}");
        let claims = (0..64).map(|_| {
            let (store, event) = (store.clone(), event(&id));
            tokio::runtime::Handle::current()
                .spawn(async move { store.claim(&event, NOW, LEASE).await.unwrap() })
        });
        let claims = futures_util::future::join_all(claims).await;
        let acquired = claims.into_iter().filter(|claim| matches!(claim, Ok(Claim::Acquired(_)))).count();
        assert_eq!(acquired, 1, "round {round}");
    }
}

pub async fn old_events_are_forgotten_unless_somebody_owns_them(home: &Home) {
    let store = home.open();
    for number in 0..1_100 {
        let lease = acquire(&*store, &format!("old-{number}"), NOW).await;
        store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    }
    let owned = acquire(&*store, "owned", NOW).await;
    let later = NOW.plus(Duration::from_secs(3_600));
    store.renew(&owned, later.plus(LEASE)).await.unwrap();
    let young = acquire(&*store, "young", later).await;
    store.finish(young, &outcome(accepted()), later).await.unwrap();

    assert_eq!(store.purge(later, later).await.unwrap(), 1_100);
    assert_eq!(store.purge(later, later).await.unwrap(), 0);
    acquire(&*store, "old-7", later).await;
    assert!(matches!(store.claim(&event("owned"), later, LEASE).await.unwrap(), Claim::InFlight));
    assert!(matches!(store.claim(&event("young"), later, LEASE).await.unwrap(), Claim::Finished(_)));
}

pub async fn the_hash_key_is_made_once(home: &Home) {
    let store = home.open();
    let first = store.hash_key().await.unwrap();
    assert_eq!(first.expose().len(), 32);
    assert_eq!(store.hash_key().await.unwrap().expose(), first.expose());
    if home.survives_a_restart() {
        assert_eq!(home.open().hash_key().await.unwrap().expose(), first.expose());
    }
}

pub async fn what_was_finished_survives_a_restart(home: &Home) {
    let store = home.open();
    let lease = acquire(&*store, "a", NOW).await;
    store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    drop(store);
    let claim = home.open().claim(&event("a"), after(LEASE), LEASE).await.unwrap();
    assert_eq!(matches!(claim, Claim::Finished(_)), home.survives_a_restart());
}

pub async fn a_healthy_store_answers(home: &Home) {
    home.open().ping().await.unwrap();
}
