//! The binary as its operator runs it: a process of its own, in a clean environment and an empty folder,
//! to be signalled and killed.

use crate::harness::{Answer, Signer, send, serve_keys};
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::Value;
use sms_providers::client::http_client;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;
use wiremock::{MockServer, ResponseTemplate};

/// The binary with these arguments and variables, and no others.
pub fn command<V: AsRef<OsStr>>(folder: &Path, arguments: &[&str], vars: &[(&str, V)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neon-sms-relay"));
    let vars = vars.iter().map(|(name, value)| (name, value));
    // Tests send as many codes to one number as they like.
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("GUARD", "off")
        .envs(vars)
        .stdin(Stdio::null());
    command
}

/// The command, in a shell that does something first.
fn in_shell(preparation: &str, command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(format!("{preparation} && exec \"$0\" \"$@\""));
    shell.arg(command.get_program()).args(command.get_args()).env_clear().stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap());
    }
    shell.current_dir(command.get_current_dir().unwrap());
    shell
}

/// Runs a command that ends by itself.
pub fn run(folder: &Path, arguments: &[&str], vars: &[(&str, &str)]) -> Output {
    command(folder, arguments, vars).output().unwrap()
}

/// `neon-sms-relay serve`. Killed when dropped.
pub struct RelayProcess {
    pub url: String,
    child: Child,
    written: Arc<Written>,
    readers: Vec<JoinHandle<()>>,
    _folder: TempDir,
}

/// What the process has written so far, on both of its outputs.
struct Written {
    so_far: Mutex<SoFar>,
    changed: Condvar,
}

struct SoFar {
    text: String,
    open_outputs: usize,
}

impl RelayProcess {
    /// Starts the server on a free port, with these variables and the keys of `neon`; returns once it listens.
    pub fn start(neon: &MockServer, vars: &[(&str, &str)]) -> Self {
        Self::start_after("", neon, vars)
    }

    /// The same, after a line of shell such as `ulimit -n 256`.
    pub fn start_after(preparation: &str, neon: &MockServer, vars: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let auth_url = format!("{}/neondb/auth", neon.uri());
        let defaults = [
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("METRICS_PORT", "0"),
            ("NEON_AUTH_URL", &auth_url),
            ("NO_COLOR", "1"),
        ];
        let plain = command(folder.path(), &["serve"], &[&defaults, vars].concat());
        let command = if preparation.is_empty() { plain } else { in_shell(preparation, &plain) };
        let mut relay = Self::spawn(command, folder);
        let line = relay.wait_for_line("listening");
        let port = line.split_once("127.0.0.1:").unwrap().1;
        let port = port.split(|letter: char| !letter.is_ascii_digit()).next().unwrap();
        relay.url = format!("http://127.0.0.1:{port}");
        relay
    }

    /// Starts a command whose outputs are read along. `url` is left to the caller.
    pub fn spawn(mut command: Command, folder: TempDir) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let so_far = Mutex::new(SoFar { text: String::new(), open_outputs: 2 });
        let written = Arc::new(Written { so_far, changed: Condvar::new() });
        let readers = vec![
            read_along(child.stdout.take().unwrap(), written.clone()),
            read_along(child.stderr.take().unwrap(), written.clone()),
        ];
        Self { url: String::new(), child, written, readers, _folder: folder }
    }

    /// The first line that holds `words`, once it is written.
    pub fn wait_for_line(&self, words: &str) -> String {
        let mut so_far = self.written.so_far.lock().unwrap();
        loop {
            if let Some(line) = so_far.text.lines().find(|line| line.contains(words)) {
                return line.to_owned();
            }
            assert!(so_far.open_outputs > 0, "{words:?} is not in what was written:\n{}", so_far.text);
            so_far = self.written.changed.wait(so_far).unwrap();
        }
    }

    /// The soft and the hard limit of file descriptors.
    #[cfg(target_os = "linux")]
    pub fn descriptors(&self) -> (String, String) {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        let mut words = line.split_whitespace().skip(3).map(str::to_owned);
        (words.next().unwrap(), words.next().unwrap())
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Waits for the end; returns how it came and everything that was written.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let text = std::mem::take(&mut self.written.so_far.lock().unwrap().text);
        (status, text)
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // Both fail if the process has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_along(output: impl Read + Send + 'static, written: Arc<Written>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).unwrap() > 0 {
            written.so_far.lock().unwrap().text.push_str(&String::from_utf8_lossy(&line));
            written.changed.notify_all();
            line.clear();
        }
        written.so_far.lock().unwrap().open_outputs -= 1;
        written.changed.notify_all();
    })
}

/// A process that is ready, and what a test needs to talk to it as Neon does.
pub struct ReadyRelay {
    pub process: RelayProcess,
    pub signer: Signer,
    pub http: reqwest::Client,
    _neon: MockServer,
}

impl ReadyRelay {
    /// Starts the server on a free port, with keys to verify with.
    pub async fn start(vars: &[(&str, &str)]) -> Self {
        Self::start_after("", vars).await
    }

    /// The same, after a line of shell.
    pub async fn start_after(preparation: &str, vars: &[(&str, &str)]) -> Self {
        let (signer, neon) = (Signer::new(), MockServer::start().await);
        serve_keys(&neon, ResponseTemplate::new(200).set_body_json(signer.jwks())).await;
        let vars = [&[("WORKERS", "1"), ("STORE_URL", "memory:")], vars].concat();
        let (process, http) = (RelayProcess::start_after(preparation, &neon, &vars), http_client().unwrap());
        let relay = Self { process, signer, http, _neon: neon };
        while relay.get("/readyz").await.status != 200 {
            tokio::task::yield_now().await;
        }
        relay
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.http.get(format!("{}{path}", self.process.url))).await
    }

    /// Signs, sends and waits for the answer.
    pub async fn deliver(&self, body: &Value) -> Answer {
        let body = body.to_string().into_bytes();
        send(self.signer.add_headers(self.unsigned(&body), SystemClock.now(), &body)).await
    }

    pub fn unsigned(&self, body: &[u8]) -> reqwest::RequestBuilder {
        self.http.post(format!("{}/webhooks/neon-auth", self.process.url)).body(body.to_vec())
    }
}
