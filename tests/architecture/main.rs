//! Holds the code to its layers, and files to their form: who may use whom, how long, how named.
//!
//! The sources are read as text, so `use` lines and paths in the middle of an expression count alike.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

mod layers;
mod paths;

use layers::forbidden;
use std::fs;
use std::path::{Path, PathBuf};

/// What would let the outside world into the domain.
const OUTSIDE: [&str; 9] = [
    "actix_web",
    "reqwest",
    "rusqlite",
    "std::env",
    "std::fs",
    "std::net",
    "std::thread",
    "tokio",
    "tokio_postgres",
];

const LONGEST_FILE: usize = 300;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 9] =
    ["common", "data", "helper", "info", "manager", "misc", "service", "util", "utils"];

/// One source file: its path from the root of the project, and its text.
struct Source {
    path: PathBuf,
    text: String,
}

/// All Rust files below a folder.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path: path.strip_prefix(root).unwrap().to_owned(), text });
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

impl Source {
    /// The module as a list of names: `src/http/webhook.rs` is `http`, `webhook`.
    fn module(&self) -> Vec<String> {
        let path = self.path.strip_prefix("src").unwrap().with_extension("");
        let mut names: Vec<_> = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
        names.pop_if(|name| name == "mod");
        names
    }

    /// The text without comments, which may point anywhere.
    fn code(&self) -> String {
        let without_comment = |line: &str| {
            let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
            comment.map_or_else(|| line.to_owned(), |(at, _)| line[..at].to_owned())
        };
        self.text.lines().map(without_comment).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn every_module_uses_only_what_its_layer_allows() {
    let mut wrong = Vec::new();
    for source in sources("src").iter().filter(|source| !source.path.ends_with("src/lib.rs")) {
        for path in forbidden(&source.module(), &source.code()) {
            wrong.push(format!("{} uses {path}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_domain_does_not_touch_the_outside_world() {
    for source in sources("src/domain") {
        let code = source.code();
        for outside in OUTSIDE {
            assert!(!code.contains(&format!("{outside}::")), "{} uses {outside}", source.path.display());
        }
    }
}

#[test]
fn files_are_short_and_named_after_what_is_inside() {
    for source in
        ["src", "providers/src", "providers/tests", "tests"].iter().flat_map(|folder| sources(folder))
    {
        let (path, lines) = (source.path.display(), source.text.lines().count());
        assert!(lines < LONGEST_FILE, "{path} has {lines} lines; split it by what makes it change");
        for name in source.path.with_extension("").iter().flat_map(|name| name.to_str().unwrap().split('_')) {
            let singular = name.strip_suffix('s').unwrap_or(name);
            let empty = EMPTY_NAMES.contains(&name) || EMPTY_NAMES.contains(&singular);
            assert!(!empty, "{path}: {name} says nothing about what is inside");
        }
    }
}

#[test]
fn every_module_says_why_it_exists() {
    for source in sources("src").into_iter().chain(sources("providers/src")) {
        let of_tests = source.path.ends_with("tests.rs");
        assert!(
            of_tests || source.text.starts_with("//! "),
            "{} has no //! at its top",
            source.path.display()
        );
    }
}

#[test]
fn nothing_of_a_server_prints_since_that_panics_where_it_cannot() {
    let commands = ["doctor", "healthcheck", "outbox", "send"].map(|name| format!("src/cli/{name}.rs"));
    for source in
        sources("src").iter().filter(|source| !commands.iter().any(|path| source.path.ends_with(path)))
    {
        let code = source.code();
        assert!(!code.contains("print!(") && !code.contains("println!("), "{} prints", source.path.display());
    }
}

#[test]
fn a_forbidden_path_is_found_however_it_is_written() {
    let found = |module: &str, code: &str| {
        forbidden(&module.split("::").map(str::to_owned).collect::<Vec<_>>(), code)
    };
    for (module, code, expected) in [
        ("relay", "use crate::neon::Verifier;", "crate::neon::Verifier"),
        ("relay", "use crate::neon::{VerifiedDelivery, jws::DetachedJws};", "crate::neon::jws::DetachedJws"),
        ("relay::texting::otp", "use crate::{\n    domain::{A, B},\n    http,\n};", "crate::http"),
        ("relay", "use crate::neon;", "crate::neon"),
        ("relay::once", "use crate::relay::texting::Texting;", "crate::relay::texting::Texting"),
        ("relay::once::settle", "let x: sms_providers::SendReceipt;", "sms_providers::SendReceipt"),
        ("relay::texting", "use crate::relay::{forwarding, once};", "crate::relay::forwarding"),
        ("relay::texting::otp", "use crate::neon::VerifiedDelivery;", "crate::neon::VerifiedDelivery"),
        ("relay::forwarding", "use crate::relay::texting::Texting;", "crate::relay::texting::Texting"),
        ("relay", "use crate::neon::*;", "crate::neon::*"),
        ("dev::neon", "fn f() -> crate::neon::jwks::Kid {", "crate::neon::jwks::Kid"),
        ("dev::neon", "let x = y(&crate::store::open(u), 1);", "crate::store::open"),
        ("dev::neon", "use super::super::relay;", "super::super:: (write crate::)"),
        ("relay::once::settle", "use super::super::texting;", "super::super:: (write crate::)"),
        ("relay::texting", "use super::once::Ledger;", "super:: (write crate::)"),
        ("cli", "use crate::neon::{self as wire, api};", "crate::neon::self"),
        (
            "domain",
            "use sms_providers::{PhoneNumber, client::http_client};",
            "sms_providers::client::http_client",
        ),
        ("tasks", "use crate::domainish::X;", "crate::domainish::X"),
        ("tasks", "#[cfg(test)]\nmod tests { use super::super::relay; }", "super::super:: (write crate::)"),
        ("novelty", "", "the module novelty has no row in the table of layers"),
    ] {
        assert_eq!(found(module, code), [expected], "{code}");
    }
    for (module, code) in [
        ("relay", "use crate::neon::VerifiedDelivery;\nuse crate::relay::texting::Texting;"),
        ("relay::forwarding::ask", "use crate::relay::{forwarding::outbox, once::Ledger};"),
        ("http::webhook", "pub(crate) fn f(url: &str) { super::g(\"https://crate\") }"),
        ("cli", "use crate::neon::api::Client;"),
        ("tasks", "#[cfg(test)]\nmod tests { use super::*; }"),
    ] {
        assert!(found(module, code).is_empty(), "{code}");
    }
}
