//! What can happen to a file.

use crate::suite::{LEASE, NOW, accepted, acquire, event, outcome};
use neon_sms_relay::store::{Claim, Store, StoreError, open};
use rusqlite::Connection;
use sms_providers::client::tls_config;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

fn store(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    open(&format!("sqlite://{}", path.display()), tls_config().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    acquire(&*store(&path).unwrap(), "a", NOW).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_on_the_disk_is_a_whole_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder.path().join("store.db")).unwrap();
    let lease = acquire(&*store, "a", NOW).await;
    store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("5551234567"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_newer_version_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(store(&path).unwrap());
    let version =
        |version: i64| Connection::open(&path).unwrap().pragma_update(None, "user_version", version).unwrap();
    version(99);
    assert!(matches!(store(&path).err(), Some(StoreError::NewerSchema { found: 99, known: 8 })));
}

/// Field 20: what is wrong at the start stays wrong, so it is said then, with the folder and what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_is_refused_at_the_start_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("data").join("store.db");
    let wrong = folder.path().join("wrong.db");
    std::fs::write(&wrong, b"this is no database ".repeat(1000)).unwrap();
    for (path, words) in [
        (&missing, "does not exist"),
        (&wrong, "is no SQLite database"),
        (&folder.path().to_owned(), "cannot be opened"),
    ] {
        let Err(StoreError::Unusable(fault)) = store(path) else { panic!("{path:?} was opened") };
        assert!(fault.problem.contains(words) && !fault.remedy.is_empty(), "{fault}");
        assert!(fault.problem.contains(path.to_str().unwrap()), "{fault}");
    }
    std::fs::create_dir(missing.parent().unwrap()).unwrap();
    acquire(&*store(&missing).unwrap(), "a", NOW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_replaced_gets_the_key_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let running = store(&path).unwrap();
    let key = running.hash_key().await.unwrap();
    acquire(&*running, "a", NOW).await;
    // Made without a store, whose thread closes its file when it gets to it.
    let other = folder.path().join("other.db");
    let made = Connection::open(&other).unwrap();
    let tables = include_str!("../../fixtures/store/sqlite_of_version_1.sql");
    made.execute_batch(&format!("{tables}PRAGMA user_version = 1;")).unwrap();
    made.close().unwrap();
    for name in ["store.db-wal", "store.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    std::fs::rename(&other, &path).unwrap();
    acquire(&*running, "b", NOW).await;
    drop(running);
    assert_eq!(store(&path).unwrap().hash_key().await.unwrap().expose(), key.expose());
}

/// SQLite leaves out an update that changes nothing, and so would not notice that the disk is full.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_writes_something_that_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = store(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    let version = || other.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0)).unwrap();
    for _ in 0..2 {
        let before = version();
        store.ping().await.unwrap();
        assert_ne!(version(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_stays_small_while_thousands_of_events_are_forgotten() {
    const EVENTS: u64 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = store(&path).unwrap();
    for events in (0..EVENTS).collect::<Vec<_>>().chunks(2000) {
        let events: Vec<_> = events.iter().map(|number| event(&format!("{number:x}"))).collect();
        let claims = events.iter().map(|event| store.claim(event, NOW, LEASE));
        assert!(futures_util::future::join_all(claims).await.iter().all(Result::is_ok));
    }
    let later = NOW.plus(std::time::Duration::from_secs(3600));
    assert_eq!(store.purge(later, later).await.unwrap(), EVENTS);
    let log = std::fs::metadata(folder.path().join("store.db-wal")).map_or(0, |file| file.len());
    assert!(log < 24 << 20, "the log has {} MB", log >> 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_deleted_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = store(&path).unwrap();
    acquire(&*store, "a", NOW).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    acquire(&*store, "b", NOW).await;
    assert!(path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_that_holds_the_file_for_long_is_an_error_until_it_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = store(&path).unwrap();
    acquire(&*store, "a", NOW).await;
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(store.claim(&event("b"), NOW, LEASE).await.is_err());
    other.execute_batch("ROLLBACK").unwrap();
    acquire(&*store, "b", NOW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_operation_that_fails_does_not_fail_its_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = store(&path).unwrap();
    let lease = acquire(&*store, "corrupt", NOW).await;
    store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute("UPDATE deliveries SET reply = 'nonsense'", []).unwrap();
    let (events, corrupt) = ((0..50).map(|n| event(&n.to_string())).collect::<Vec<_>>(), event("corrupt"));
    let good = futures_util::future::join_all(events.iter().map(|event| store.claim(event, NOW, LEASE)));
    let (good, bad) = tokio::join!(good, store.claim(&corrupt, NOW, LEASE));
    assert!(matches!(bad, Err(StoreError::Corrupt)), "{bad:?}");
    assert!(good.iter().all(|claim| matches!(claim, Ok(Claim::Acquired(_)))));
}
