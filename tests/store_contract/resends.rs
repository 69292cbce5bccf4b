//! What every store promises about texts that are sent in place of others.

use crate::Home;
use crate::suite::{LEASE, NOW, accepted, acquire, after, event, outcome, text};
use crate::texts::{about, failed, finish, number, report, status};
use DeliveryStatus::{Delivered, Sent, Undelivered};
use ProviderName::{MessageBird, Twilio, Vonage};
use neon_sms_relay::domain::TextRef;
use neon_sms_relay::store::texts::{About, Again, Resend, Why};
use neon_sms_relay::store::{Claim, Lease, NewDelivery, Store, Text};
use sms_providers::{DeliveryStatus, ProviderName};
use std::time::Duration;

/// The number of the first request of a resend, if it may begin.
async fn begin(store: &dyn Store, failed: &TextRef, requests: u8, max_sends: u8) -> Option<Resend> {
    store.begin_resend(failed, Why::Failed, requests, max_sends).await.unwrap()
}

pub async fn a_failed_text_is_made_good_once_while_that_helps(home: &Home) {
    let store = home.open();
    let lease = acquire(&*store, "a", NOW).await;
    let text_1 = about(&lease, 1);
    report(&*store, &text_1, failed(60)).await;
    assert_eq!(begin(&*store, &text_1, 2, 2).await, None, "the event is not finished");
    store.finish(lease.clone(), &outcome(accepted()), NOW).await.unwrap();
    let failures = store.failures(NOW, 10).await.unwrap();
    assert_eq!((&failures[0].text, failures[0].provider), (&text_1, Twilio));
    assert_eq!(failures[0].again, Again { life: Duration::from_secs(60), transient: true });
    assert_eq!(store.failures(after(LEASE), 10).await.unwrap(), []);

    assert_eq!(begin(&*store, &text_1, 2, 1).await, None, "no more texts are allowed");
    let resend = begin(&*store, &text_1, 2, 3).await.unwrap();
    assert_eq!(resend.first, 2);
    let texts = [text(2, Vonage, "unreachable"), text(3, MessageBird, Text::ACCEPTED)];
    for number in 1..=3 {
        assert_eq!(begin(&*store, &about(&lease, number), 1, 9).await, None, "one is on its way: {number}");
    }
    for _ in 0..2 {
        // Repeated, it changes nothing.
        store.record_resend(&lease.delivery_ref, resend, &texts, true).await.unwrap();
    }
    assert_eq!(begin(&*store, &text_1, 2, 9).await, None, "there is a later text");
    let text_3 = about(&lease, 3);
    assert_eq!(begin(&*store, &text_3, 1, 2).await, None, "two may have left");
    let delivered = About::Text(about(&lease, 3), MessageBird);
    store.report(&delivered, &status(Delivered), NOW).await.unwrap();
    assert_eq!(begin(&*store, &text_3, 1, 9).await, None, "one has arrived");
}

pub async fn a_resend_that_sent_nothing_gives_its_count_back_once(home: &Home) {
    let store = home.open();
    let lease = finish(&*store, "a", NOW, vec![text(1, Twilio, Text::ACCEPTED)]).await;
    let resend = begin(&*store, &about(&lease, 1), 1, 2).await.unwrap();
    for _ in 0..3 {
        let made = [text(2, Vonage, "throttled")];
        store.record_resend(&lease.delivery_ref, resend, &made, false).await.unwrap();
    }
    let resend = begin(&*store, &about(&lease, 2), 1, 2).await.unwrap();
    assert_eq!(resend.first, 3);
    store.record_resend(&lease.delivery_ref, resend, &[text(3, Vonage, "unknown")], true).await.unwrap();
    assert_eq!(begin(&*store, &about(&lease, 3), 1, 2).await, None, "two may have left");
}

pub async fn silence_is_no_reason_where_something_final_was_heard(home: &Home) {
    let store = home.open();
    let sent = || vec![text(1, Twilio, Text::ACCEPTED)];
    let silent = async |lease: &Lease| {
        store.begin_resend(&about(lease, 1), Why::Silent, 1, 2).await.unwrap().is_some()
    };
    let opted_out = finish(&*store, "opted-out", NOW, sent()).await;
    report(&*store, &about(&opted_out, 1), status(Undelivered)).await;
    assert_eq!(begin(&*store, &about(&opted_out, 1), 1, 2).await, None);
    assert!(!silent(&opted_out).await);
    let failing = finish(&*store, "failing", after(LEASE), sent()).await;
    report(&*store, &about(&failing, 1), failed(60)).await;
    assert!(!silent(&failing).await, "that it failed is heard of");
    let quiet = finish(&*store, "quiet", after(LEASE * 2), sent()).await;
    report(&*store, &about(&quiet, 1), status(Sent)).await;
    assert!(silent(&quiet).await);
}

pub async fn a_code_that_was_superseded_or_typed_is_not_sent_again(home: &Home) {
    let store = home.open();
    let sent = || vec![text(1, Twilio, Text::ACCEPTED)];
    let old = finish(&*store, "old", NOW, sent()).await;
    let new = finish(&*store, "new", after(LEASE), sent()).await;
    assert_eq!(begin(&*store, &about(&old, 1), 1, 2).await, None, "there is a newer code");
    // A newer one that is not texted makes this one void all the same.
    let paused = NewDelivery { pace: crate::numbers::paced(3600, 9, 9), ..event("paused") };
    assert!(matches!(store.claim(&paused, after(LEASE * 2), LEASE).await.unwrap(), Claim::Acquired(_)));
    assert_eq!(begin(&*store, &about(&new, 1), 1, 2).await, None);

    let typed = finish(&*store, "typed", after(LEASE * 3), sent()).await;
    store.verified(&number(), NOW, NOW).await.unwrap().unwrap();
    assert_eq!(begin(&*store, &about(&typed, 1), 1, 2).await, None);
}

/// A vendor that is down fails more texts than are looked at in one go; each is looked at while it is new.
pub async fn of_many_failures_the_latest_are_told(home: &Home) {
    let store = home.open();
    for number in 0..5_u64 {
        let lease = acquire(&*store, &format!("event-{number}"), NOW).await;
        let at = NOW.plus(Duration::from_secs(number));
        store.report(&About::Text(about(&lease, 1), Twilio), &failed(60), at).await.unwrap();
    }
    let told = store.failures(NOW, 2).await.unwrap();
    let all = store.failures(NOW, 10).await.unwrap();
    assert_eq!((told.len(), all.len()), (2, 5));
    let latest = store.failures(NOW.plus(Duration::from_secs(3)), 10).await.unwrap();
    assert!(latest.iter().all(|failure| told.contains(failure)), "{told:?}");
}
