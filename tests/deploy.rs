//! What is deployed fits the program: its variables, ports, paths and commands, its user, and the time that it takes
//! to stop.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use neon_sms_relay::config::variables::{secret_of_file, variable};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What a server is deployed with.
const FILES: [&str; 6] = [
    "Dockerfile",
    "fly.toml",
    "deploy/compose.yaml",
    "deploy/fly-two-regions.toml",
    "deploy/kubernetes.yaml",
    "deploy/neon-sms-relay.service",
];

/// Of other programs.
const OTHERS: [&str; 4] = ["POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "RAILWAY_RUN_UID"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Words in capitals with `before` before them and `after` after them, as variables are set.
fn set(text: &str) -> BTreeSet<String> {
    let is_of_name = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let mut names = BTreeSet::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some(at) = rest.find(is_of_name) {
            let end = rest[at..].find(|letter| !is_of_name(letter)).map_or(rest.len(), |end| at + end);
            let (before, name, after) = (&rest[..at], &rest[at..end], rest[end..].trim_start());
            let named = before.ends_with("name: ");
            let begins = before.trim_end().is_empty() || before.ends_with([' ', '=', '#', '"']);
            // `NAME=`, `NAME:` and `NAME =`, but neither a word of prose nor a part of one.
            let is_set = begins && (after.starts_with('=') || after.starts_with(": "));
            if name.len() > 3 && (named || is_set) {
                names.insert(name.to_owned());
            }
            rest = &rest[end..];
        }
    }
    names
}

#[test]
fn every_variable_that_is_set_is_one_of_ours() {
    let mut found = 0;
    for file in FILES {
        for name in set(&read(file)) {
            let known = variable(&name).is_some() || secret_of_file(&name).is_some();
            assert!(known || OTHERS.contains(&name.as_str()), "{file} sets {name}, which nobody reads");
            found += usize::from(known);
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn ports_and_paths_are_those_that_are_served() {
    let (port, metrics) = (variable("PORT").unwrap().default, variable("METRICS_PORT").unwrap().default);
    assert_eq!((port, metrics), ("`8080`", "`9091`"));
    let routes = read("src/http/mod.rs");
    for (file, needed) in [
        ("Dockerfile", &["EXPOSE 8080 9091"][..]),
        ("fly.toml", &["internal_port = 8080", "port = 9091", "path = \"/metrics\""]),
        ("deploy/fly-two-regions.toml", &["internal_port = 8080", "port = 9091", "path = \"/metrics\""]),
        ("deploy/compose.yaml", &["127.0.0.1:8080:8080"]),
        ("deploy/kubernetes.yaml", &["containerPort: 8080", "containerPort: 9091", "path: /readyz"]),
    ] {
        let text = read(file);
        for words in needed {
            assert!(text.contains(words), "{words} in {file}");
        }
        for path in ["/livez", "/readyz"].into_iter().filter(|path| text.contains(path)) {
            assert!(routes.contains(&format!("resource(\"{path}\")")), "{path} of {file}");
        }
    }
}

#[test]
fn commands_that_are_run_exist() {
    let mut commands = BTreeSet::new();
    let pages = ["docs/deploy.md"].into_iter().chain(FILES);
    for file in pages {
        // In lists, the words stand between quotes and commas.
        let text = read(file).replace(['"', ','], " ").replace(['[', ']', '`'], " ; ");
        let words: Vec<_> = text.split_whitespace().collect();
        for pair in words.windows(3) {
            let is_ours = pair[0] == "neon-sms-relay" || pair[0] == "/usr/local/bin/neon-sms-relay";
            let is_command = pair[1].len() > 3 && pair[1].bytes().all(|letter| letter.is_ascii_lowercase());
            if is_ours && is_command {
                let flag = Some(pair[2]).filter(|flag| flag.starts_with("--"));
                commands.insert((pair[1].to_owned(), flag.map(str::to_owned)));
            }
        }
    }
    assert!(commands.contains(&("serve".to_owned(), Some("--check".to_owned()))), "{commands:?}");
    assert!(commands.contains(&("healthcheck".to_owned(), None)), "{commands:?}");
    for (command, flag) in commands {
        let output =
            Command::new(env!("CARGO_BIN_EXE_neon-sms-relay")).args([&command, "--help"]).output().unwrap();
        assert!(output.status.success(), "{command}");
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(flag.as_ref().is_none_or(|flag| help.contains(flag)), "{command} {flag:?}");
    }
}

#[test]
fn whoever_stops_it_waits_longer_than_it_drains() {
    let source = read("src/app.rs");
    let (_, rest) = source.split_once("const DRAIN: Duration = Duration::from_secs(").unwrap();
    let drain: u32 = rest.split(')').next().unwrap().parse().unwrap();
    for (file, words) in [
        ("fly.toml", "kill_timeout = "),
        ("deploy/fly-two-regions.toml", "kill_timeout = "),
        ("deploy/compose.yaml", "stop_grace_period: "),
        ("deploy/neon-sms-relay.service", "TimeoutStopSec="),
        ("deploy/kubernetes.yaml", "terminationGracePeriodSeconds: "),
    ] {
        let text = read(file);
        let (_, rest) = text.split_once(words).unwrap_or_else(|| panic!("{words} in {file}"));
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        assert!(digits.parse::<u32>().unwrap() >= drain + 5, "{file} waits {digits} s");
    }
}

#[test]
fn the_user_of_the_image_is_the_one_that_others_are_told_of() {
    let user = "65532";
    assert!(read("Dockerfile").contains(&format!("USER {user}:{user}")));
    let manifest = read("deploy/kubernetes.yaml");
    for field in ["runAsUser", "runAsGroup", "fsGroup"] {
        assert!(manifest.contains(&format!("{field}: {user}")), "{field}");
    }
    assert!(read("docs/deploy.md").contains(&format!("uid and gid {user}")));
}

/// What builders of platforms refuse, and what would forbid `STORE_URL_FILE`.
#[test]
fn the_image_declares_no_volume_no_cache_and_no_variable() {
    for line in read("Dockerfile").lines().filter(|line| !line.starts_with('#')) {
        let refused = line.starts_with("VOLUME") || line.starts_with("ENV") || line.contains("type=cache");
        assert!(!refused, "{line}");
    }
}

#[test]
fn workflows_pin_every_action_to_a_commit_and_ask_for_no_more_than_they_need() {
    for file in [".github/workflows/ci.yml", ".github/workflows/release.yml"] {
        let text = read(file);
        let mut actions = 0;
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            let (_, action) = line.split_once('@').unwrap();
            let (commit, version) = action.split_once(" # v").unwrap_or_else(|| panic!("{line} in {file}"));
            let is_commit = commit.len() == 40 && commit.bytes().all(|letter| letter.is_ascii_hexdigit());
            assert!(is_commit && version.contains('.'), "{line} in {file}");
            actions += 1;
        }
        assert!(actions > 2, "{file}");
        let top = text.split("\njobs:").next().unwrap();
        assert!(top.contains("\npermissions:") && !top.contains("write"), "{file}");
        assert!(!text.contains("write-all"), "{file}");
    }
    assert!(read(".github/workflows/ci.yml").contains("run: ./test"));
    let oldest = read("Cargo.toml");
    let (_, rest) = oldest.split_once("rust-version = \"").unwrap();
    let oldest = rest.split('"').next().unwrap();
    assert!(read(".github/workflows/ci.yml").contains(&format!("rust:{oldest}-")), "{oldest}");
}

#[test]
fn the_image_is_built_with_every_member_of_the_workspace() {
    let (workspace, image, ignored) = (read("Cargo.toml"), read("Dockerfile"), read(".dockerignore"));
    let members = workspace.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
    for member in members.split(',').map(|member| member.trim().trim_matches('"')).filter(|of| *of != ".") {
        let manifest = format!("{member}/Cargo.toml");
        assert!(image.contains(&format!("COPY {manifest} {member}/\n")), "the image has no {manifest}");
        let is_let_through = [format!("!{member}"), format!("!{manifest}")];
        assert!(
            ignored.lines().any(|line| is_let_through.iter().any(|of| of == line)),
            "{manifest} is ignored"
        );
    }
}
