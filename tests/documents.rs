//! What is written for users stays true: every variable that is read is described, and every program that is shown
//! is tested.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Texts in the settings that look like the name of a variable.
fn variables() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config");
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("tests.rs") {
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap();
        let texts = code.split('"').filter(|text| {
            let capitals = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            text.starts_with(|first: char| first.is_ascii_uppercase())
                && text.len() >= 4
                && capitals
                && !text.ends_with('_')
        });
        names.extend(texts.map(str::to_owned));
    }
    assert!(names.contains("PORT") && names.contains("NEON_AUTH_URL"), "{names:?}");
    names
}

#[test]
fn every_variable_is_described_in_the_readme_and_in_the_example() {
    let (readme, example) = (read("README.md"), read(".env.example"));
    for name in variables() {
        assert!(readme.contains(&format!("`{name}`")), "{name} is not in README.md");
        // The older name of NEON_AUTH_URL is understood and not recommended.
        let recommended = name != "NEON_AUTH_BASE_URL";
        assert_eq!(example.contains(&format!("{name}=")), recommended, "{name} in .env.example");
    }
}

/// What a program says is in the README, as it looks there.
fn shown(program: &str) -> String {
    let (_, rest) = program.split_once("README begins\n").unwrap();
    let (shown, _) = rest.split_once("README ends").unwrap();
    // The last line is the start of the comment that ends it.
    let lines: Vec<_> = shown.lines().collect();
    let indented = lines[..lines.len() - 1].iter().map(|line| match *line {
        "" => String::from("\n"),
        line => format!("    {line}\n"),
    });
    indented.collect()
}

#[test]
fn the_programs_in_the_readme_are_the_ones_that_are_tested() {
    let readme = read("README.md");
    for program in ["fixtures/forward/verify.mjs", "fixtures/forward/verify.py"] {
        let shown = shown(&read(program));
        assert!(shown.lines().count() >= 8, "{program}:\n{shown}");
        assert!(
            readme.contains(&format!("\n\n{shown}\n")),
            "README.md does not show, from {program}:\n{shown}"
        );
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
    let of_http = words("src/http/error.rs").into_iter().filter(|word| word.contains('_'));
    let codes: BTreeSet<_> = of_http.chain(words("src/domain/reply.rs")).collect();
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
