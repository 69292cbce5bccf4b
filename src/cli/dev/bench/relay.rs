//! A relay of the bench's own: the program itself as `serve`, in a process and a folder of its own, so that no `.env`
//! has a say and what the load costs is not the relay's.

use crate::dev::bench::Stage;
use anyhow::{Context, bail};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use url::Url;
use uuid::Uuid;

/// A relay that is not ready by then never will be: a database may have to wake.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How often it is asked.
const EVERY: Duration = Duration::from_millis(20);
/// What a new file is asked for by.
const NEW_FILE: &str = "sqlite:";

/// The process, killed when dropped.
pub(super) struct OwnRelay {
    pub webhook: Url,
    child: Child,
    _folder: Folder,
}

impl OwnRelay {
    /// Starts it before this stage; returns when it is ready.
    ///
    /// # Errors
    /// If it ends, or does not become ready.
    pub async fn start(stage: &Stage, store: &str, http: &reqwest::Client) -> anyhow::Result<Self> {
        let folder = Folder::new().context("there is no folder for temporary files")?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let store = if store == NEW_FILE { "sqlite://bench.db" } else { store };
        let vars = [
            ("HOST", "127.0.0.1"),
            ("PORT", &port.to_string()),
            ("METRICS_PORT", "0"),
            ("LOG_FORMAT", "json"),
            ("NEON_AUTH_URL", &stage.auth_url()),
            ("STORE_URL", store),
            // So many people at once are an attack.
            ("GUARD", "off"),
            ("SMS_PROVIDER", "twilio"),
            ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000000"),
            ("TWILIO_AUTH_TOKEN", "of-nobody"),
            ("TWILIO_FROM_NUMBER", "+15005550006"),
            ("TWILIO_BASE_URL", &stage.vendor_url()),
        ];
        let child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .current_dir(&folder.0)
            .env_clear()
            .envs(vars)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the relay cannot be started")?;
        let origin = Url::parse(&format!("http://127.0.0.1:{port}"))?;
        let mut relay = Self { webhook: Stage::webhook(&origin), child, _folder: folder };
        relay.wait_until_ready(&origin.join("readyz")?, http).await?;
        Ok(relay)
    }

    async fn wait_until_ready(&mut self, probe: &Url, http: &reqwest::Client) -> anyhow::Result<()> {
        let give_up = Instant::now() + READY_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the relay ended at once ({status})");
            }
            let asked = http.get(probe.clone()).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if Instant::now() > give_up {
                bail!("the relay did not become ready; does its store work?");
            }
            sleep(EVERY).await;
        }
    }

    /// Ends it.
    pub async fn stop(mut self) {
        // It may have ended by itself, and then there is nothing left to do.
        let _ = self.child.kill().await;
    }
}

/// A folder that goes with what is in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("neon-sms-relay-bench-{}", Uuid::new_v4().simple()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
