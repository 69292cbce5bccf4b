//! What holds for several instances, in whatever order they are asked, tell each other, and are asked again.

use super::app::{App, at};
use super::shared::Store;
use crate::guard::{GuardSettings, NumberHistory, Outcome, Rule};
use proptest::prelude::*;
use sms_providers::PhoneNumber;
use std::collections::HashMap;

const INSTANCES: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    /// An event comes.
    Asks { at: usize, who: u8 },
    /// The latest event comes again, elsewhere.
    Retries { at: usize },
    /// A number is verified.
    Verifies { at: usize, who: u8 },
    /// An instance writes what it counted, and reads what all did.
    Meets { at: usize },
    /// Time passes.
    Waits { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let (at, who) = (0..INSTANCES, 0_u8..3);
    prop_oneof![
        8 => (at.clone(), who.clone()).prop_map(|(at, who)| Step::Asks { at, who }),
        2 => at.clone().prop_map(|at| Step::Retries { at }),
        1 => (at.clone(), who).prop_map(|(at, who)| Step::Verifies { at, who }),
        3 => at.prop_map(|at| Step::Meets { at }),
        6 => (0_u64..1_000).prop_map(|seconds| Step::Waits { seconds }),
    ]
}

fn number(who: u8) -> String {
    format!("+4915{who}{who}5112345")
}

/// Three instances, and what they find in the store about numbers when they claim an event.
struct Instances {
    apps: [App; INSTANCES],
    numbers: HashMap<PhoneNumber, NumberHistory>,
    now: u64,
}

impl Instances {
    fn new() -> Self {
        let apps = std::array::from_fn(|_| App::new(GuardSettings::default()));
        Self { apps, numbers: HashMap::new(), now: 0 }
    }

    /// Whether an event is texted, and what the claim said.
    fn asks(&mut self, which: usize, who: u8) -> (bool, Option<Rule>) {
        let app = &mut self.apps[which];
        std::mem::swap(&mut app.numbers, &mut self.numbers);
        let decision = app.decides(&number(who), at(self.now));
        std::mem::swap(&mut app.numbers, &mut self.numbers);
        let refused_by = self.numbers.get(&number(who).parse().unwrap()).and_then(|known| known.refused_by);
        (!matches!(decision.outcome, Outcome::Refused(_)), refused_by)
    }

    /// The same, of an event that was claimed before, and of which no text left.
    fn retries(&mut self, which: usize, who: u8, refused_by: Option<Rule>) -> bool {
        let history = NumberHistory { decided: true, refused_by, ..NumberHistory::default() };
        let decision = self.apps[which].decides_with(&number(who), &history, at(self.now));
        if let Some(sent) = &decision.sent {
            self.apps[which].guard.unsent(sent);
        }
        !matches!(decision.outcome, Outcome::Refused(_))
    }

    fn verifies(&mut self, which: usize, who: u8) {
        let app = &mut self.apps[which];
        std::mem::swap(&mut app.numbers, &mut self.numbers);
        app.verifies(&number(who), self.now);
        std::mem::swap(&mut app.numbers, &mut self.numbers);
    }
}

proptest! {
    #[test]
    fn no_order_of_events_retries_verifications_and_instances_lets_a_number_have_more_than_its_limits(
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let (mut all, mut store) = (Instances::new(), Store::default());
        let (mut texts, mut latest, mut sent) = (HashMap::<u8, Vec<u64>>::new(), None, 0);
        for step in steps {
            match step {
                Step::Asks { at, who } => {
                    let (is_sent, refused_by) = all.asks(at, who);
                    if is_sent {
                        texts.entry(who).or_default().push(all.now);
                        sent += 1;
                    }
                    latest = Some((who, is_sent, refused_by));
                }
                Step::Retries { at } => {
                    if let Some((who, was_sent, refused_by)) = latest {
                        prop_assert_eq!(all.retries(at, who, refused_by), was_sent, "it was decided");
                    }
                }
                Step::Verifies { at, who } => {
                    all.verifies(at, who);
                    texts.remove(&who);
                }
                Step::Meets { at: which } => store.meets(&all.apps[which], at(all.now)),
                Step::Waits { seconds } => all.now += seconds,
            }
            for times in texts.values() {
                let within = |seconds| times.iter().filter(|time| **time + seconds > all.now).count();
                prop_assert!(within(600) <= 5 && within(86_400) <= 10);
                prop_assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 30), "{:?}", times);
            }
        }
        // Once all have told each other, all know the same.
        for app in all.apps.iter().chain(&all.apps) {
            store.meets(app, at(all.now));
        }
        let today: Vec<_> = all.apps.iter().map(|app| app.guard.status(at(all.now)).texts_today).collect();
        if all.now < 86_400 {
            prop_assert_eq!(today, vec![sent; INSTANCES]);
        }
    }
}
