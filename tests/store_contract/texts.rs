//! What every store promises about texts, reports and numbers.

use crate::Home;
use crate::suite::{LEASE, NOW, accepted, acquire, after, event, outcome, text};
use DeliveryStatus::{Accepted, Delivered, Expired, Failed, Sent, Undelivered};
use ProviderName::{MessageBird, Twilio, Vonage};
use neon_sms_relay::domain::{DeliveryRef, HashKey, Reply, TextRef, TextStatus, Timestamp, TryAgainReason};
use neon_sms_relay::store::texts::{About, Again, Only, Query, Report, Reported};
use neon_sms_relay::store::{Batch, Claim, Lease, NewDelivery, Outcome, Store, Tally, Text};
use sms_providers::{DeliveryStatus, Price, ProviderName};
use std::time::Duration;

pub fn about(lease: &Lease, number: u8) -> TextRef {
    TextRef { delivery: lease.delivery_ref.clone(), number }
}

pub fn status(status: DeliveryStatus) -> Report {
    Report { status: Some(status), ..Report::default() }
}

pub fn failed(life: u64) -> Report {
    let again = Some(Again { life: Duration::from_secs(life), transient: true });
    Report { code: Some("30003".to_owned()), again, ..status(Failed) }
}

pub async fn report(store: &dyn Store, text: &TextRef, report: Report) -> Reported {
    store.report(&About::Text(text.clone(), Twilio), &report, NOW).await.unwrap()
}

/// An event whose texts are these.
pub async fn finish(store: &dyn Store, id: &str, now: Timestamp, texts: Vec<Text>) -> Lease {
    let lease = acquire(store, id, now).await;
    store.finish(lease.clone(), &Outcome { texts, ..Outcome::of(accepted()) }, now).await.unwrap();
    lease
}

pub fn number() -> String {
    event("any").recipient.unwrap().hash.to_string()
}

pub async fn one(store: &dyn Store, id: &str) -> neon_sms_relay::store::texts::Delivery {
    let query = Query { event: Some(event(id).id), ..Query::default() };
    let mut found = store.deliveries(&query, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

pub async fn a_status_only_rises_and_may_come_before_the_end(home: &Home) {
    let store = home.open();
    let lease = acquire(&*store, "a", NOW).await;
    let text = about(&lease, 1);
    let Reported::Raised(early) = report(&*store, &text, status(Sent)).await else { panic!("not raised") };
    assert_eq!((early.text, early.region, early.sent), (text.clone(), event("a").region, None));
    store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    assert_eq!(one(&*store, "a").await.texts[0].status, Some(TextStatus::Reported(Sent)));
    for late in [Sent, Accepted] {
        assert_eq!(report(&*store, &text, status(late)).await, Reported::Unchanged, "{late}");
    }
    let Reported::Raised(raised) = report(&*store, &text, status(Delivered)).await else {
        panic!("not raised")
    };
    assert_eq!(raised.sent, Some((Twilio, NOW)));
    for late in [Accepted, Sent, Delivered, Failed, Undelivered, Expired] {
        assert_eq!(report(&*store, &text, status(late)).await, Reported::Unchanged, "{late}");
    }
}

pub async fn a_late_delivery_replaces_a_failure(home: &Home) {
    let store = home.open();
    let lease = finish(&*store, "a", NOW, vec![text(1, Twilio, Text::ACCEPTED)]).await;
    report(&*store, &about(&lease, 1), failed(30)).await;
    assert_eq!(store.failures(NOW, 10).await.unwrap().len(), 1);
    assert!(matches!(report(&*store, &about(&lease, 1), status(Delivered)).await, Reported::Raised(_)));
    assert_eq!(store.failures(NOW, 10).await.unwrap(), []);
    assert_eq!(one(&*store, "a").await.texts[0].status_code, None);
}

pub async fn a_report_for_nobody_is_told(home: &Home) {
    let store = home.open();
    let nobody = TextRef { delivery: DeliveryRef::new(NOW), number: 1 };
    assert_eq!(report(&*store, &nobody, status(Failed)).await, Reported::NotFound);
    let lease = finish(&*store, "a", NOW, vec![text(1, Twilio, Text::ACCEPTED)]).await;
    assert_eq!(
        report(&*store, &about(&lease, 2), status(Failed)).await,
        Reported::NotFound,
        "no such request"
    );
    let another = About::Text(about(&lease, 1), Vonage);
    assert_eq!(store.report(&another, &status(Failed), NOW).await.unwrap(), Reported::NotFound);
    let unknown = About::Message("messagebird-9".to_owned());
    assert_eq!(store.report(&unknown, &status(Failed), NOW).await.unwrap(), Reported::NotFound);
}

pub async fn a_text_of_messagebird_is_found_by_its_id(home: &Home) {
    let store = home.open();
    let texts = vec![text(1, Twilio, "throttled"), text(2, MessageBird, Text::ACCEPTED)];
    let lease = finish(&*store, "a", NOW, texts).await;
    let by_id = About::Message("messagebird-2".to_owned());
    let Reported::Raised(raised) = store.report(&by_id, &status(Delivered), NOW).await.unwrap() else {
        panic!("not found")
    };
    assert_eq!((raised.text, raised.sent), (about(&lease, 2), Some((MessageBird, NOW))));
}

pub async fn a_word_that_nobody_knows_is_kept_and_changes_nothing(home: &Home) {
    let store = home.open();
    let lease = finish(&*store, "a", NOW, vec![text(1, Twilio, Text::ACCEPTED)]).await;
    let word = Report { word: Some("vaporised".to_owned()), ..Report::default() };
    assert_eq!(report(&*store, &about(&lease, 1), word).await, Reported::Unchanged);
    let told = &one(&*store, "a").await.texts[0];
    assert_eq!(told.word.as_deref(), Some("vaporised"));
    assert_eq!(told.status, Some(TextStatus::Reported(Accepted)));
}

pub async fn all_that_is_known_of_a_delivery_is_told(home: &Home) {
    let store = home.open();
    let delivery = NewDelivery { linked: true, expires_at: Some(after(LEASE * 9)), ..event("a") };
    let Claim::Acquired(lease) = store.claim(&delivery, NOW, LEASE).await.unwrap() else { panic!() };
    let texts = vec![text(1, Vonage, "throttled"), text(2, Twilio, Text::ACCEPTED)];
    let decision = Some(r#"{"outcome":"allowed","rules":[]}"#.to_owned());
    let outcome = Outcome { texts: texts.clone(), decision: decision.clone(), ..Outcome::of(accepted()) };
    store.finish(lease.clone(), &outcome, NOW).await.unwrap();
    let price = Price::parse("0.0075", "USD");
    let paid = Report { price, segments: Some(2), ..status(Delivered) };
    report(&*store, &about(&lease, 2), paid).await;

    let told = one(&*store, "a").await;
    assert_eq!(
        (told.reference, told.came_at, told.reply),
        (lease.delivery_ref.clone(), NOW, Some(accepted()))
    );
    assert_eq!((told.last_two.as_deref(), told.region, told.linked), (Some("67"), event("a").region, true));
    assert_eq!((told.expires_at, told.verified_at, told.decision), (delivery.expires_at, None, decision));
    assert_eq!(told.texts[0].request, Some(texts[0].clone()));
    assert_eq!(told.texts[0].status, None);
    assert_eq!(told.texts[1].request, Some(Text { price, segments: Some(2), ..texts[1].clone() }));
    assert_eq!(told.texts[1].status_at, Some(NOW));
}

pub async fn deliveries_are_found_by_number_time_and_how_they_ended(home: &Home) {
    let store = home.open();
    let sent = || vec![text(1, Twilio, Text::ACCEPTED)];
    finish(&*store, "arrived", NOW, sent()).await;
    let lost = finish(&*store, "lost", after(LEASE), sent()).await;
    report(&*store, &about(&lost, 1), failed(30)).await;
    finish(&*store, "not-sent", after(LEASE * 2), vec![text(1, Twilio, "bad_recipient")]).await;
    let other = NewDelivery {
        recipient: Some(HashKey::new(b"key").recipient(&"+15550000000".parse().unwrap())),
        ..event("other")
    };
    assert!(matches!(store.claim(&other, after(LEASE * 3), LEASE).await.unwrap(), Claim::Acquired(_)));
    let found = async |query: Query| {
        let found = store.deliveries(&query, 3).await.unwrap();
        found.into_iter().map(|delivery| delivery.event.as_str().to_owned()).collect::<Vec<_>>()
    };
    let any = Query::default;
    assert_eq!(found(any()).await, ["lost", "not-sent", "other"], "the latest ones, the oldest first");
    assert_eq!(
        found(Query { recipient_hash: Some(number()), ..any() }).await,
        ["arrived", "lost", "not-sent"]
    );
    assert_eq!(found(Query { since: Some(after(LEASE * 2)), ..any() }).await, ["not-sent", "other"]);
    assert_eq!(found(Query { before: Some(after(LEASE)), ..any() }).await, ["arrived"]);
    assert_eq!(found(Query { only: Some(Only::Failed), ..any() }).await, ["lost", "not-sent"]);
    let now = after(Duration::from_secs(400));
    assert_eq!(found(Query { only: Some(Only::Unverified(now)), ..any() }).await, ["arrived", "lost"]);
    assert_eq!(found(Query { only: Some(Only::Unverified(NOW)), ..any() }).await, [""; 0]);
}

pub async fn requests_of_all_owners_are_numbered_apart(home: &Home) {
    let store = home.open();
    let first = acquire(&*store, "a", NOW).await;
    assert_eq!(first.next_number, 1);
    // It dies, and nobody knows how many requests it made.
    let second = acquire(&*store, "a", after(LEASE)).await;
    assert_eq!(second.next_number, 9);
    store.release(second, &[text(9, Twilio, "unavailable"), text(10, Vonage, "throttled")]).await.unwrap();
    let third = acquire(&*store, "a", after(LEASE)).await;
    assert_eq!(third.next_number, 11);
    store.finish(third, &Outcome::of(Reply::Done(None)), NOW).await.unwrap();
    let numbers: Vec<_> = one(&*store, "a").await.texts.iter().map(|text| text.reference.number).collect();
    assert_eq!(numbers, [9, 10]);
}

pub async fn a_verification_is_matched_to_the_latest_text_of_the_number_once(home: &Home) {
    let store = home.open();
    finish(&*store, "old", NOW, vec![text(1, Twilio, Text::ACCEPTED)]).await;
    let texts = vec![
        text(1, Twilio, "unknown"),
        text(2, Vonage, "throttled"),
        Text { sent_at: after(LEASE * 2), ..text(3, Vonage, Text::ACCEPTED) },
    ];
    let lease = finish(&*store, "new", after(LEASE), texts).await;
    let now = after(LEASE * 3);
    let verified = store.verified(&number(), now, now).await.unwrap().unwrap();
    assert_eq!((verified.text, verified.provider), (about(&lease, 3), Vonage));
    assert_eq!(verified.message_id.as_deref(), Some("vonage-3"));
    assert_eq!((verified.first_sent_at, verified.sent_at), (NOW, after(LEASE * 2)));
    assert!(!verified.alone, "the first one may have left, too");
    assert_eq!(verified.region, event("new").region);
    assert_eq!(store.verified(&number(), now, now).await.unwrap(), None, "it is known already");
    assert_eq!(one(&*store, "new").await.texts[2].status, Some(TextStatus::Verified));
    assert_eq!(one(&*store, "new").await.verified_at, Some(now));
    assert_eq!(one(&*store, "old").await.verified_at, None);
    let late = About::Text(about(&lease, 3), Vonage);
    assert_eq!(store.report(&late, &status(Delivered), now).await.unwrap(), Reported::Unchanged);
}

pub async fn a_verification_without_a_living_code_of_ours_is_no_text_s_success(home: &Home) {
    let store = home.open();
    assert_eq!(store.verified("of nobody", NOW, NOW).await.unwrap(), None);
    let delivery = NewDelivery { expires_at: Some(after(LEASE)), ..event("a") };
    let Claim::Acquired(lease) = store.claim(&delivery, NOW, LEASE).await.unwrap() else { panic!() };
    store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    assert_eq!(store.verified(&number(), after(LEASE * 2), NOW).await.unwrap(), None, "it was dead");
}

pub async fn a_reply_that_is_none_keeps_its_texts(home: &Home) {
    let store = home.open();
    let lease = acquire(&*store, "a", NOW).await;
    let reply = Reply::TryAgain(TryAgainReason::ProvidersUnavailable);
    assert!(!reply.is_final());
    store.release(lease, &[text(1, Twilio, "unavailable")]).await.unwrap();
    assert_eq!(one(&*store, "a").await.texts[0].request, Some(text(1, Twilio, "unavailable")));
}

pub async fn tallies_are_added_up_by_all_once_and_forgotten_by_the_hour(home: &Home) {
    let store = home.open();
    let tally = |hour, detail: &str, count| Tally {
        hour,
        kind: "first".to_owned(),
        region: "DE".to_owned(),
        detail: detail.to_owned(),
        count,
    };
    let batch = |writer: &str, number| Batch { writer: writer.to_owned(), number, hour: 2 };
    let (first, second) =
        ([tally(1, "twilio", 2), tally(2, "vonage", 3)], [tally(2, "vonage", 4), tally(2, "twilio", -1)]);
    // Whose answer was lost is written again.
    for (tallies, batch) in
        [(&first, batch("a", 1)), (&first, batch("a", 1)), (&second, batch("b", 1)), (&second, batch("b", 1))]
    {
        store.tally(tallies, &batch).await.unwrap();
    }
    let since = async |hour| {
        let mut found = store.tallies(hour).await.unwrap();
        found.sort_by_key(|tally| (tally.hour, tally.detail.clone()));
        found
    };
    assert_eq!(since(0).await, [tally(1, "twilio", 2), tally(2, "twilio", -1), tally(2, "vonage", 7)]);
    assert_eq!(since(2).await.len(), 2);
    store.tally(&[tally(1, "twilio", 1)], &batch("a", 2)).await.unwrap();
    assert_eq!(since(0).await[0], tally(1, "twilio", 3));
    store.forget_tallies(3, Some("another")).await.unwrap();
    assert_eq!(since(0).await.len(), 3);
    store.forget_tallies(2, Some("first")).await.unwrap();
    assert_eq!(since(0).await.len(), 2);
    store.forget_tallies(3, None).await.unwrap();
    assert_eq!(since(0).await, []);
}
