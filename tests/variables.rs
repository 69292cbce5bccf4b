//! Variables are described wherever users look for them, by one table in the code.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that meets the unexpected should stop there")]

use neon_sms_relay::config::variables::{
    FORWARD_URL_OF_BRANCH, OF_FILE, Section, VARIABLES, Variable, secrets, variable,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Texts in the settings that look like the name of a variable.
fn names_in_the_settings() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config");
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // It knows what others call our variables.
        let is_code = path.extension().is_some_and(|extension| extension == "rs");
        if !is_code || path.ends_with("tests.rs") || path.ends_with("slips.rs") {
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap();
        let texts = code.split('"').filter(|text| {
            let capitals = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            text.starts_with(|first: char| first.is_ascii_uppercase())
                && text.contains('_')
                && capitals
                && !text.ends_with('_')
        });
        names.extend(texts.map(str::to_owned));
    }
    assert!(names.contains("PUBLIC_URL") && names.contains("NEON_AUTH_URL"), "{names:?}");
    names
}

#[test]
fn every_variable_that_is_read_is_in_the_table() {
    for name in names_in_the_settings() {
        assert!(variable(&name).is_some(), "{name} is not in src/config/variables.rs");
    }
}

#[test]
fn every_variable_is_in_the_example_and_the_readme_names_no_other() {
    let (readme, example) = (read("README.md"), read(".env.example"));
    let shown = readme.lines().filter(|line| line.starts_with("| `")).flat_map(|row| row.split('|').nth(1));
    for name in shown.flat_map(|cell| cell.split('`')).filter(|name| name.contains('_')) {
        assert!(variable(name).is_some(), "{name} of README.md is not in src/config/variables.rs");
    }
    for Variable { name, .. } in VARIABLES {
        // The older name of NEON_AUTH_URL is understood and not recommended.
        let recommended = *name != "NEON_AUTH_BASE_URL";
        let shown = name.replace("<ISO>", "DE");
        assert_eq!(example.contains(&format!("{shown}=")), recommended, "{shown} in .env.example");
    }
}

#[test]
fn the_example_names_no_variable_that_does_not_exist() {
    let example = read(".env.example");
    let names = example.lines().filter_map(|line| line.trim_start_matches('#').split_once('='));
    let names = names.map(|(name, _)| name).filter(|name| !name.contains(' '));
    for name in names.filter(|name| !name.starts_with(FORWARD_URL_OF_BRANCH)) {
        assert!(variable(name).is_some(), "{name} of .env.example is not in src/config/variables.rs");
    }
}

#[test]
fn the_example_has_the_sections_and_the_defaults_of_the_table() {
    let (example, mut title) = (read(".env.example"), "");
    for line in example.lines() {
        if let Some(heading) = line.strip_prefix("# --- ") {
            title = heading.trim_end_matches('-').trim();
        }
        let Some((name, value)) = line.trim_start_matches('#').split_once('=') else { continue };
        let Some(Variable { name, section, default, .. }) = variable(name) else { continue };
        assert_eq!(title, section.title(), "{name} in .env.example");
        // What is in one pair of quotes is a value; all else describes one, or names another variable.
        let default = default.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
        let default = default.filter(|value| !value.contains(['`', '<']) && !name.contains('<'));
        if let (Some(default), true) = (default, line.starts_with('#') && !value.is_empty()) {
            assert_eq!(value.trim_matches('\''), default, "{name} in .env.example");
        }
    }
}

/// The page with the table of each section made anew from the code, below the heading that the section has.
fn made_anew(page: &str) -> String {
    let (mut made, mut title, mut in_table) = (Vec::new(), "", false);
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            title = heading;
        }
        let is_ours = line.starts_with("| `") && in_table;
        if !is_ours {
            made.push(line.to_owned());
        }
        in_table =
            is_ours || line == "| Variable | Default | Meaning |" || (in_table && line == "|---|---|---|");
        if line == "|---|---|---|" && in_table {
            let rows = VARIABLES.iter().filter(|variable| variable.section.title() == title);
            made.extend(rows.map(|Variable { name, default, meaning, .. }| {
                let default = if default.is_empty() { "–" } else { default };
                format!("| `{name}` | {default} | {meaning} |")
            }));
        }
    }
    made.join("\n") + "\n"
}

/// `UPDATE_DOCS=1 cargo nextest run --test variables` writes the page.
#[test]
fn the_tables_of_the_documentation_are_made_from_the_one_of_the_code() {
    const PAGE: &str = "docs/configuration.md";
    let (page, made) = (read(PAGE), made_anew(&read(PAGE)));
    for Variable { name, section, .. } in VARIABLES {
        assert!(made.contains(&format!("| `{name}` |")), "{PAGE} has no table below ## {}", section.title());
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE), &made).unwrap();
        return;
    }
    for (line, expected) in page.lines().zip(made.lines()) {
        assert_eq!(
            line, expected,
            "{PAGE} is not that of the code; UPDATE_DOCS=1 cargo nextest run --test variables"
        );
    }
    assert_eq!(page, made, "{PAGE}; UPDATE_DOCS=1 cargo nextest run --test variables");
}

#[test]
fn the_help_of_the_server_lists_its_variables_by_what_they_are_about() {
    let program = env!("CARGO_BIN_EXE_neon-sms-relay");
    let help = Command::new(program).args(["serve", "--help"]).env_clear().output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let mut after = 0;
    for Variable { name, section, .. } in VARIABLES.iter().filter(|v| v.section != Section::Development) {
        let heading = help.find(&format!("\n  {}:\n", section.title())).unwrap();
        let row = help.find(&format!("\n    {name}\n")).unwrap_or_else(|| panic!("{name}"));
        assert!(heading < row && row > after, "{name}");
        after = row;
    }
}

#[test]
fn the_files_of_secrets_are_listed_where_users_look() {
    let expected: BTreeSet<_> = secrets().map(|secret| format!("{}{OF_FILE}", secret.name)).collect();
    for page in ["docs/configuration.md", ".env.example"] {
        let text = read(page);
        let words = text.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_');
        let files = words.filter(|word| word.len() > OF_FILE.len() && word.ends_with(OF_FILE));
        // A file of certificates, and the placeholder of all names.
        let others = ["SSL_CERT_FILE", "NAME_FILE"];
        let listed: BTreeSet<_> = files.filter(|word| !others.contains(word)).map(str::to_owned).collect();
        assert_eq!(listed, expected, "{page}");
    }
}
