//! What attackers cost, and whom that costs a sign-in: days of an app, simulated, with the guard and without.
//!
//! `cargo bench --bench pumping`, and for the choice between what an attack costs and whom it costs a sign-in
//! `cargo bench --bench pumping -- curve`

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

/// What an attack in a crowd costs, and how many users are refused on days without one, if chance is given so much.
fn curve() {
    let only = |all: Vec<Scenario>, name: &str, chance: f64| {
        let mut scenario = all.into_iter().find(|scenario| scenario.name == name).expect("a scenario");
        scenario.settings.budgets.chance = chance;
        scenario.run()
    };
    println!(
        "\nStandard deviations that chance is given: texts to an attacker inside a busy day, in the first"
    );
    println!("hour and in 24; users who are refused on a launch, and on a day of a large app\n");
    for chance in [1.0, 2.0, 3.0, 4.0, 6.0] {
        let attacked = only(attacks(SEED, 1.0), "inside a busy day", chance);
        let [launch, large] = ["a launch, 70 % verify", "a day of a large app"]
            .map(|name| only(quiet(SEED, 10.0), name, chance).of_new_users());
        let (hour, day) = attacked.all;
        println!("{chance:<4} {hour:>6} {day:>6} {:>14} {:>14}", share(launch), share(large));
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "curve") {
        return curve();
    }
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
