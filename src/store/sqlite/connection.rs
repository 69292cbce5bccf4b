//! Opens the file and brings its schema up to date.

use super::{HASH_KEY, StoreError};
use crate::store::AddressFault;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// Another process, such as a backup, may hold the file for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Pages of 4 KiB that the write-ahead log may grow to: 16 MiB.
const LOG_PAGES: i64 = 4096;
/// The page cache, in KiB below zero as SQLite has it: an index of a million events has its inner pages in it.
const CACHE: i64 = -8192;

/// Statements that are kept ready: more than there are.
const STATEMENTS: usize = 64;

/// Each brings the schema from the version of its index to the next.
const MIGRATIONS: [&str; 8] = [
    include_str!("../schema/sqlite/0001_deliveries.sql"),
    include_str!("../schema/sqlite/0002_outbox.sql"),
    include_str!("../schema/sqlite/0003_texts.sql"),
    include_str!("../schema/sqlite/0004_closings.sql"),
    include_str!("../schema/sqlite/0005_order_of_time.sql"),
    include_str!("../schema/sqlite/0006_browsing.sql"),
    include_str!("../schema/sqlite/0007_test_codes.sql"),
    include_str!("../schema/sqlite/0008_forgotten.sql"),
];

/// Opens the file, or creates it.
///
/// # Errors
/// `Unusable` if it cannot be used as it is, which waiting does not mend; others if it cannot be used now.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    create_private(path)?;
    prepare(path)
        .map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                unusable(path, ErrorKind::PermissionDenied)
            }
            Some(ErrorCode::NotADatabase) => {
                let problem = format!("names the file {}, which is no SQLite database", path.display());
                AddressFault::new(problem, "set STORE_URL to another, or move that file away").into()
            }
            _ => error.into(),
        })
        .and_then(|db| migrate(&db).map(|()| db))
}

/// Opens the file to read it, beside whoever writes; it is neither made nor brought up to date.
///
/// # Errors
/// If it is not there, or of another version.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    match version(&db)? {
        done if done == MIGRATIONS.len() => Ok(db),
        _ => Err(StoreError::not_yet(&format!("the file {}", path.display()))),
    }
}

/// The key that the file holds, if it holds one yet.
pub(super) fn key(db: &Connection) -> Result<Option<String>, StoreError> {
    let select = "SELECT value FROM settings WHERE name = ?1";
    Ok(db.query_row(select, [HASH_KEY], |row| row.get(0)).optional()?)
}

fn prepare(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // Above the log's usual size between two pauses, at whose beginning the writer copies it back; below what a
    // small volume would notice. A purge touches many pages, and grew the log without bound where this was off.
    db.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    db.pragma_update(None, "cache_size", CACHE)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

/// SQLite gives its other files the rights of the first.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    file.map(drop).map_err(|error| unusable(path, error.kind()))
}

/// Says whose folder it is and who asks: in a container it is often root's, and the program is not.
fn unusable(path: &Path, kind: ErrorKind) -> StoreError {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (file, folder_shown) = (path.display(), folder.display());
    let (problem, remedy) = match kind {
        ErrorKind::NotFound => (
            format!("names the file {file}, and the folder {folder_shown} does not exist"),
            "create it, or set STORE_URL to another".to_owned(),
        ),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            let user = user().map_or_else(|| "this user".to_owned(), |uid| format!("the user of id {uid}"));
            let owner = std::fs::metadata(folder).map_or_else(
                |_| String::new(),
                |of| format!(", which belongs to the user of id {},", of.uid()),
            );
            (
                format!("names the file {file}, and {user} may not write in {folder_shown}{owner} ({kind})"),
                format!(
                    "chown the folder to that user, mount it writable, or set STORE_URL to another; {folder_shown} has to hold two more files beside it"
                ),
            )
        }
        _ => (
            format!("names the file {file}, which cannot be opened ({kind})"),
            "set STORE_URL to another".to_owned(),
        ),
    };
    AddressFault::new(problem, remedy).into()
}

/// Who this process is, where the system says so in a file.
fn user() -> Option<u32> {
    Some(std::fs::metadata("/proc/self").ok()?.uid())
}

/// The version of the schema, if this program knows it.
fn version(db: &Connection) -> Result<usize, StoreError> {
    let found: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    usize::try_from(found).map_err(|_| StoreError::Corrupt)
}

fn migrate(db: &Connection) -> Result<(), StoreError> {
    for (version, migration) in MIGRATIONS.iter().enumerate().skip(version(db)?) {
        db.execute_batch(&format!(
            "BEGIN IMMEDIATE;\n{migration}\nPRAGMA user_version = {};\nCOMMIT;",
            version + 1
        ))?;
    }
    Ok(())
}
