//! A bad day for vendors, and how many users get in all the same, by how the relay sends.
//!
//! `cargo bench --bench bad_day`, with `-- --users N` for other than 100,000 users. The real relay runs over
//! simulated time, vendors and users; `simulation/scene.rs` is the table of who does what.

#![expect(clippy::unwrap_used, reason = "a benchmark that meets the unexpected should stop there")]

mod report;
mod simulation;

use simulation::Strategy;
use std::time::Instant;

const USERS: usize = 100_000;
const DAY: std::ops::Range<u64> = 0..24 * 60;

const STRATEGIES: [Strategy; 5] = [
    Strategy { name: "A alone", vendors: 1, reports: false, if_silent: None, adaptive: false },
    Strategy { name: "A, B, C, no reports", vendors: 3, reports: false, if_silent: None, adaptive: false },
    Strategy { name: "with resends", vendors: 3, reports: true, if_silent: None, adaptive: false },
    Strategy {
        name: "and after 20 s silent",
        vendors: 3,
        reports: true,
        if_silent: Some(20),
        adaptive: false,
    },
    Strategy { name: "adaptive, resends", vendors: 3, reports: true, if_silent: None, adaptive: true },
];

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--users").skip(1);
    let users = arguments.next().map_or(USERS, |users| users.parse().unwrap());
    report::print_scene();
    let columns: Vec<_> = STRATEGIES
        .iter()
        .map(|strategy| {
            let started = Instant::now();
            let figures = simulation::run(strategy, users, DAY);
            (strategy, figures, started.elapsed())
        })
        .collect();
    report::print(&columns);
}
