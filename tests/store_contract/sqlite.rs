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
    assert!(matches!(store(&path).err(), Some(StoreError::NewerSchema { found: 99, known: 2 })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_folder_is_an_error_until_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("store.db");
    let store = store(&path).unwrap();
    assert!(store.claim(&event("a"), NOW, LEASE).await.is_err() && store.ping().await.is_err());
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    acquire(&*store, "a", NOW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_file_is_an_error_until_it_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, b"this is no database ".repeat(1000)).unwrap();
    let store = store(&path).unwrap();
    assert!(store.claim(&event("a"), NOW, LEASE).await.is_err());
    std::fs::remove_file(&path).unwrap();
    acquire(&*store, "a", NOW).await;
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
