//! Each rule, and what it says.

use super::app::{App, Said, allowed, at, is_refused, refused, stranger};
use crate::domain::{NumberKind, RefuseReason, Region};
use crate::guard::{
    Closing, ClosingChange, Currency, GuardSettings, Mode, Money, News, Outcome, Prefix, Prices, Rule,
    Unlinked,
};
use std::collections::{HashMap, HashSet};

const MOBILE: &str = "+4915112345678";

fn regions(letters: &[&str]) -> HashSet<Region> {
    letters.iter().map(|letters| Region::from_iso(letters).unwrap()).collect()
}

fn said(settings: GuardSettings, number: &str) -> Said {
    App::new(settings).asks(number, 0)
}

#[test]
fn countries_and_kinds_decide_as_the_lists_say() {
    let defaults = GuardSettings::default;
    let only = |letters| GuardSettings { countries: Some(regions(letters)), ..defaults() };
    let deny = |letters| GuardSettings { countries_deny: regions(letters), ..defaults() };
    for (settings, number, expected) in [
        (defaults(), MOBILE, allowed()),
        (only(&["DE"]), MOBILE, allowed()),
        (only(&["AT", "CH"]), MOBILE, refused(Rule::CountryList)),
        (only(&["US"]), "+12684641234", refused(Rule::CountryList)),
        (
            only(&["US"]),
            "+80012345678",
            (
                Outcome::Refused(RefuseReason::NumberNotAllowed),
                vec!["number_kind".into(), "country_list".into()],
            ),
        ),
        (deny(&["DE"]), MOBILE, refused(Rule::CountryList)),
        (deny(&["AT"]), MOBILE, allowed()),
        (defaults(), "+19002345678", refused(Rule::NumberKind)),
        (defaults(), "+18005551234", refused(Rule::NumberKind)),
        (GuardSettings { kinds_deny: HashSet::new(), ..defaults() }, "+18005551234", allowed()),
        (defaults(), "+493012345678", (Outcome::Noted, vec!["fixed_line".into()])),
        (
            GuardSettings { kinds_deny: HashSet::from([NumberKind::FixedLine]), ..defaults() },
            "+493012345678",
            (
                Outcome::Refused(RefuseReason::NumberNotAllowed),
                vec!["fixed_line".into(), "number_kind".into()],
            ),
        ),
        (GuardSettings { unlinked: Unlinked::Deny, ..defaults() }, MOBILE, refused(Rule::Unlinked)),
    ] {
        assert_eq!(said(settings, number), expected, "{number}");
    }
    let mut app = App::new(GuardSettings { unlinked: Unlinked::Deny, ..defaults() });
    app.linked = true;
    assert_eq!(app.asks(MOBILE, 0), allowed());
}

#[test]
fn one_number_gets_no_more_than_its_rules_allow_until_it_is_verified() {
    let mut app = App::new(GuardSettings::default());
    for (seconds, expected) in [
        (0, allowed()),
        (29, refused(Rule::NumberPause)),
        (30, allowed()),
        (60, allowed()),
        (119, refused(Rule::NumberPause)),
        (120, allowed()),
        (240, allowed()),
        (599, refused(Rule::Number10Min)),
    ] {
        assert_eq!(app.asks(MOBILE, seconds), expected, "{seconds}");
    }
    app.verifies(MOBILE, 599);
    assert_eq!(app.asks(MOBILE, 600), allowed());
}

#[test]
fn ten_unverified_numbers_of_a_prefix_close_it_until_one_of_them_is_verified() {
    let number = |last: u64| format!("+49151123{:02}{:03}", last / 1000 % 100, last * 37 % 1000);
    let mut app = App::new(GuardSettings::default());
    for last in 0..10 {
        assert_eq!(app.asks(&number(last), last * 60), allowed(), "{last}");
    }
    assert_eq!(app.asks(&number(10), 700), refused(Rule::Prefix));
    assert_eq!(app.asks(MOBILE, 700), allowed(), "another prefix is none of its business");
    assert_eq!(app.asks(&number(11), 700 + 43_000), refused(Rule::Prefix));
    let [ClosingChange::Closed(closing)] = &app.guard.drain_closings()[..] else { panic!("not closed once") };
    assert_eq!(
        (closing.prefix.to_string().as_str(), closing.reason, closing.by.as_str()),
        ("+491511230", Rule::Prefix, "guard")
    );
    app.verifies(&number(3), 701);
    assert_eq!(app.asks(&number(12), 702), allowed());
    assert_eq!(app.guard.drain_closings(), [ClosingChange::Opened(Prefix::parse("+491511230").unwrap())]);
}

#[test]
fn consecutive_numbers_that_nobody_verifies_close_their_prefix_and_scattered_ones_do_not() {
    let mut app = App::new(GuardSettings::default());
    for last in 0..4 {
        assert_eq!(app.asks(&format!("+491511234100{last}"), last * 4000), allowed());
        assert_eq!(app.asks(&format!("+4915199{last}51234"), last * 4000), allowed());
    }
    assert_eq!(app.asks("+4915112341004", 16_000), refused(Rule::Run));
    assert_eq!(app.asks("+4915199451234", 16_000), allowed());
}

#[test]
fn a_prefix_that_is_asked_for_while_it_is_closed_stays_closed() {
    let number = |last: u64| format!("+4915112{last:06}");
    let mut app = App::new(GuardSettings::default());
    (0..10).for_each(|last| drop(app.asks(&number(7_000 + last * 97), 0)));
    (0..12).for_each(|last| drop(app.asks(&number(8_000 + last * 97), 40_000)));
    assert_eq!(app.asks(&number(9_111), 40_000 + 43_199), refused(Rule::Prefix));
}

#[test]
fn a_country_where_nothing_is_verified_gets_sixty_texts_to_unlinked_numbers_and_more_to_linked_ones() {
    let mut app = App::new(GuardSettings::default());
    for index in 0..60 {
        assert_eq!(app.asks(&stranger(index), index), allowed(), "{index}");
    }
    assert_eq!(app.asks(&stranger(60), 61), refused(Rule::UnlinkedHour));
    app.linked = true;
    for index in 100..280 {
        assert_eq!(app.asks(&stranger(index), 62), allowed(), "{index}");
    }
    assert_eq!(app.asks(&stranger(300), 63), refused(Rule::CountryHour));
}

#[test]
fn while_one_country_is_attacked_others_without_a_past_get_a_tenth() {
    let mut app = App::new(GuardSettings::default());
    (0..60).for_each(|index| drop(app.asks(&stranger(index), 0)));
    let other = |index: u64| format!("+3519{:08}", 10_000_000 + index * 111_119);
    let texts = (0..60).filter(|index| app.asks(&other(*index), 1) == allowed()).count();
    assert_eq!(texts, 6);
    assert_eq!(app.guard.news(at(2)), [News::AlarmBegan]);
    assert_eq!(app.guard.news(at(3)), []);
    // Nine codes verified are no end of it; a quiet day is.
    (0..9).for_each(|index| app.verifies(&stranger(index), 4));
    assert_eq!(app.guard.news(at(4)), []);
    assert_eq!(app.guard.news(at(3 * 86_400)), [News::AlarmEnded]);
    let denied = App::new(GuardSettings { unlinked: Unlinked::Deny, ..GuardSettings::default() });
    assert_eq!(denied.guard.news(at(0)), []);
}

#[test]
fn what_is_verified_makes_room_for_more() {
    let mut app = App::new(GuardSettings::default());
    for index in 0..2_000 {
        let (number, now) = (stranger(index), index * 2);
        assert_eq!(app.asks(&number, now), allowed(), "{index}");
        // Four in five, half a minute later.
        if index >= 15 && (index - 15) % 5 != 0 {
            app.verifies(&stranger(index - 15), now);
        }
    }
}

#[test]
fn a_known_number_passes_what_refuses_strangers_and_no_more() {
    let closed = [(Rule::Prefix, "guard"), (Rule::Blocked, "ann")];
    for (reason, by) in closed {
        let mut app =
            App::new(GuardSettings { countries: Some(regions(&["AT"])), ..GuardSettings::default() });
        app.verifies(MOBILE, 0);
        let prefix = Prefix::parse("+49151").unwrap();
        let closing = Closing { prefix, reason, since: at(0), until: None, by: by.to_owned() };
        app.guard.absorb_closings(&[closing], at(0));
        let expected = match reason {
            Rule::Blocked => refused(Rule::Blocked),
            _ => (Outcome::Allowed, vec!["verified_before".to_owned()]),
        };
        assert_eq!(app.asks(MOBILE, 1), expected);
        assert!(
            is_refused(&app.asks(&stranger(1), 1), RefuseReason::NumberNotAllowed) || reason == Rule::Prefix
        );
        // After 90 days it is a stranger.
        let late = app.asks(MOBILE, 90 * 86_400);
        assert!(matches!(late.0, Outcome::Refused(_)), "{late:?}");
    }
}

#[test]
fn the_allow_list_passes_everything() {
    let mut app = App::new(GuardSettings {
        allow: vec![Prefix::parse("+4930").unwrap()],
        countries: Some(regions(&["AT"])),
        daily_limit: Some(1),
        ..GuardSettings::default()
    });
    for seconds in 0..20 {
        assert_eq!(app.asks("+493012345678", seconds), (Outcome::Allowed, vec!["allow_list".to_owned()]));
    }
    assert_eq!(app.guard.status(at(30)).texts_today, 20);
    assert!(matches!(app.asks(MOBILE, 100).0, Outcome::Refused(RefuseReason::CountryNotAllowed)));
}

#[test]
fn record_notes_and_off_says_nothing() {
    for (mode, expected) in [
        (Mode::Record, (Outcome::Noted, vec!["country_list".to_owned(), "number_pause".to_owned()])),
        (Mode::Off, allowed()),
    ] {
        let mut app =
            App::new(GuardSettings { mode, countries: Some(regions(&["AT"])), ..GuardSettings::default() });
        app.asks(MOBILE, 0);
        assert_eq!(app.asks(MOBILE, 1), expected);
        assert_eq!(app.guard.status(at(1)).texts_today, if mode == Mode::Off { 0 } else { 2 });
    }
}

#[test]
fn a_day_has_so_many_texts_and_is_told_of_once_when_they_near_their_end() {
    let mut app = App::new(GuardSettings { daily_limit: Some(10), ..GuardSettings::default() });
    app.verifies(MOBILE, 0);
    let mut news = Vec::new();
    for index in 0..10 {
        assert_eq!(app.asks(&stranger(index), 10 + index), allowed());
        news.extend(app.guard.news(at(10 + index)).into_iter().map(|news| (index, news)));
    }
    assert_eq!(news, [(7, News::LimitNear), (9, News::LimitReached)]);
    assert_eq!(app.asks(&stranger(11), 30), refused(Rule::DailyLimit));
    assert_eq!(app.asks(MOBILE, 30), (Outcome::Allowed, vec!["verified_before".to_owned()]));
    // The day of UTC, not the last 24 hours.
    assert_eq!(app.asks(&stranger(12), 86_400), allowed());
}

#[test]
fn reported_prices_take_the_place_of_estimates_and_those_of_other_currencies_do_not() {
    let dollars = Currency::from_iso("USD").unwrap();
    let by_region = HashMap::from([(Region::from_iso("DE").unwrap(), 100_000)]);
    let mut app = App::new(GuardSettings {
        daily_spend: Some(1_000_000),
        prices: Some(Prices { currency: dollars, default: Some(50_000), by_region }),
        ..GuardSettings::default()
    });
    let germany = Region::from_iso("DE");
    for index in 0..10 {
        assert_eq!(app.asks(&stranger(index), index), allowed());
    }
    assert_eq!(app.asks(&stranger(10), 20), refused(Rule::DailySpend));
    let spent = |app: &App| app.guard.status(at(20)).spend_today.unwrap().to_string();
    assert_eq!(spent(&app), "1.00 USD");
    app.guard.priced(
        germany,
        at(0),
        Money { millionths: 70_000, currency: Currency::from_iso("EUR").unwrap() },
    );
    assert_eq!(spent(&app), "1.00 USD");
    app.guard.priced(germany, at(0), Money { millionths: 7_500, currency: dollars });
    app.guard.priced(germany, at(1), Money { millionths: 7_500, currency: dollars });
    assert_eq!(spent(&app), "0.815 USD");
    assert_eq!(app.asks(&stranger(10), 21), allowed());
    app.guard.sent_again(germany, at(22));
    assert_eq!(spent(&app), "1.015 USD");
}

#[test]
fn an_address_has_a_budget_of_its_own_where_addresses_are_users_own() {
    for (by_address, expected) in [(true, 30), (false, 60)] {
        let mut app = App::new(GuardSettings { by_address, ..GuardSettings::default() });
        let texts = (0..100).filter(|index| app.asks(&stranger(*index), *index) == allowed()).count();
        assert_eq!(texts, expected);
    }
}

#[test]
fn a_text_that_was_not_sent_after_all_takes_no_room() {
    let mut app = App::new(GuardSettings::default());
    for index in 0..500 {
        let decision = app.decides(&stranger(index), at(index));
        assert_eq!(decision.outcome, Outcome::Allowed, "{index}");
        app.guard.unsent(&decision.sent.unwrap());
    }
    assert_eq!(app.guard.status(at(500)).texts_today, 0);
}

#[test]
fn a_claim_that_comes_to_nothing_gives_its_place_back() {
    let app = App::new(GuardSettings::default());
    for index in 0..500 {
        let number = stranger(index).parse().unwrap();
        let facts = crate::guard::Facts {
            number: &number,
            origin: app.guard.origin(&number),
            linked: false,
            address: None,
        };
        let weighed = app.guard.weigh(&facts, at(0));
        assert_eq!(weighed.terms().unwrap().admit, crate::guard::Admit::Everybody, "{index}");
    }
    assert_eq!(app.guard.drain_deltas(), []);
}
