//! What holds whatever happens in whatever order.

use super::app::{App, at};
use crate::guard::{Closing, GuardSettings, NumberHistory, Outcome, Prefix, Rule, Unlinked};
use proptest::prelude::*;
use std::collections::HashSet;

#[derive(Debug, Clone)]
enum Step {
    Asks(u8, bool),
    Verifies(u8),
    Waits(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<u8>(), any::<bool>()).prop_map(|(who, linked)| Step::Asks(who, linked)),
        2 => any::<u8>().prop_map(Step::Verifies),
        2 => (0_u64..4_000).prop_map(Step::Waits),
    ]
}

/// Numbers of three countries, some of a kind, some in a row.
fn number(who: u8) -> String {
    match who % 4 {
        0 => format!("+49151{:08}", u32::from(who) * 390_113),
        1 => format!("+4915112340{:03}", who),
        2 => format!("+1202555{:04}", u32::from(who) * 31),
        _ => format!("+3519{:08}", 10_000_000 + u32::from(who) * 311_119),
    }
}

fn settings() -> impl Strategy<Value = GuardSettings> {
    let unlinked = prop_oneof![Just(Unlinked::Deny), Just(Unlinked::Share(0.02)), Just(Unlinked::Share(1.0))];
    (unlinked, prop::option::of(1_u64..40), any::<bool>()).prop_map(|(unlinked, daily_limit, by_address)| {
        let countries_deny = HashSet::from_iter(crate::domain::Region::from_iso("PT"));
        GuardSettings { unlinked, daily_limit, by_address, countries_deny, ..GuardSettings::default() }
    })
}

proptest! {
    #[test]
    fn a_verified_number_is_never_worse_off_than_an_unknown_one(
        settings in settings(), steps in prop::collection::vec(step(), 0..120), who: u8, blocked: bool,
    ) {
        let (mut app, mut now) = (App::new(settings), 0);
        if blocked {
            let prefix = Prefix::parse("+4915112").unwrap();
            let closing = Closing { prefix, reason: Rule::Prefix, since: at(0), until: None, by: "guard".into() };
            app.guard.absorb_closings(&[closing], at(0));
        }
        for step in steps {
            match step {
                Step::Asks(who, linked) => {
                    app.linked = linked;
                    app.asks(&number(who), now);
                }
                Step::Verifies(who) => app.verifies(&number(who), now),
                Step::Waits(seconds) => now += seconds,
            }
        }
        // The same question twice, of which the first leaves no trace.
        let number: sms_providers::PhoneNumber = number(who).parse().unwrap();
        let facts = crate::guard::Facts { number: &number, origin: app.guard.origin(&number), linked: false, address: None };
        let ask = |history: &NumberHistory| {
            let weighed = app.guard.weigh(&facts, at(now));
            let decision = weighed.decide(history, at(now));
            if let Some(sent) = &decision.sent {
                app.guard.unsent(sent);
            }
            !matches!(decision.outcome, Outcome::Refused(_))
        };
        let unknown = ask(&NumberHistory::default());
        let verified = ask(&NumberHistory { verified_at: Some(at(now)), ..NumberHistory::default() });
        prop_assert!(verified || !unknown);
        prop_assert!(verified, "no rule of countries, prefixes or budgets refuses it");
    }

    #[test]
    fn no_order_of_events_lets_more_through_than_the_exact_limits(
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let (mut app, mut now) = (App::new(GuardSettings { daily_limit: Some(30), ..GuardSettings::default() }), 0);
        let mut since_verified = std::collections::HashMap::<u8, Vec<u64>>::new();
        let mut strangers = 0;
        for step in steps {
            match step {
                Step::Asks(who, linked) => {
                    app.linked = linked;
                    let known = app.numbers.get(&number(who).parse().unwrap()).is_some_and(|history| history.verified_at.is_some());
                    if !matches!(app.asks(&number(who), now).0, Outcome::Refused(_)) {
                        since_verified.entry(who).or_default().push(now);
                        strangers += usize::from(!known);
                    }
                }
                Step::Verifies(who) => {
                    app.verifies(&number(who), now);
                    since_verified.remove(&who);
                }
                Step::Waits(seconds) => now += seconds,
            }
            for times in since_verified.values() {
                let within = |seconds| times.iter().filter(|time| **time + seconds > now).count();
                prop_assert!(within(600) <= 5 && within(86_400) <= 10);
            }
        }
        // A day and what is left of another one.
        prop_assert!(strangers <= 30 * (2 + now as usize / 86_400));
    }
}
