//! A server in a process of its own, and what the kernel says of it.

use super::vendor::Vendor;
use sms_providers::client::http_client;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server. Ended when dropped.
pub struct Server {
    pub url: String,
    /// From its start to its first answer that it is ready.
    pub started_in: Duration,
    process: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// The bare handler.
pub async fn bare(vendor: &Vendor, pinned: bool) -> Server {
    let port = free_port();
    let mut command = command(&std::env::current_exe().unwrap().display().to_string(), pinned);
    command.args(["bare", &port.to_string(), &vendor.url]);
    start(command, port).await
}

/// The program that is measured: the one that is built with this, or the one that `RELAY` names, to compare two.
pub fn program() -> String {
    let other = std::env::var_os("RELAY").map(|path| path.into_string().unwrap());
    other.unwrap_or_else(|| env!("CARGO_BIN_EXE_neon-sms-relay").to_owned())
}

/// The relay with this store and these variables besides.
pub async fn relay(vendor: &Vendor, store: &str, more: &[(&str, &str)], pinned: bool) -> Server {
    let port = free_port();
    let mut command = command(&program(), pinned);
    command.env_clear().arg("serve").current_dir(std::env::temp_dir()).envs([
        ("HOST", "127.0.0.1"),
        ("PORT", &port.to_string()),
        ("METRICS_PORT", "0"),
        ("RUST_LOG", "off"),
        // It would take so many texts into one country for an attack, and decides the same without refusing.
        ("GUARD", "record"),
        ("STORE_URL", store),
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
        ("TWILIO_AUTH_TOKEN", "00000000000000000000000000000001"),
        ("TWILIO_FROM_NUMBER", "+15551234567"),
        ("TWILIO_BASE_URL", &vendor.url),
        ("NEON_AUTH_URL", &format!("{}/neondb/auth", vendor.url)),
    ]);
    command.envs(more.iter().copied());
    // For an allocator that is not compiled in.
    command.envs(std::env::var_os("RELAY_PRELOAD").map(|library| ("LD_PRELOAD", library)));
    start(command, port).await
}

fn command(program: &str, pinned: bool) -> Command {
    if !pinned {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", "0", program]);
    command
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn start(mut command: Command, port: u16) -> Server {
    let begun = Instant::now();
    let process = command.stdout(Stdio::null()).spawn().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let http = http_client().unwrap();
    loop {
        let answer = http.get(format!("{url}/readyz")).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Server { url, started_in: begun.elapsed(), process }
}

impl Server {
    /// What it has taken of the processors, user and system.
    pub fn cpu(&self) -> Duration {
        cpu_of(self.process.id())
    }

    /// Its memory now, and the most that it had, in MB.
    pub fn memory(&self) -> (f64, f64) {
        memory_of(self.process.id())
    }
}

/// What a process has taken of the processors.
pub fn cpu_of(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let ticks: u64 = after_name(&stat).skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// A process's memory now, and the most that it had, in MB.
pub fn memory_of(process: u32) -> (f64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = |name| status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let megabytes = |name| {
        let kilobytes: f64 = line(name).split_whitespace().next().unwrap().parse().unwrap();
        kilobytes / 1024.0
    };
    (megabytes("VmRSS:"), megabytes("VmHWM:"))
}

/// What the processes of the database at this URL have taken.
pub fn cpu_of_postgres(url: &str) -> Duration {
    let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap().to_owned();
    let processes: Vec<u32> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    let command_line =
        |process: &u32| std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let parent = processes
        .iter()
        .copied()
        .find(|process| command_line(process).ends_with(&format!("-p\0{port}\0")))
        .unwrap();
    let child = |process: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        !stat.is_empty() && after_name(&stat).nth(1) == Some(parent.to_string().as_str())
    };
    processes.into_iter().filter(child).map(cpu_of).sum()
}

/// The fields of `/proc/…/stat` from the state on; the name before may hold anything.
fn after_name(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(") ").unwrap().1.split(' ')
}
