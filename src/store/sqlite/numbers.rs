//! What is remembered of a number.

use super::{PURGE_BATCH, StoreError};
use crate::domain::Timestamp;
use crate::domain::pace::DAY;
use crate::store::row::read_provider;
use crate::store::{History, NewDelivery, VERIFIED_FOR};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sms_providers::ProviderName;

struct Remembered {
    recent: Vec<Timestamp>,
    verified_at: Option<Timestamp>,
    latest_ref: Option<String>,
    previous_ref: Option<String>,
}

/// Decides whether the number gets this text, and notes it if it counts.
pub(super) fn note(
    db: &Connection,
    delivery: &NewDelivery,
    hash: &str,
    reference: &str,
    now: Timestamp,
) -> Result<History, StoreError> {
    let known = find(db, hash)?;
    let (recent, verified_at, latest) = match &known {
        Some(known) => (known.recent.as_slice(), known.verified_at, known.latest_ref.as_deref()),
        None => (&[][..], None, None),
    };
    let (refused_by, counts) = delivery.judge(verified_at, recent, now);
    if counts {
        let mut recent: Vec<_> = recent.iter().copied().filter(|at| now.since(*at) < DAY).collect();
        recent.push(now);
        let recent = &recent[recent.len().saturating_sub(delivery.pace.memory())..];
        db.prepare_cached(
            "INSERT INTO numbers (recipient_hash, recent, latest_ref) VALUES (?1, ?2, ?3)
             ON CONFLICT (recipient_hash) DO UPDATE SET recent = ?2, previous_ref = latest_ref, latest_ref = ?3,
                 superseded = FALSE, keep_until = NULL",
        )?
        .execute(params![hash, write_times(recent), reference])?;
    } else if known.is_some() {
        db.prepare_cached("UPDATE numbers SET superseded = TRUE WHERE recipient_hash = ?1")?
            .execute([hash])?;
    }
    if let Some(reason) = &refused_by {
        db.prepare_cached("UPDATE deliveries SET refused_by = ?2 WHERE event_id = ?1")?
            .execute(params![delivery.id.as_str(), reason])?;
    }
    Ok(History { verified_at, previous: taken_in_vain(db, latest)?, refused_by })
}

/// What is known of the number of an event that was noted before.
pub(super) fn history(db: &Connection, hash: &str) -> Result<History, StoreError> {
    let Some(known) = find(db, hash)? else { return Ok(History::default()) };
    let previous = taken_in_vain(db, known.previous_ref.as_deref())?;
    Ok(History { verified_at: known.verified_at, previous, refused_by: None })
}

/// The texts to a number since it was last verified, and when that was.
pub(super) fn since_verified(
    db: &Connection,
    hash: &str,
) -> Result<(Vec<Timestamp>, Option<Timestamp>), StoreError> {
    Ok(find(db, hash)?.map_or_else(Default::default, |known| (known.recent, known.verified_at)))
}

/// Who took the last text of a delivery that led to no verification.
fn taken_in_vain(db: &Connection, reference: Option<&str>) -> Result<Option<ProviderName>, StoreError> {
    let Some(reference) = reference else { return Ok(None) };
    let mut select = db.prepare_cached(
        "SELECT provider FROM texts WHERE delivery_ref = ?1 AND verdict = 'accepted' AND NOT EXISTS (
             SELECT 1 FROM deliveries WHERE delivery_ref = ?1 AND verified_at IS NOT NULL)
         ORDER BY number DESC LIMIT 1",
    )?;
    let provider: Option<String> = select.query_row([reference], |row| row.get(0)).optional()?;
    provider.as_deref().map(read_provider).transpose()
}

fn find(db: &Connection, hash: &str) -> Result<Option<Remembered>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT recent, verified_at, latest_ref, previous_ref FROM numbers WHERE recipient_hash = ?1",
    )?;
    let columns = |row: &Row<'_>| {
        Ok(Remembered {
            recent: read_times(row.get_ref(0)?.as_str()?),
            verified_at: row.get::<_, Option<i64>>(1)?.map(Timestamp::from_millis),
            latest_ref: row.get(2)?,
            previous_ref: row.get(3)?,
        })
    };
    Ok(select.query_row([hash], columns).optional()?)
}

/// Lets a number rest whose delivery was forgotten.
pub(super) fn rest(db: &Connection, hash: &str, reference: &str) -> Result<(), StoreError> {
    let Some(known) = find(db, hash)?.filter(|known| known.latest_ref.as_deref() == Some(reference)) else {
        return Ok(());
    };
    let limited = known.recent.last().map(|at| at.plus(DAY));
    let trusted = known.verified_at.map(|at| at.plus(VERIFIED_FOR));
    let keep_until = limited.max(trusted).unwrap_or(Timestamp::from_millis(0)).as_millis();
    db.prepare_cached(
        "UPDATE numbers SET latest_ref = NULL, previous_ref = NULL, keep_until = ?2 WHERE recipient_hash = ?1",
    )?
    .execute(params![hash, keep_until])?;
    Ok(())
}

/// Forgets a batch of numbers that have rested long enough.
pub(super) fn forget(db: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    let mut delete = db.prepare_cached(
        "DELETE FROM numbers WHERE recipient_hash IN (
             SELECT recipient_hash FROM numbers WHERE keep_until < ?1 LIMIT ?2)",
    )?;
    Ok(delete.execute(params![now.as_millis(), PURGE_BATCH])? as u64)
}

/// Milliseconds with commas between; what is not a number is passed over.
fn read_times(times: &str) -> Vec<Timestamp> {
    times.split(',').filter_map(|at| at.parse().ok()).map(Timestamp::from_millis).collect()
}

fn write_times(times: &[Timestamp]) -> String {
    let times: Vec<_> = times.iter().map(|at| at.as_millis().to_string()).collect();
    times.join(",")
}
