//! A browser of the test's own, driven over WebDriver (<https://www.w3.org/TR/webdriver2/>).

use reqwest::Client;
use serde_json::{Value, json};
use sms_providers::client::http_client;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

pub const ENTER: &str = "\u{E007}";
pub const TAB: &str = "\u{E004}";

/// The key of an element's id in every answer (WebDriver, section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long a command waits for an element to appear.
const PATIENCE_MS: u32 = 30_000;

/// A process that says on a line of its output where it listens. Its output stays open.
pub struct Listening {
    pub child: Child,
    pub announced: String,
    _output: Lines<BufReader<ChildStdout>>,
}

impl Listening {
    /// Starts it and reads until a line holds `marker`; keeps what follows the marker.
    pub fn start(command: &mut Command, marker: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
            panic!(
                "{command:?}: {error}; install chromium and chromedriver (Debian: apt-get install chromium \
                 chromium-driver), or set TEST_SKIP_BROWSER=1 to leave these tests out"
            )
        });
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let announced = output
            .find_map(|line| Some(line.unwrap().split_once(marker)?.1.to_owned()))
            .expect("the process ended before it listened");
        Self { child, announced, _output: output }
    }
}

/// An open page. The browser ends with it.
pub struct Page {
    driver: Listening,
    port: u16,
    http: Client,
    session: String,
    _profile: TempDir,
}

impl Page {
    /// Opens `url` in a window of this many pixels.
    pub async fn open(url: &str, (width, height): (u32, u32)) -> Self {
        let driver =
            Listening::start(Command::new("chromedriver").arg("--port=0"), "started successfully on port ");
        let port = driver.announced.trim_end_matches('.').parse().unwrap();
        let http = http_client().unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut page = Self {
            driver,
            port,
            http,
            session: format!("http://127.0.0.1:{port}/session"),
            _profile: profile,
        };
        let profile = format!("--user-data-dir={}", page._profile.path().display());
        let options = json!({
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", profile,
            ],
            "mobileEmulation": { "deviceMetrics": { "width": width, "height": height, "pixelRatio": 1 } },
        });
        let wanted = json!({ "alwaysMatch": {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "implicit": PATIENCE_MS },
        } });
        let session = page.command("", json!({ "capabilities": wanted })).await;
        page.session = format!("{}/{}", page.session, session["sessionId"].as_str().unwrap());
        page.command("/url", json!({ "url": url })).await;
        page
    }

    async fn command(&self, path: &str, body: Value) -> Value {
        let response = self.http.post(format!("{}{path}", self.session)).json(&body).send().await.unwrap();
        let status = response.status();
        let mut answer: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{path} {body}: {}", answer["value"]["message"]);
        answer["value"].take()
    }

    /// Waits for an element and returns its id.
    async fn find(&self, css: &str) -> String {
        let found = self.command("/element", json!({ "using": "css selector", "value": css })).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Waits for an element and returns its text as it is shown.
    pub async fn text(&self, css: &str) -> String {
        let element = json!({ ELEMENT: self.find(css).await });
        let script = json!({ "script": "return arguments[0].innerText", "args": [element] });
        self.command("/execute/sync", script).await.as_str().unwrap().to_owned()
    }

    /// Waits for an element and clicks on it.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.command(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Opens another page in the same window.
    pub async fn go(&self, url: &str) {
        self.command("/url", json!({ "url": url })).await;
    }

    /// Loads the page anew.
    pub async fn reload(&self) {
        self.command("/refresh", json!({})).await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        let strokes: Vec<_> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|stroke| json!({ "type": stroke, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.command("/actions", json!({ "actions": [keyboard] })).await;
    }

    /// What an expression is in the page.
    pub async fn value_of(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.command("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Shows the page as to somebody who prefers this `prefers-color-scheme`.
    pub async fn prefer(&self, scheme: &str) {
        let features = [json!({ "name": "prefers-color-scheme", "value": scheme })];
        let command = json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        self.command("/goog/cdp/execute", command).await;
    }

    /// What axe finds wrong: its rules, and where.
    pub async fn barriers(&self) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
        let axe = fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js"))
            .expect("run `npm ci --prefix tests/browser`, or ./test, which does it");
        self.command("/execute/sync", json!({ "script": axe, "args": [] })).await;
        let found = self.value_of("axe.run().then((found) => found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`)))").await;
        found.as_array().unwrap().iter().map(|barrier| barrier.as_str().unwrap().to_owned()).collect()
    }

    /// What the browser complained of, refused requests aside: those are what some tests are about.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.command("/se/log", json!({ "type": "browser" })).await;
        log.as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["source"] != "network")
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Page {
    /// Asks the driver to end, which ends the browser too; killing it would leave the browser behind.
    fn drop(&mut self) {
        if let Ok(mut driver) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
            let _ =
                driver.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let _ = driver.read_to_end(&mut Vec::new());
        }
        let _ = self.driver.child.wait();
    }
}
