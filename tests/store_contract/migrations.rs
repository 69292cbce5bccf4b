//! A store that an older version of this program wrote is read on, and nothing of it is lost.

use crate::postgres::{select, server};
use crate::suite::{LEASE, NOW, event};
use neon_sms_relay::domain::{DeliveryRef, RefuseReason, Reply};
use neon_sms_relay::store::{Claim, Counts, Store, open};
use rusqlite::Connection;
use sms_providers::client::tls_config;
use sms_providers::{DeliveryStatus, StatusUpdate};
use std::time::Duration;

const ROWS: &str = include_str!("../../fixtures/store/rows_of_version_1.sql");

/// The tables as they were then, by store.
const SQLITE: &str = include_str!("../../fixtures/store/sqlite_of_version_1.sql");
const POSTGRES: &str = include_str!("../../fixtures/store/postgres_of_version_1.sql");

async fn nothing_is_lost(store: &dyn Store) {
    let later = NOW.plus(LEASE + Duration::from_secs(1));
    let Claim::Finished(reply) = store.claim(&event("sent"), later, LEASE).await.unwrap() else {
        panic!("a text would be sent twice")
    };
    assert!(matches!(reply, Reply::Done(Some(accepted)) if accepted.message_id.as_deref() == Some("SM1")));
    let refused = store.claim(&event("refused"), later, LEASE).await.unwrap();
    assert!(matches!(refused, Claim::Finished(Reply::Refused(RefuseReason::OptedOut))), "{refused:?}");
    let died = store.claim(&event("owner-died"), later, LEASE).await.unwrap();
    let Claim::Acquired(lease) = died else { panic!("nobody takes it over: {died:?}") };
    assert_eq!((lease.token, lease.possible_sends, lease.first_claimed_at), (2, 2, NOW));
    assert_eq!(
        hex::encode(store.hash_key().await.unwrap().expose()),
        "00112233445566778899aabbccddeeff".repeat(2)
    );
    let reference = DeliveryRef::parse("0123456789abcdef0123456789abcdef").unwrap();
    let delivered = StatusUpdate::new(DeliveryStatus::Delivered);
    store.record_status(&reference, &delivered).await.unwrap();
    assert_eq!(store.counts().await.unwrap(), Counts { waiting: 0, dead: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_first_version_is_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(&format!("{SQLITE}{ROWS}PRAGMA user_version = 1;")).unwrap();
    drop(old);
    nothing_is_lost(&*open(&format!("sqlite://{}", path.display()), tls_config().unwrap()).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_first_version_are_read_on() {
    let Some(server) = server() else { return };
    let rows = ROWS.replace("INTO ", "INTO neon_sms_relay_");
    let version = "CREATE TABLE neon_sms_relay_schema (version BIGINT NOT NULL);
                   INSERT INTO neon_sms_relay_schema VALUES (1);";
    let (client, connection) = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::runtime::Handle::current().spawn(connection);
    client.batch_execute(&format!("{POSTGRES}{rows}{version}")).await.unwrap();
    nothing_is_lost(&*open(&server.url(), tls_config().unwrap()).unwrap()).await;
    assert_eq!(select(&server, "SELECT max(version)::text FROM neon_sms_relay_schema").await, ["2"]);
}

/// Columns of a migration that rows which are there already could not have.
fn impossible_columns(migration: &str) -> Vec<&str> {
    let statements = migration.split(';').map(str::trim);
    statements
        .filter(|statement| {
            let statement = statement.to_ascii_uppercase();
            statement.contains(" ADD ") && statement.contains("NOT NULL") && !statement.contains("DEFAULT")
        })
        .collect()
}

#[test]
fn no_migration_asks_old_rows_for_what_they_cannot_have() {
    assert_eq!(impossible_columns("ALTER TABLE d ADD COLUMN x TEXT NOT NULL; SELECT 1").len(), 1);
    assert_eq!(impossible_columns("ALTER TABLE d ADD x TEXT NOT NULL").len(), 1);
    assert!(impossible_columns("ALTER TABLE d ADD COLUMN x TEXT NOT NULL DEFAULT ''").is_empty());
    for store in ["sqlite", "postgres"] {
        let folder = format!("{}/src/store/schema/{store}", env!("CARGO_MANIFEST_DIR"));
        for migration in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(migration.unwrap().path()).unwrap();
            assert_eq!(impossible_columns(&text), Vec::<&str>::new());
        }
    }
}
