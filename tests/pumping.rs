//! What the guard promises: what an attack may cost, and whom it may not.

#![expect(clippy::expect_used, reason = "a test that meets the unexpected should stop there")]

#[path = "../benches/pumping/mod.rs"]
mod pumping;

use pumping::scenario::{Figures, PRICE, attacks, quiet};

const SEED: u64 = 7;

/// What an attacked country may cost in the first hour and in a day, and what each further one.
const FIRST: (u64, u64) = (60, 150);
const FURTHER: (u64, u64) = (6, 15);

fn part((part, all): (u64, u64)) -> f64 {
    part as f64 / all.max(1) as f64
}

#[test]
fn an_attack_costs_little_and_locks_nobody_out_elsewhere() {
    for scenario in attacks(SEED, 0.2) {
        let (name, exempt) = (scenario.name.clone(), scenario.hides_in_a_crowd);
        let figures = scenario.run();
        let Figures { first, all, countries, known, new_elsewhere, .. } = &figures;
        assert_eq!(known.0, 0, "{name}: {figures:?}");
        let rule_named = figures.rules.iter().any(|(rule, _)| !rule.is_empty());
        assert!(rule_named, "{name}: {figures:?}");
        assert!(part(*new_elsewhere) <= 0.02, "{name}: {figures:?}");
        if exempt {
            continue;
        }
        assert!(all.1 as f64 * PRICE < 60.0, "{name}: {figures:?}");
        assert!(first.0 <= FIRST.0 && first.1 <= FIRST.1, "{name}: {figures:?}");
        let further = countries.saturating_sub(1) as u64;
        assert!(all.0 <= FIRST.0 + further * FURTHER.0, "{name}: {figures:?}");
        assert!(all.1 <= FIRST.1 + further * FURTHER.1, "{name}: {figures:?}");
    }
}

#[test]
fn without_the_guard_the_same_attack_costs_thousands() {
    let scenario = attacks(SEED, 1.0).swap_remove(1);
    assert!(scenario.run_without().all.1 as f64 * PRICE > 5_000.0);
}

#[test]
fn without_an_attack_nobody_is_refused() {
    for scenario in quiet(SEED, 5.0) {
        let name = scenario.name.clone();
        let figures = scenario.run();
        let refused = figures.known.0 + figures.of_new_users().0;
        assert_eq!(refused, 0, "{name}: {figures:?}");
    }
}
