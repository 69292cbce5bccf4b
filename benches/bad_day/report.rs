//! The figures of all ways to send, side by side.

use crate::simulation::scene::{COUNTRIES, VENDORS};
use crate::simulation::{Figures, MAX_SENDS, Strategy};
use std::time::Duration;

/// One way, what it came to, and how long it took to find out.
pub type Column<'a> = (&'a Strategy, Figures, Duration);

/// Prints the table.
pub fn print(columns: &[Column<'_>]) {
    row("", columns, |(strategy, ..)| strategy.name.to_owned());
    println!("|---|{}", "--:|".repeat(columns.len()));
    let labels = ["got in within 30 s", "got in within 60 s", "got in while a code lived"];
    for (place, label) in labels.into_iter().enumerate() {
        row(label, columns, |(_, figures, _)| percent(figures.within[place] as f64 / figures.users as f64));
    }
    row("texts per user", columns, |(_, figures, _)| {
        format!("{:.3}", figures.texts as f64 / figures.users as f64)
    });
    row("cost per success", columns, |(_, figures, _)| {
        format!("${:.4}", figures.micros as f64 / 1e6 / figures.within[2] as f64)
    });
    row("most texts for one event", columns, |(_, figures, _)| {
        format!("{} of {MAX_SENDS}", figures.most_by_event)
    });
    for (place, country) in COUNTRIES.iter().enumerate() {
        let label = format!("{}: got in within 60 s", country.iso);
        row(&label, columns, |(_, figures, _)| percent(figures.by_country[place]));
    }
    row("seconds to simulate", columns, |(.., took)| format!("{:.1}", took.as_secs_f64()));
}

/// Prints who takes part.
pub fn print_scene() {
    for vendor in &VENDORS {
        println!(
            "{}: ${:.3} a text, there in {} to {} s, loses {} on the best of days",
            vendor.letter,
            vendor.micros as f64 / 1e6,
            vendor.delivers_in.start / 1000,
            vendor.delivers_in.end / 1000,
            percent(vendor.loses),
        );
    }
    println!();
}

fn row(label: &str, columns: &[Column<'_>], cell: impl Fn(&Column<'_>) -> String) {
    let cells: Vec<_> = columns.iter().map(|column| format!("{:>20}", cell(column))).collect();
    println!("| {label:<26} | {} |", cells.join(" | "));
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
