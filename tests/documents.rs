//! What is written for users stays true: every error, series and bound is described, and every program that is shown
//! is tested.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use neon_sms_relay::telemetry::metrics::{Metrics, Series};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What a program says is in the documentation, as it looks there.
fn shown(program: &str) -> String {
    let (_, rest) = program.split_once("docs begin\n").unwrap();
    let (shown, _) = rest.split_once("docs end").unwrap();
    // The last line is the start of the comment that ends it.
    let lines: Vec<_> = shown.lines().collect();
    let indented = lines[..lines.len() - 1].iter().map(|line| match *line {
        "" => String::from("\n"),
        line => format!("    {line}\n"),
    });
    indented.collect()
}

#[test]
fn the_programs_in_the_documentation_are_the_ones_that_are_tested() {
    let page = read("docs/forwarding.md");
    for program in ["fixtures/forward/verify.mjs", "fixtures/forward/verify.py"] {
        let shown = shown(&read(program));
        assert!(shown.lines().count() >= 8, "{program}:\n{shown}");
        assert!(
            page.contains(&format!("\n\n{shown}")),
            "docs/forwarding.md does not show, from {program}:\n{shown}"
        );
    }
}

#[test]
fn the_page_on_the_branch_names_every_event_that_can_be_subscribed_to() {
    let page = read("docs/neon-branch.md");
    for event in neon_sms_relay::neon::api::EVENTS {
        assert!(page.contains(&format!("`{event}`")), "{event} is not in docs/neon-branch.md");
    }
}

/// The value of a constant as it is written for people: `150 s`, `16 KiB`, `1,024`.
fn spoken(expression: &str) -> String {
    if let Some(seconds) = expression.strip_prefix("Duration::from_secs(") {
        return format!("{} s", seconds.trim_end_matches(')'));
    }
    let expression = expression.replace('_', "");
    let number: u64 = expression.split(" * ").map(|factor| factor.parse::<u64>().unwrap()).product();
    match number {
        _ if expression.ends_with("1024 * 1024") => format!("{} MiB", number >> 20),
        _ if expression.ends_with("* 1024") => format!("{} KiB", number >> 10),
        1_000.. => format!("{},{:03}", number / 1_000, number % 1_000),
        _ => number.to_string(),
    }
}

/// The constants of a source that bound something, and the expressions of their values.
fn bounds(source: &str) -> Vec<(String, String)> {
    let constants = source.lines().filter_map(|line| line.split_once("const ")?.1.split_once(": "));
    constants
        .filter_map(|(name, rest)| {
            let (kind, value) = rest.split_once(" = ")?;
            let bounds = ["Duration", "usize", "u64", "i32"].contains(&kind);
            bounds.then(|| (name.to_owned(), value.trim_end_matches(';').to_owned()))
        })
        .collect()
}

#[test]
fn the_page_on_security_has_the_numbers_of_the_code() {
    let page = read("docs/security.md");
    let mut rows = BTreeSet::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let (name, file) = (cells[1].trim_matches('`'), cells[3].trim_matches('`'));
        if !file.ends_with(".rs") {
            continue;
        }
        let found = bounds(&read(file)).into_iter().find(|(constant, _)| constant == name);
        assert_eq!(found.map(|(_, value)| spoken(&value)).as_deref(), Some(cells[2]), "{name} in {file}");
        rows.insert((file.to_owned(), name.to_owned()));
    }
    // Where all numbers bound strangers, none may be missing.
    for file in [
        "src/http/connection/mod.rs",
        "src/http/connection/course.rs",
        "src/http/delivery.rs",
        "src/http/unverified.rs",
        "src/app/descriptors.rs",
        "src/app/server.rs",
    ] {
        for (name, _) in bounds(&read(file)) {
            assert!(rows.contains(&(file.to_owned(), name.clone())), "{name} of {file} is not on the page");
        }
    }
}

/// Codes of answers that are no success: what stands in quotes where they are made.
fn error_codes() -> BTreeSet<String> {
    let words = |path: &str| {
        let source = read(path);
        let quoted = source.split('"').skip(1).step_by(2);
        let named = quoted.filter(|text| {
            text.len() > 4 && text.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_')
        });
        named.map(str::to_owned).collect::<Vec<_>>()
    };
    let sources = ["src/http/error.rs", "src/neon/error.rs", "src/domain/reason.rs"];
    let words = sources.into_iter().flat_map(words);
    let codes: BTreeSet<_> =
        words.filter(|word| word.contains('_') || word == "overloaded" || word == "internal").collect();
    assert!(codes.contains("unknown_key") && codes.contains("internal"), "{codes:?}");
    codes
}

#[test]
fn whoever_meets_an_error_finds_out_what_to_do() {
    let document = read("docs/troubleshooting.md");
    // They are no answers to Neon, and say all there is to say.
    let plain = ["method_not_allowed", "not_found"];
    for code in error_codes().iter().filter(|code| !plain.contains(&code.as_str())) {
        assert!(document.contains(&format!("`{code}`")), "{code} is not in docs/troubleshooting.md");
    }
}

#[test]
fn every_series_has_its_row_in_the_documentation_and_no_other_is_there() {
    let page = read("docs/metrics.md");
    let rows: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|row| {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            (cells[1].trim_matches('`').to_owned(), cells[2].to_owned(), cells[4].to_owned())
        })
        .collect();
    let series = Metrics::default().series().into_iter();
    let expected: Vec<_> =
        series.map(|Series { name, kind, help }| (name, kind.to_owned(), help.to_owned())).collect();
    assert_eq!(rows, expected, "docs/metrics.md against what is registered");
}

/// Labels are known only of what has a number: the row names those that it has then.
#[test]
fn the_labels_of_a_series_are_those_of_its_row() {
    let page = read("docs/metrics.md");
    let metrics = Metrics::default();
    metrics.task_panicked("a task");
    metrics.refused("a reason");
    let rendered = metrics.render();
    let mut seen = BTreeSet::new();
    for line in rendered.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once(['{', ' ']).unwrap();
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
        let row = |name: &str| page.lines().find(|row| row.starts_with(&format!("| `{name}` |")));
        let row = row(name).or_else(|| row(base?)).unwrap_or_else(|| panic!("{name} has no row"));
        let labels = line.contains('{').then(|| rest.split('}').next().unwrap().split(',')).into_iter();
        let labels = labels.flatten().map(|label| label.split('=').next().unwrap());
        let labels: Vec<_> = labels.filter(|label| *label != "le").map(|l| format!("`{l}`")).collect();
        let expected = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        assert_eq!(row.split('|').nth(3).unwrap().trim(), expected, "{name}");
        seen.insert(name.to_owned());
    }
    assert!(seen.len() > 8 && seen.contains("neon_sms_relay_build_info"), "{seen:?}");
}
