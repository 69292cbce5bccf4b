//! Whether the store is there, and what lies in its outbox.

use super::{Finding, Status};
use crate::config::StoreSettings;
use crate::store::{self, Counts, StoreError};
use secrecy::ExposeSecret;
use std::fs::OpenOptions;
use std::path::Path;

const NAME: &str = "store";

/// Whether the store of `STORE_URL` can be read and written; what is there is opened as `serve` opens it, which
/// brings older tables up to date. A file that is not there is not made: it would belong to whoever runs the
/// check, and not to the server.
pub async fn storage(settings: &StoreSettings, tls: rustls::ClientConfig) -> Vec<Finding> {
    let url = settings.url.expose_secret();
    if let Some(path) = settings.file().filter(|path| !path.exists()) {
        return vec![missing_file(&path)];
    }
    let asked = async {
        let store = store::open(url, tls)?;
        store.ping().await?;
        store.counts().await
    };
    match tokio::time::timeout(settings.patience(), asked)
        .await
        .unwrap_or_else(|_| Err(StoreError::timed_out()))
    {
        Ok(counts) => {
            let found =
                if settings.is_memory() { "memory: forgets everything on a restart" } else { "can be used" };
            let mut findings = vec![Finding::new(Status::Ok, NAME, found)];
            findings.extend(given_up(counts));
            findings
        }
        Err(error) => vec![Finding::new(Status::Fail, NAME, format!("{error}; check STORE_URL"))],
    }
}

fn missing_file(path: &Path) -> Finding {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let probe = path.with_extension("doctor");
    let path = path.display();
    let is_there = folder.is_none_or(Path::is_dir);
    if is_there && OpenOptions::new().write(true).create_new(true).open(&probe).is_ok() {
        let _ = std::fs::remove_file(&probe);
        Finding::new(Status::Ok, NAME, format!("the file {path} is not there yet; serve will create it"))
    } else if is_there {
        let found = format!(
            "the folder of {path} cannot be written by this user; chown it to the user of the server, or set \
             STORE_URL to another"
        );
        Finding::new(Status::Fail, NAME, found)
    } else {
        let found = format!("the folder of {path} does not exist; create it, or set STORE_URL to another");
        Finding::new(Status::Fail, NAME, found)
    }
}

fn given_up(counts: Counts) -> Option<Finding> {
    let found = format!(
        "{} event(s) that your app never took were given up; see: neon-sms-relay outbox list",
        counts.dead
    );
    (counts.dead > 0).then(|| Finding::new(Status::Warn, "outbox", found))
}
