//! The binary as a process of its own, to be signalled and killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A relay in a process of its own. Killed when dropped.
pub struct RelayProcess {
    child: Child,
    pub url: String,
    lines: mpsc::Receiver<String>,
}

impl RelayProcess {
    /// Starts `serve` with these variables and nothing of this process's environment; returns once it listens.
    pub fn start(vars: &[(&str, String)]) -> Self {
        let mut child = command(vars).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let mut relay = Self { child, url: String::new(), lines };
        let listening = relay.wait_for_line("listening");
        let line: serde_json::Value = serde_json::from_str(&listening).unwrap();
        relay.url = format!("http://{}", line["address"].as_str().unwrap());
        relay
    }

    /// The next line of the log that holds `text`.
    pub fn wait_for_line(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(Duration::from_secs(60)) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(error) => panic!("no {text:?} in the log: {error}, {:?}", self.child.try_wait()),
            }
        }
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for the end.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Everything that was logged and not read yet; call it after the end.
    pub fn rest_of_log(&self) -> Vec<String> {
        self.lines.iter().collect()
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // Fails if the process has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary with these variables and nothing of this process's environment.
pub fn command(vars: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neon-sms-relay"));
    command
        .env_clear()
        .current_dir(std::env::temp_dir())
        .envs(vars.iter().map(|(name, value)| (name, value)));
    command
}
