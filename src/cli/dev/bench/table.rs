//! The table of a bench.

use crate::dev::bench::{Load, Measured, Stream, Texts};
use std::fmt::Write;
use std::time::Duration;

/// The quantiles that are told, with their names.
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// What was sent to what.
pub(super) fn head(load: &Load, place: &str, vendor_delay: Option<u64>) -> String {
    let Load { rate, duration, duplicates, forged } = load;
    let vendor = vendor_delay.map_or_else(String::new, |ms| format!(", a vendor that takes {ms} ms"));
    let twice = if *duplicates > 0.0 {
        format!(", {:.1} % of them repeated", duplicates * 100.0)
    } else {
        String::new()
    };
    let beside = if *forged > 0 { format!(", {forged} forged ones a second beside") } else { String::new() };
    let seconds = duration.as_secs();
    format!("{rate} events a second for {seconds} s{twice}{beside}; {place}{vendor}\n")
}

/// What came of it.
pub(super) fn table(load: &Load, measured: &Measured, texts: Option<&Texts>) -> String {
    let mut table = format!("{:<8}  {:>8}  {:>8}", "ms", "sent", "a second");
    QUANTILES.iter().for_each(|(name, _)| push(&mut table, format_args!("  {name:>8}")));
    push(&mut table, format_args!("  {:>8}", "max"));
    row(&mut table, "signed", &measured.signed);
    if load.forged > 0 {
        row(&mut table, "forged", &measured.forged);
    }
    table.push('\n');
    answers(&mut table, "signed", &measured.signed);
    if load.forged > 0 {
        answers(&mut table, "forged", &measured.forged);
    }
    match texts {
        Some(Texts { texts, doubled, missing }) => {
            push(&mut table, format_args!("\n\n{texts} texts, {doubled} doubled, {missing} missing"));
        }
        None => table.push_str("\n\nIts texts went to that relay's own providers."),
    }
    table
}

fn row(table: &mut String, name: &str, stream: &Stream) {
    push(table, format_args!("\n{name:<8}  {:>8}  {:>8.1}", stream.sent, stream.rate()));
    for (_, share) in QUANTILES {
        push(table, format_args!("  {:>8}", ms(stream.latencies.quantile(share))));
    }
    push(table, format_args!("  {:>8}", ms(stream.latencies.max())));
}

fn answers(table: &mut String, name: &str, stream: &Stream) {
    for (kind, count) in &stream.answers {
        push(table, format_args!("\n{name:<8}  {count:>8}  {kind}"));
    }
}

fn ms(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

fn push(table: &mut String, text: std::fmt::Arguments<'_>) {
    // A text has room for more.
    let _ = table.write_fmt(text);
}
