//! Several instances, and a store between them.

use super::app::{App, allowed, at, refused, stranger};
use crate::domain::Timestamp;
use crate::guard::{GuardSettings, Rule, Tally};

/// Sums, as a store keeps them.
#[derive(Default)]
pub struct Store(Vec<Tally>);

impl Store {
    fn add(&mut self, deltas: Vec<Tally>) {
        for delta in deltas {
            let same = |tally: &&mut Tally| {
                Tally { count: 0, ..(*tally).clone() } == Tally { count: 0, ..delta.clone() }
            };
            match self.0.iter_mut().find(same) {
                Some(tally) => tally.count += delta.count,
                None => self.0.push(delta),
            }
        }
    }

    /// What an instance does once a second.
    pub fn meets(&mut self, app: &App, now: Timestamp) {
        self.add(app.guard.drain_deltas());
        app.guard.absorb(&self.0, now);
    }
}

fn apps<const N: usize>() -> [App; N] {
    std::array::from_fn(|_| App::new(GuardSettings::default()))
}

#[test]
fn instances_share_one_budget_and_taking_it_over_again_changes_nothing() {
    let (mut apps, mut store) = (apps::<3>(), Store::default());
    let mut texts = 0;
    for index in 0..300 {
        let app = &mut apps[index as usize % 3];
        texts += usize::from(app.asks(&stranger(index), index) == allowed());
        for app in apps.iter().chain(&apps) {
            store.meets(app, at(index));
        }
    }
    assert_eq!(texts, 60);
}

#[test]
fn a_verification_that_another_instance_sees_makes_room_in_all() {
    let ([mut one, mut other], mut store) = (apps::<2>(), Store::default());
    (0..60).for_each(|index| drop(one.asks(&stranger(index), 0)));
    assert_eq!(one.asks(&stranger(99), 1), refused(Rule::UnlinkedHour));
    other.numbers = one.numbers.clone();
    (0..60).for_each(|index| other.verifies(&stranger(index), 30));
    for app in [&one, &other, &one] {
        store.meets(app, at(31));
    }
    assert_eq!(one.asks(&stranger(98), 31), allowed());
    assert!(store.0.iter().all(|tally| tally.count >= 0), "{:?}", store.0);
}

#[test]
fn a_restart_finds_everything_as_it_was() {
    let ([mut one, other], mut store) = (apps::<2>(), Store::default());
    for index in 0..90 {
        one.asks(&stranger(index), index);
        if index % 2 == 0 {
            one.verifies(&stranger(index), index + 20);
        }
    }
    store.meets(&one, at(200));
    store.meets(&other, at(200));
    let (was, is) = (one.guard.status(at(200)), other.guard.status(at(200)));
    let budgets = |status: &crate::guard::Status| {
        (
            status.world,
            status.texts_today,
            status.countries.iter().map(|c| (c.unlinked, c.all)).collect::<Vec<_>>(),
        )
    };
    assert_eq!(budgets(&was), budgets(&is));
}
