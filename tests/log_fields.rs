//! The page on the log describes the fields that lines have, and no others.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The arguments of a macro, from behind its opening bracket.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    let mut arguments = vec![String::new()];
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => depth += 1,
            ')' | ']' | '}' if !in_text && depth == 0 => break,
            ')' | ']' | '}' if !in_text => depth -= 1,
            ',' if !in_text && depth == 0 => {
                arguments.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(argument) = arguments.last_mut() {
            argument.push(letter);
        }
    }
    arguments
}

/// The names of the fields of every line that is logged.
fn logged_fields() -> BTreeSet<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut fields = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]").next().unwrap();
            let calls = code.split("tracing::").skip(1).filter_map(|rest| rest.split_once("!("));
            let calls = calls.filter(|(name, _)| {
                name.trim_end_matches("_span").bytes().all(|letter| letter.is_ascii_lowercase())
            });
            for argument in calls.flat_map(|(_, rest)| arguments(rest)) {
                let name = argument.split('=').next().unwrap().trim().trim_start_matches(['%', '?']);
                // The message, or what stands after the last comma.
                if !name.starts_with('"') && !name.is_empty() {
                    fields.insert(name.to_owned());
                }
            }
        }
    }
    assert!(fields.contains("event.id") && fields.contains("request.id"), "{fields:?}");
    fields
}

#[test]
fn every_field_of_the_log_is_described_and_no_other() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/logging.md")).unwrap();
    let (_, table) = page.split_once("\n## Fields\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let cells = table.lines().filter(|line| line.starts_with("| `")).flat_map(|row| row.split('|').nth(1));
    let described = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned);
    let described: BTreeSet<_> = described.collect();
    let logged = logged_fields();
    let missing: Vec<_> = logged.difference(&described).collect();
    assert!(missing.is_empty(), "docs/logging.md lacks these fields: {missing:?}");
    let invented: Vec<_> = described.difference(&logged).collect();
    assert!(invented.is_empty(), "docs/logging.md has fields that no line has: {invented:?}");
}
