//! Opens the file and brings its schema up to date.

use super::StoreError;
use rusqlite::Connection;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// Another process, such as a backup, may hold the file for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Each brings the schema from the version of its index to the next.
const MIGRATIONS: [&str; 2] =
    [include_str!("../schema/sqlite/0001_deliveries.sql"), include_str!("../schema/sqlite/0002_outbox.sql")];

pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    create_private(path)?;
    let db = Connection::open(path)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // The writer checkpoints when nobody waits.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    migrate(&db)?;
    Ok(db)
}

/// SQLite gives its other files the rights of the first.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    file.map(drop)
        .map_err(|error| StoreError::Unreachable(format!("its file cannot be opened: {}", error.kind())))
}

fn migrate(db: &Connection) -> Result<(), StoreError> {
    let found: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = MIGRATIONS.len() as i64;
    let done = usize::try_from(found).map_err(|_| StoreError::Corrupt)?;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (version, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        db.execute_batch(&format!(
            "BEGIN IMMEDIATE;\n{migration}\nPRAGMA user_version = {};\nCOMMIT;",
            version + 1
        ))?;
    }
    Ok(())
}
