use super::*;
use crate::domain::{DeliveryRef, EventId, Region, TextRef, TextStatus};
use crate::store::Text;
use crate::store::texts::LoggedText;
use crate::studio::findings;
use crate::studio::standing::Tone;
use sms_providers::{DeliveryStatus, ProviderName};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn ago(seconds: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(seconds))
}

/// A code that was texted so long ago by Twilio, with what became of the text.
fn code(seconds: u64, status: DeliveryStatus, status_code: Option<&str>) -> Delivery {
    let (reference, came_at) = (DeliveryRef::random(), ago(seconds));
    let request = Text {
        number: 1,
        provider: ProviderName::Twilio,
        verdict: Text::ACCEPTED.to_owned(),
        code: None,
        message_id: None,
        sent_at: came_at,
        elapsed_ms: 100,
        segments: None,
        price: None,
    };
    let text = LoggedText {
        reference: TextRef { delivery: reference.clone(), number: 1 },
        provider: ProviderName::Twilio,
        request: Some(request),
        status: Some(TextStatus::Reported(status)),
        status_code: status_code.map(str::to_owned),
        status_at: Some(came_at),
        word: None,
    };
    Delivery {
        reference,
        event: EventId::new("e").unwrap(),
        event_type: USUAL.to_owned(),
        endpoint: None,
        came_at,
        recipient_hash: None,
        last_two: None,
        region: Region::from_iso("DE"),
        linked: false,
        decision: None,
        reply: None,
        answered_at: None,
        expires_at: None,
        verified_at: None,
        texts: vec![text],
    }
}

fn verified(seconds: u64, after: u64) -> Delivery {
    let delivery = code(seconds, DeliveryStatus::Delivered, None);
    Delivery { verified_at: Some(delivery.came_at.plus(Duration::from_secs(after))), ..delivery }
}

fn seen(latest: Vec<Delivery>) -> Seen {
    Seen { latest, tallies: Vec::new(), outbox: Counts::default(), waits_since: None, now: NOW }
}

fn tally(hours_ago: i64, kind: &str, count: i64) -> Tally {
    let (region, detail) = ("DE".to_owned(), "twilio".to_owned());
    Tally { hour: Tally::hour_of(NOW) - hours_ago, kind: kind.to_owned(), region, detail, count }
}

#[test]
fn codes_are_counted_by_how_they_stand_and_by_how_long_users_took() {
    let figures = Figures::of(&seen(vec![
        code(10, DeliveryStatus::Delivered, None),
        verified(60, 8),
        verified(70, 12),
        verified(80, 400),
        code(900, DeliveryStatus::Delivered, None),
        code(1000, DeliveryStatus::Failed, Some("30008")),
        code(7200, DeliveryStatus::Failed, Some("30008")),
    ]));
    let Span { codes, verified, waiting, unverified, failed, half, .. } = figures.hour;
    assert_eq!((codes, verified, waiting, unverified, failed), (6, 3, 1, 1, 1));
    assert_eq!((half, figures.day.failed), (Some(Duration::from_secs(12)), 2));
    assert_eq!(figures.times, [0, 1, 1, 0, 0, 0, 0, 1]);
    assert_eq!((figures.causes[0].count, figures.causes[0].code.as_deref()), (2, Some("30008")));
    assert_eq!(figures.hour.success(), Some(0.6));
}

#[test]
fn a_vendor_that_loses_texts_is_named_with_what_its_code_means() {
    let lost = (0..30).map(|_| code(600, DeliveryStatus::Undelivered, Some("30007")));
    let seen = seen(lost.chain((0..30).map(|_| verified(700, 5))).collect());
    let found = findings::of(&seen, &Figures::of(&seen));
    assert_eq!((found.len(), found[0].tone), (1, Tone::Bad));
    assert!(
        found[0].what.starts_with("Twilio loses 50 % of its texts: 30 of 60 in the last hour."),
        "{found:?}"
    );
    assert!(found[0].what.contains("30007") && found[0].remedy.contains("check the wording"), "{found:?}");
    let few = Seen { latest: seen.latest[20..45].to_vec(), ..seen };
    let few = Seen { latest: few.latest[..15].to_vec(), ..few };
    assert_eq!(findings::of(&few, &Figures::of(&few)), [], "too few to say anything");
}

#[test]
fn a_country_that_falls_below_what_is_usual_is_told_and_one_that_does_not_is_not() {
    let with = |verified_lately| {
        let tallies = vec![
            tally(100, "first_ended", 1000),
            tally(100, "first_verified", 900),
            tally(0, "first_ended", 100),
            tally(0, "first_verified", verified_lately),
        ];
        let seen = Seen { tallies, ..seen(vec![verified(60, 8)]) };
        findings::of(&seen, &Figures::of(&seen))
    };
    assert_eq!(with(80), []);
    assert_eq!(with(76), [], "14 points less");
    let found = with(60);
    assert!(
        found[0]
            .what
            .contains("Of the codes to DE of the last two hours only 60 % were typed; 90 % is usual.")
    );
    assert_eq!(found[0].look.as_ref().unwrap().0, "/deliveries?state=unverified&region=DE&since=6h");
}

#[test]
fn an_app_that_takes_nothing_and_events_that_were_given_up_are_told() {
    let outbox = Counts { waiting: 3, dead: 1 };
    let with = |waits| {
        let seen = Seen { outbox, waits_since: Some(ago(waits)), ..seen(Vec::new()) };
        findings::of(&seen, &Figures::of(&seen)).into_iter().map(|found| found.what).collect::<Vec<_>>()
    };
    assert_eq!(with(700), ["The app has not taken 3 events for 11 min.", "1 event was given up."]);
    assert_eq!(with(60), ["1 event was given up."]);
}

#[test]
fn money_is_summed_by_vendor_and_currency_and_the_day_begins_at_midnight() {
    let hour_of_day = Tally::hour_of(NOW).rem_euclid(24);
    let price = |hours_ago, kind: &str, currency: &str, count| Tally {
        detail: format!("twilio {currency}"),
        ..tally(hours_ago, kind, count)
    };
    let tallies = vec![
        price(0, "price", "USD", 500_000),
        price(0, "priced", "USD", 10),
        price(hour_of_day + 1, "price", "USD", 100_000),
        price(0, "price", "EUR", 40_000),
        price(30, "price", "USD", 9_000_000),
    ];
    let spend = Figures::of(&Seen { tallies, ..seen(Vec::new()) }).spend;
    assert_eq!(spend.len(), 2);
    assert_eq!((spend[0].currency.as_str(), spend[0].today, spend[0].day), ("EUR", 40_000, 40_000));
    assert_eq!((spend[1].today, spend[1].day, spend[1].texts), (500_000, 600_000, 10));
}
