//! A short bad day: what the relay does about vendors that fail has to help. `cargo bench --bench bad_day` is the
//! long one.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

#[path = "../benches/bad_day/simulation/mod.rs"]
mod simulation;

use simulation::scene::NOON;
use simulation::{Figures, MAX_SENDS, Strategy, run};

const ALONE: Strategy =
    Strategy { name: "one vendor", vendors: 1, reports: false, if_silent: None, adaptive: false };
const CHAIN: Strategy = Strategy { name: "a chain", vendors: 3, ..ALONE };
const RESENDS: Strategy = Strategy { name: "with resends", reports: true, ..CHAIN };
const IF_SILENT: Strategy = Strategy { name: "also if silent", if_silent: Some(20), ..RESENDS };
const ADAPTIVE: Strategy = Strategy { name: "adaptive", adaptive: true, ..RESENDS };

const USERS: usize = 250;
/// What the cheapest vendor asks for a text, in millionths of a dollar.
const CHEAPEST: i64 = 40_000;

/// The hours around noon.
fn figures(strategy: &Strategy) -> Figures {
    let figures = run(strategy, USERS, NOON - 15..NOON + 60);
    assert!(figures.most_by_event <= MAX_SENDS, "{}: {figures:?}", strategy.name);
    assert!(figures.micros >= figures.texts as i64 * CHEAPEST, "{}: {figures:?}", strategy.name);
    assert_eq!(figures.users, USERS);
    figures
}

#[test]
fn more_users_get_in_with_a_chain_than_with_one_vendor_and_still_more_with_each_thing_done_about_failures() {
    let [alone, chain, resends, if_silent, adaptive] =
        [ALONE, CHAIN, RESENDS, IF_SILENT, ADAPTIVE].map(|strategy| figures(&strategy));
    assert!(alone.within[2] < chain.within[2], "{alone:?} {chain:?}");
    assert!(chain.within[1] < resends.within[1], "{chain:?} {resends:?}");
    assert!(resends.within[1] < if_silent.within[1], "{resends:?} {if_silent:?}");
    assert!(resends.within[0] < adaptive.within[0], "{resends:?} {adaptive:?}");
    let worst = |figures: &Figures| figures.by_country.into_iter().fold(1.0, f64::min);
    assert!(worst(&alone) == 0.0 && worst(&chain) > 0.0, "only one vendor reaches one of the countries");
    assert!(adaptive.texts < resends.texts, "{resends:?} {adaptive:?}");
}
