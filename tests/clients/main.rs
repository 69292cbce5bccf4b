//! The clients that apps use, unchanged, against `neon-sms-relay dev`: in Node, in a browser on another origin, through
//! an app's own server, and from a user's own Playwright suite. What they do stands in the programs beside this file.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets the unexpected should stop there"
)]

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// The command on free ports. It ends with this.
struct Dev {
    server: Child,
    url: String,
    folder: TempDir,
    _output: Lines<BufReader<ChildStdout>>,
}

impl Dev {
    /// `None` if these tests are to be left out.
    fn start() -> Option<Self> {
        if std::env::var_os("TEST_SKIP_CLIENTS").is_some() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_neon-sms-relay"));
        command.arg("dev").current_dir(folder.path()).env_clear().env("PORT", "0").env("DEV_PORT", "0");
        let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(server.stdout.take().unwrap()).lines();
        let url = output
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.strip_prefix("      http://localhost:").map(|port| format!("http://localhost:{port}"))
            })
            .expect("dev ended before it listened");
        Some(Self { server, url: url.trim_end_matches('/').to_owned(), folder, _output: output })
    }

    /// Runs a program of this folder to its end.
    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(here()).env("DEV_URL", &self.url);
        command.env("APP_PORT", free_port()).env("PLAYWRIGHT_OUTPUT", self.folder.path().join("output"));
        let run =
            command.output().expect("node and npx are needed; TEST_SKIP_CLIENTS=1 leaves these tests out");
        assert!(
            run.status.success(),
            "{program} {arguments:?}; the packages come with `npm ci --prefix tests/clients`\n{}\n{}",
            String::from_utf8_lossy(&run.stdout),
            String::from_utf8_lossy(&run.stderr)
        );
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

fn free_port() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port().to_string()
}

fn node_tests(file: &str) {
    if let Some(dev) = Dev::start() {
        dev.run("node", &["--test", "--test-reporter=spec", file]);
    }
}

#[test]
fn every_answer_of_the_emulator_is_better_auths_own() {
    node_tests("same_answers.test.mjs");
}

#[test]
fn every_client_signs_up_links_a_number_and_signs_in_from_node() {
    node_tests("node.test.mjs");
}

#[test]
fn the_token_for_the_database_is_good_for_whoever_has_the_keys() {
    node_tests("token.test.mjs");
}

#[test]
fn every_client_does_so_on_a_page_of_another_origin_in_a_browser() {
    node_tests("browser.test.mjs");
}

#[test]
fn an_app_whose_server_passes_neons_cookies_on_signs_its_users_in_by_phone() {
    node_tests("app.test.mjs");
}

#[test]
fn a_users_own_playwright_suite_signs_in_as_the_documentation_shows() {
    let example = fs::read_to_string(here().join("sign_in.spec.mjs")).unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/development.md");
    let shown = fs::read_to_string(page).unwrap();
    assert!(shown.contains(&format!("```js\n{example}```")), "docs/development.md shows another example");
    if let Some(dev) = Dev::start() {
        dev.run("npx", &["playwright", "test"]);
    }
}
