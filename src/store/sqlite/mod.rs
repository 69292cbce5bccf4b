//! Remembers deliveries in a file: one machine, with a disk that survives a restart.
//!
//! WAL with `synchronous=FULL`: what was answered survives a power cut. The writer that groups statements into
//! transactions is in `writer.rs`; there is one, so nothing comes between the statements of an operation.

mod browse;
mod claim;
mod closings;
mod connection;
mod deliveries;
mod erasure;
mod log;
mod numbers;
mod outbox;
mod outcome;
mod tallies;
mod test_codes;
mod texts;
mod writer;

pub use log::SqliteLog;

use super::row::write_reply;
use super::{Claim, DeliveryStore, Held, Lease, NewDelivery, Outcome, StoreError, Text};
use crate::domain::{HashKey, Timestamp};
use outcome::Ending;
use rusqlite::Connection;
use std::path::PathBuf;
use std::time::Duration;
use writer::Writer;

/// As many rows are forgotten in one step; the writer serves others between two of them, who wait no longer than a
/// step takes.
const PURGE_BATCH: u32 = 100;

/// The name of the setting that holds the key.
const HASH_KEY: &str = "hash_key";

/// The store in a SQLite file.
pub struct SqliteStore {
    writer: Writer,
    log: SqliteLog,
}

impl SqliteStore {
    /// Opens the file, or creates it, readable for its owner alone.
    ///
    /// # Errors
    /// Only if a newer version of this program wrote the file. Whatever else keeps it from being opened
    /// may pass: every operation tries again and fails until it has.
    pub fn open(path: PathBuf) -> Result<Self, StoreError> {
        let log = SqliteLog::new(path.clone());
        Ok(Self { writer: Writer::start(path)?, log })
    }
}

#[async_trait::async_trait]
impl DeliveryStore for SqliteStore {
    async fn claim(
        &self,
        delivery: &NewDelivery,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        let delivery = delivery.clone();
        self.writer.run(move |db| claim::claim(db, &delivery, now, now.plus(lease))).await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<Held, StoreError> {
        let lease = lease.clone();
        self.writer.run(move |db| outcome::renew(db, &lease, until.as_millis())).await
    }

    async fn finish(&self, lease: Lease, outcome: &Outcome, now: Timestamp) -> Result<Held, StoreError> {
        let reply = write_reply(&outcome.reply).ok_or(StoreError::NotFinal)?;
        let Outcome { texts, decision, queued, .. } = outcome.clone();
        let ending = Ending { reply, texts, decision, queued };
        self.writer.run(move |db| outcome::finish(db, &lease, &ending, now)).await
    }

    async fn release(&self, lease: Lease, texts: &[Text]) -> Result<(), StoreError> {
        let texts = texts.to_vec();
        self.writer.run(move |db| outcome::release(db, &lease, &texts)).await
    }

    async fn purge(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let forgotten = self.writer.run(move |db| outcome::purge(db, before)).await?;
            all += forgotten;
            if forgotten < u64::from(PURGE_BATCH) {
                break;
            }
        }
        while self.writer.run(move |db| numbers::forget(db, now)).await? == u64::from(PURGE_BATCH) {}
        Ok(all)
    }

    async fn hash_key(&self) -> Result<HashKey, StoreError> {
        let key = hex::encode(HashKey::random().expose());
        let key = self.writer.run(move |db| first_setting(db, HASH_KEY, &key)).await?;
        Ok(HashKey::new(&hex::decode(key).map_err(|_| StoreError::Corrupt)?))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // Reading would not find a full disk, nor would an update that changes nothing: SQLite leaves it out.
        let check = "INSERT INTO settings (name, value) VALUES ('checked', hex(randomblob(8)))
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.writer.run(move |db| Ok(db.execute(check, [])?)).await.map(drop)
    }
}

/// The setting of this name: `value` if it is the first, else the one that was first.
fn first_setting(db: &Connection, name: &str, value: &str) -> Result<String, StoreError> {
    db.execute("INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING", [name, value])?;
    Ok(db.query_row("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0))?)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        // The code alone: SQLite's sentence may quote what was written.
        match error.sqlite_error() {
            Some(error) => Self::Failed(rusqlite::ffi::code_to_str(error.extended_code).to_owned()),
            None => Self::Corrupt,
        }
    }
}

impl From<rusqlite::types::FromSqlError> for StoreError {
    fn from(_another_type: rusqlite::types::FromSqlError) -> Self {
        Self::Corrupt
    }
}
