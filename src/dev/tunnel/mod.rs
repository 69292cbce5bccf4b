//! A tunnel from the world to a port of this machine, made by a program of somebody else's.
//!
//! It knows how to start the program, find the address, see its end and end it; whom the address is told is
//! nothing to it.

mod program;

pub use program::TunnelProgram;

use crate::tasks::Tasks;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::ErrorKind;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep_until, timeout};
use url::Url;

/// Lines that wait to be looked at.
const BACKLOG: usize = 64;
/// Longer than any line that matters; the rest of it is left out.
const LINE_LIMIT: usize = 16 * 1024;
/// How long an address may take from being said to being known. Whoever asks for it sooner is told that it does not
/// exist, and their resolver remembers that.
const SETTLING: Duration = Duration::from_secs(5);
/// How long the program has to end by itself, and its last words to arrive.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a tunnel is made.
#[derive(Debug, Clone)]
pub struct TunnelOptions<'a> {
    /// Who makes it.
    pub program: TunnelProgram,
    /// The port of 127.0.0.1 that it leads to.
    pub port: u16,
    /// Variables of the environment that are nobody else's business.
    pub withheld: &'a [&'a str],
    /// How long the program has to say the address.
    pub patience: Duration,
}

/// Why there is no tunnel, or no more.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// It is not in `PATH`.
    #[error("{0} is not installed, or not in PATH; get it from {home}", home = .0.home())]
    Missing(TunnelProgram),
    /// It is there and cannot be started.
    #[error("{0} cannot be started")]
    NotStarted(TunnelProgram, #[source] std::io::Error),
    /// It has ended by itself.
    #[error("{program} has ended ({status}){said}; {advice}", advice = .program.advice())]
    Ended {
        /// Which.
        program: TunnelProgram,
        /// How.
        status: String,
        /// What it said last, ready to be appended.
        said: String,
    },
    /// It runs and does not say where.
    #[error("{program} has not said the tunnel's address within {seconds} s{said}; {advice}", advice = .program.advice())]
    Silent {
        /// Which.
        program: TunnelProgram,
        /// How long it had.
        seconds: u64,
        /// What it said last, ready to be appended.
        said: String,
    },
}

/// A tunnel, whose program runs.
pub struct Tunnel {
    url: Url,
    running: Running,
}

impl Tunnel {
    /// Starts the program and waits until it says the tunnel's address.
    ///
    /// # Errors
    /// If it is not there, ends, or does not say it; then it does not run any more.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn start(options: &TunnelOptions<'_>) -> Result<Self, TunnelError> {
        let mut running = Running::start(options)?;
        match running.find(Instant::now() + options.patience).await {
            Some(url) => Ok(Self { url, running }),
            None => Err(running.without_address(options.patience).await),
        }
    }

    /// Where everybody can reach the port.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Waits until the program ends by itself; returns how.
    pub async fn ended(&mut self) -> TunnelError {
        let running = &mut self.running;
        loop {
            tokio::select! {
                status = running.child.wait() => return running.last(status).await,
                // Read on, or the program stands still as soon as a pipe is full.
                Some(line) = running.lines.recv() => running.listen(&line),
            }
        }
    }

    /// Ends the program: politely first, so that it can tell its own servers.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

/// The program, and what it says.
struct Running {
    program: TunnelProgram,
    child: Child,
    lines: Receiver<String>,
    last_words: Option<String>,
    /// Read along.
    tasks: Tasks,
}

impl Running {
    fn start(options: &TunnelOptions<'_>) -> Result<Self, TunnelError> {
        let (program, tasks) = (options.program, Tasks::current());
        let mut command = Command::new(program.name());
        command.args(program.arguments(options.port));
        for name in options.withheld {
            command.env_remove(name);
        }
        // A group of its own: Ctrl-C is for us, who end it when nobody needs it any more.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => TunnelError::Missing(program),
            _ => TunnelError::NotStarted(program, error),
        })?;
        let (said, lines) = channel(BACKLOG);
        if let Some(output) = child.stdout.take() {
            tasks.spawn_until_drain(read_along(output, said.clone()));
        }
        if let Some(output) = child.stderr.take() {
            tasks.spawn_until_drain(read_along(output, said));
        }
        Ok(Self { program, child, lines, last_words: None, tasks })
    }

    /// The address, once the program says it and has had a moment to make it known.
    async fn find(&mut self, deadline: Instant) -> Option<Url> {
        let (mut found, mut deadline) = (None, deadline);
        loop {
            tokio::select! {
                biased;
                Some(line) = self.lines.recv() => {
                    self.listen(&line);
                    if found.is_none() {
                        found = self.program.url_in(&line);
                        deadline = if found.is_some() { Instant::now() + SETTLING } else { deadline };
                    }
                    if found.is_some() && self.program.is_up_by(&line) {
                        return found;
                    }
                }
                _ = self.child.wait() => return None,
                () = sleep_until(deadline) => return found,
            }
        }
    }

    async fn without_address(mut self, patience: Duration) -> TunnelError {
        match self.child.try_wait() {
            Ok(Some(status)) => self.last(Ok(status)).await,
            Ok(None) | Err(_) => {
                let (program, said) = (self.program, self.said());
                self.stop().await;
                TunnelError::Silent { program, seconds: patience.as_secs(), said }
            }
        }
    }

    async fn last(&mut self, status: std::io::Result<ExitStatus>) -> TunnelError {
        // Something that the program has started may hold the pipes open.
        let rest = async {
            while let Some(line) = self.lines.recv().await {
                self.listen(&line);
            }
        };
        let _ = timeout(FAREWELL, rest).await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        TunnelError::Ended { program: self.program, status, said: self.said() }
    }

    async fn stop(mut self) {
        self.signal(Signal::TERM);
        let gone = async {
            loop {
                tokio::select! {
                    _ = self.child.wait() => return,
                    Some(_) = self.lines.recv() => {}
                }
            }
        };
        if timeout(FAREWELL, gone).await.is_err() {
            self.signal(Signal::KILL);
            let _ = self.child.wait().await;
        }
        self.tasks.drain(Duration::ZERO).await;
    }

    fn listen(&mut self, line: &str) {
        if let Some(words) = self.program.words_of(line) {
            self.last_words = Some(words);
        }
    }

    fn said(&self) -> String {
        self.last_words.as_ref().map_or_else(String::new, |words| format!(", its last words: {words}"))
    }

    fn signal(&self, signal: Signal) {
        // Wrappers (npx, snap) start the program proper in the same group.
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = id {
            let _ = kill_process_group(group, signal);
        }
    }
}

/// Tells each line of an output until it ends or nobody listens.
async fn read_along(output: impl AsyncRead + Unpin + Send + 'static, said: Sender<String>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match output.read_until(b'\n', &mut line).await {
            Ok(read) if read > 0 => {
                line.truncate(LINE_LIMIT);
                if said.send(String::from_utf8_lossy(&line).into_owned()).await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}
