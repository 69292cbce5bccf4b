//! What is due in the file, and whose it is.

use super::{endpoint_id, event_id};
use crate::domain::Timestamp;
use crate::store::{Item, StoreError, Taken};
use rusqlite::{Connection, params};

/// When an item can be due at the latest, by [`latest_due`](crate::store::outbox); `?1` is the time now.
pub(super) const LATEST_DUE: &str = "?1 + 60000 + min(3600000, 1000 << min(attempts, 12))";

/// What else must hold of an item that is given out: its lease lapsed, it is of an endpoint that is meant, and, of two
/// that are due in one lane, as after a retry, it is the older one.
const FREE: &str = "leased_until NOT BETWEEN ?1 AND ?1 + 60000
    AND (endpoint_id IS NULL OR ?4 IS NULL OR endpoint_id IN (SELECT value FROM json_each(?4)))
    AND coalesce(endpoint_id, '') NOT IN (SELECT value FROM json_each(?5))
    AND NOT EXISTS (
        SELECT 1 FROM outbox AS older
        WHERE older.lane = oldest.lane AND older.seq < oldest.seq AND older.dead_at IS NULL)";

/// As many items that wait longest are looked at for times that cannot be; `give_turns` looks at all.
const FURTHEST: u32 = 100;

/// Leases what is due.
pub(super) fn take_due(
    db: &Connection,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
    only: Option<String>,
    except: &str,
) -> Result<Taken, StoreError> {
    let mut update = db.prepare_cached(&format!(
        "UPDATE outbox SET attempts = attempts + 1, leased_until = ?2, due_at = min(due_at, ?1)
         WHERE seq IN (
             SELECT seq FROM (
                 SELECT seq FROM outbox AS oldest WHERE dead_at IS NULL AND due_at <= ?1 AND {FREE}
                 ORDER BY due_at LIMIT ?3)
             UNION ALL
             SELECT seq FROM (SELECT * FROM outbox WHERE dead_at IS NULL AND due_at > ?1
                 ORDER BY due_at DESC LIMIT {FURTHEST}) AS oldest WHERE due_at > {LATEST_DUE} AND {FREE}
             LIMIT ?3)
         RETURNING event_id, endpoint_id, sealed, attempts, give_up_at"
    ))?;
    let mut rows = update.query(params![now.as_millis(), until.as_millis(), limit, only, except])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(Item {
            id: event_id(row, 0)?,
            endpoint: endpoint_id(row, 1)?,
            sealed: row.get(2)?,
            attempt: row.get(3)?,
            give_up_at: Timestamp::from_millis(row.get(4)?),
        });
    }
    // Leased ones are among the longest due, and there are few of them.
    let mut next = db.prepare_cached(
        "SELECT min(max(due_at, leased_until)) FROM (
             SELECT due_at, leased_until FROM outbox
             WHERE dead_at IS NULL AND due_at IS NOT NULL
                 AND (endpoint_id IS NULL OR ?1 IS NULL OR endpoint_id IN (SELECT value FROM json_each(?1)))
                 AND coalesce(endpoint_id, '') NOT IN (SELECT value FROM json_each(?2))
             ORDER BY due_at LIMIT 100)",
    )?;
    let next_due = next.query_row(params![only, except], |row| row.get::<_, Option<i64>>(0))?;
    Ok(Taken { items, next_due: next_due.map(Timestamp::from_millis) })
}
