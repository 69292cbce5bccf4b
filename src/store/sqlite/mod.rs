//! Remembers deliveries in a file: one machine, with a disk that survives a restart.
//!
//! WAL with `synchronous=FULL`: what was answered survives a power cut. The statements are here, the
//! writer that groups them into transactions in `writer.rs`.

mod connection;
mod outbox;
mod writer;

use super::row::{StoredOutcome, read_provider, read_reply};
use super::{
    Claim, DeliveryStore, Held, LONGEST_LEASE, Lease, NewDelivery, NewItem, Outcome, StatusChange, StoreError,
};
use crate::domain::{DeliveryRef, HashKey, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sms_providers::{DeliveryStatus, StatusUpdate};
use std::path::PathBuf;
use std::time::Duration;
use writer::Writer;

/// As many rows are forgotten in one step; the writer serves others between two of them.
const PURGE_BATCH: u32 = 500;

/// The store in a SQLite file.
pub struct SqliteStore {
    writer: Writer,
}

impl SqliteStore {
    /// Opens the file, or creates it, readable for its owner alone.
    ///
    /// # Errors
    /// Only if a newer version of this program wrote the file. Whatever else keeps it from being opened
    /// may pass: every operation tries again and fails until it has.
    pub fn open(path: PathBuf) -> Result<Self, StoreError> {
        Ok(Self { writer: Writer::start(path)? })
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
        self.writer.run(move |db| claim(db, &delivery, now, now.plus(lease))).await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<Held, StoreError> {
        let lease = lease.clone();
        self.writer.run(move |db| renew(db, &lease, until.as_millis())).await
    }

    async fn finish(&self, lease: Lease, outcome: &Outcome, now: Timestamp) -> Result<Held, StoreError> {
        let stored = StoredOutcome::of(outcome).ok_or(StoreError::NotFinal)?;
        let queued = outcome.queued.clone();
        self.writer.run(move |db| finish(db, &lease, &stored, queued.as_ref(), now)).await
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.writer.run(move |db| renew(db, &lease, i64::MIN)).await.map(drop)
    }

    async fn record_status(
        &self,
        delivery: &DeliveryRef,
        update: &StatusUpdate,
    ) -> Result<StatusChange, StoreError> {
        let (delivery, update) = (delivery.clone(), update.clone());
        self.writer.run(move |db| record_status(db, &delivery, &update)).await
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let forgotten = self.writer.run(move |db| purge(db, before)).await?;
            all += forgotten;
            if forgotten < u64::from(PURGE_BATCH) {
                return Ok(all);
            }
        }
    }

    async fn hash_key(&self) -> Result<HashKey, StoreError> {
        let key = hex::encode(HashKey::random().expose());
        let key = self.writer.run(move |db| first_setting(db, "hash_key", &key)).await?;
        Ok(HashKey::new(&hex::decode(key).map_err(|_| StoreError::Corrupt)?))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // A write that changes nothing, since reading alone would not find a full disk.
        self.writer.run(|db| Ok(db.execute("UPDATE settings SET value = value", [])?)).await.map(drop)
    }
}

fn claim(
    db: &Connection,
    delivery: &NewDelivery,
    now: Timestamp,
    until: Timestamp,
) -> Result<Claim, StoreError> {
    let NewDelivery { id, event_type, endpoint, recipient } = delivery;
    let mut insert = db.prepare_cached(
        "INSERT INTO deliveries (event_id, event_type, endpoint_id, delivery_ref, recipient_hash,
             recipient_last_two, token, leased_until, possible_sends, first_claimed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, 1, ?8)
         ON CONFLICT (event_id) DO UPDATE SET token = token + 1, leased_until = ?7,
             possible_sends = min(possible_sends + 1, 255)
         WHERE reply IS NULL AND leased_until NOT BETWEEN ?8 AND ?9
         RETURNING token, delivery_ref, first_claimed_at, possible_sends",
    )?;
    let reference = DeliveryRef::random();
    let parameters = params![
        id.as_str(),
        event_type,
        endpoint.as_ref().map(|endpoint| endpoint.as_str()),
        reference.as_str(),
        recipient.as_ref().map(|recipient| recipient.hash.as_str()),
        recipient.as_ref().map(|recipient| recipient.last_two.as_str()),
        until.as_millis(),
        now.as_millis(),
        now.plus(LONGEST_LEASE).as_millis(),
    ];
    let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?));
    if let Some((token, reference, first, possible_sends)) =
        insert.query_row(parameters, columns).optional()?
    {
        return Ok(Claim::Acquired(Lease {
            id: id.clone(),
            token,
            delivery_ref: DeliveryRef::parse(&reference).ok_or(StoreError::Corrupt)?,
            first_claimed_at: Timestamp::from_millis(first),
            possible_sends,
        }));
    }
    let mut select = db.prepare_cached("SELECT reply FROM deliveries WHERE event_id = ?1")?;
    match select.query_row([id.as_str()], |row| row.get::<_, Option<String>>(0))? {
        Some(reply) => Ok(Claim::Finished(read_reply(&reply)?)),
        None => Ok(Claim::InFlight),
    }
}

fn renew(db: &Connection, lease: &Lease, until: i64) -> Result<Held, StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE deliveries SET leased_until = ?3, possible_sends = ?4
         WHERE event_id = ?1 AND token = ?2 AND reply IS NULL",
    )?;
    Ok(held(update.execute(params![lease.id.as_str(), lease.token, until, lease.possible_sends])?))
}

fn finish(
    db: &Connection,
    lease: &Lease,
    stored: &StoredOutcome,
    queued: Option<&NewItem>,
    now: Timestamp,
) -> Result<Held, StoreError> {
    // First, so that nothing can come between an event that is finished and its place in the outbox.
    if let Some(item) = queued {
        outbox::add(db, lease, item)?;
    }
    let mut update = db.prepare_cached(
        "UPDATE deliveries SET reply = ?3, provider = ?4, message_id = ?5, attempts = ?6, finished_at = ?7,
             possible_sends = ?8
         WHERE event_id = ?1 AND token = ?2 AND reply IS NULL",
    )?;
    let StoredOutcome { reply, provider, message_id, attempts } = stored;
    let (id, now) = (lease.id.as_str(), now.as_millis());
    let changed = update.execute(params![
        id,
        lease.token,
        reply,
        provider,
        message_id,
        attempts,
        now,
        lease.possible_sends
    ])?;
    Ok(held(changed))
}

fn held(changed: usize) -> Held {
    if changed > 0 { Held::Yes } else { Held::Lost }
}

fn record_status(
    db: &Connection,
    delivery: &DeliveryRef,
    update: &StatusUpdate,
) -> Result<StatusChange, StoreError> {
    let mut select = db.prepare_cached("SELECT status, provider FROM deliveries WHERE delivery_ref = ?1")?;
    let columns = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?));
    let Some((status, provider)) = select.query_row([delivery.as_str()], columns).optional()? else {
        return Ok(StatusChange::NotFound);
    };
    if !DeliveryStatus::from_name(&status).ok_or(StoreError::Corrupt)?.may_become(update.status) {
        return Ok(StatusChange::Unchanged);
    }
    db.prepare_cached("UPDATE deliveries SET status = ?2, status_code = ?3 WHERE delivery_ref = ?1")?
        .execute(params![
            delivery.as_str(),
            update.status.as_str(),
            update.code.as_ref().map(|code| code.as_str())
        ])?;
    Ok(StatusChange::Raised(provider.as_deref().map(read_provider).transpose()?))
}

fn purge(db: &Connection, before: Timestamp) -> Result<u64, StoreError> {
    let mut delete = db.prepare_cached(
        "DELETE FROM deliveries WHERE event_id IN (
             SELECT event_id FROM deliveries
             WHERE first_claimed_at < ?1 AND (reply IS NOT NULL OR leased_until < ?1) LIMIT ?2)",
    )?;
    Ok(delete.execute(params![before.as_millis(), PURGE_BATCH])? as u64)
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
