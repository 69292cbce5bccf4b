//! What attackers cost, and whom that costs a sign-in: days of an app, simulated, with the guard and without.
//!
//! `cargo bench --bench pumping`

#![expect(clippy::expect_used, reason = "a benchmark that meets the unexpected should stop there")]

#[path = "pumping/mod.rs"]
mod pumping;

use pumping::scenario::{Figures, PRICE, Scenario, attacks, quiet};

const SEED: u64 = 42;

fn share((part, all): (u64, u64)) -> String {
    format!("{part}/{all}")
}

fn row(name: &str, guard: &str, figures: &Figures) {
    let Figures { first, further, all, countries, known, new_there, new_elsewhere, .. } = figures;
    let money = |texts: u64| format!("{:.2}", texts as f64 * PRICE);
    println!(
        "{name:<36} {guard:<8} {:>6} {:>7} {:>9} {:>9} {:>9} {:>9} {:>11} {:>12} {:>12}",
        all.0,
        all.1,
        money(all.0),
        money(all.1),
        format!("{}/{}", first.0, first.1),
        if *countries > 1 { format!("{}/{}", further.0, further.1) } else { "–".to_owned() },
        share(*known),
        share(*new_there),
        share(*new_elsewhere),
    );
}

fn table(title: &str, make: impl Fn() -> Vec<Scenario>) {
    println!("\n{title}\n");
    println!(
        "{:<36} {:<8} {:>6} {:>7} {:>9} {:>9} {:>9} {:>9} {:>11} {:>12} {:>12}",
        "",
        "guard",
        "1st h",
        "day",
        "$ 1st h",
        "$ day",
        "a country",
        "further",
        "known",
        "new there",
        "elsewhere"
    );
    for (without, with) in make().into_iter().zip(make()) {
        let crowd = if with.hides_in_a_crowd { " *" } else { "" };
        let name = format!("{}{crowd}", with.name);
        let figures = without.run_without();
        if figures.countries > 0 {
            row(&name, "without", &figures);
        }
        let figures = with.run();
        row(&name, "with", &figures);
        let rules = figures.rules.iter().map(|(rule, count)| format!("{rule} {count}"));
        println!("{:<36} {}", "", rules.collect::<Vec<_>>().join(", "));
    }
}

fn main() {
    println!(
        "Texts to attackers in their first hour and in 24 hours, and what they cost at {PRICE} USD; of the"
    );
    println!(
        "country that got most, and the most of any further one. Users who were refused a text, of all."
    );
    table("Attacks", || attacks(SEED, 1.0));
    println!("\n* among so many users that chance alone loses as many codes; see docs/guard.md");
    table("No attack", || quiet(SEED, 50.0));
}
