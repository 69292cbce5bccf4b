//! How an owner leaves an event, and when it is forgotten.

use super::{PURGE_BATCH, StoreError, numbers, outbox, texts};
use crate::domain::Timestamp;
use crate::store::{Held, Lease, NewItem, Text};
use rusqlite::{Connection, Row, params};

/// What is written when an event ends.
pub(super) struct Ending {
    pub reply: String,
    pub texts: Vec<Text>,
    pub decision: Option<String>,
    pub queued: Option<NewItem>,
}

pub(super) fn renew(db: &Connection, lease: &Lease, until: i64) -> Result<Held, StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE deliveries SET leased_until = ?3, possible_sends = ?4
         WHERE event_id = ?1 AND token = ?2 AND delivery_ref = ?5 AND reply IS NULL",
    )?;
    Ok(held(update.execute(params![
        lease.id.as_str(),
        lease.token,
        until,
        lease.possible_sends,
        lease.delivery_ref.as_str()
    ])?))
}

pub(super) fn finish(
    db: &Connection,
    lease: &Lease,
    ending: &Ending,
    now: Timestamp,
) -> Result<Held, StoreError> {
    // First, so that nothing can come between an event that is finished and its place in the outbox.
    if let Some(item) = &ending.queued {
        outbox::add(db, lease, item)?;
    }
    let mut update = db.prepare_cached(
        "UPDATE deliveries SET reply = ?3, finished_at = ?4, possible_sends = ?5, numbered = ?6, decision = ?7
         WHERE event_id = ?1 AND token = ?2 AND delivery_ref = ?8 AND reply IS NULL",
    )?;
    let changed = update.execute(params![
        lease.id.as_str(),
        lease.token,
        ending.reply,
        now.as_millis(),
        lease.possible_sends,
        lease.numbered(&ending.texts),
        ending.decision,
        lease.delivery_ref.as_str(),
    ])?;
    if changed > 0 {
        texts::write(db, &lease.delivery_ref, &ending.texts)?;
    }
    Ok(held(changed))
}

pub(super) fn release(db: &Connection, lease: &Lease, made: &[Text]) -> Result<(), StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE deliveries SET leased_until = ?3, possible_sends = ?4, numbered = ?5
         WHERE event_id = ?1 AND token = ?2 AND delivery_ref = ?6 AND reply IS NULL",
    )?;
    let changed = update.execute(params![
        lease.id.as_str(),
        lease.token,
        i64::MIN,
        lease.possible_sends,
        lease.numbered(made),
        lease.delivery_ref.as_str(),
    ])?;
    if changed > 0 {
        texts::write(db, &lease.delivery_ref, made)?;
    }
    Ok(())
}

fn held(changed: usize) -> Held {
    if changed > 0 { Held::Yes } else { Held::Lost }
}

/// Forgets a batch of events with their texts; their numbers may rest.
pub(super) fn purge(db: &Connection, before: Timestamp) -> Result<u64, StoreError> {
    let mut delete = db.prepare_cached(
        "DELETE FROM deliveries WHERE seq IN (
             SELECT seq FROM deliveries
             WHERE first_claimed_at < ?1 AND (reply IS NOT NULL OR leased_until < ?1) LIMIT ?2)
         RETURNING delivery_ref, recipient_hash",
    )?;
    let columns = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?));
    let gone = delete.query_map(params![before.as_millis(), PURGE_BATCH], columns)?;
    let gone: Vec<_> = gone.collect::<Result<_, _>>()?;
    let mut delete = db.prepare_cached("DELETE FROM texts WHERE delivery_ref = ?1")?;
    for (reference, hash) in &gone {
        delete.execute([reference])?;
        if let Some(hash) = hash {
            numbers::rest(db, hash, reference)?;
        }
    }
    Ok(gone.len() as u64)
}
