//! A store that an older version of this program wrote is read on, and nothing of it is lost.

use crate::postgres::{select, server};
use crate::suite::{LEASE, NOW, event};
use neon_sms_relay::domain::{DeliveryRef, EventId, Recipient, RefuseReason, Reply, TextRef, TextStatus};
use neon_sms_relay::store::texts::{About, LoggedText, Query, Report, Reported};
use neon_sms_relay::store::{Claim, Counts, NewDelivery, Store, open};
use rusqlite::Connection;
use sms_providers::client::tls_config;
use sms_providers::{DeliveryStatus, ProviderName};
use std::time::Duration;

/// The tables as they were, by version.
const SQLITE: [&str; 4] = [
    include_str!("../../fixtures/store/sqlite_of_version_1.sql"),
    include_str!("../../fixtures/store/sqlite_of_version_2.sql"),
    include_str!("../../fixtures/store/sqlite_of_version_3.sql"),
    include_str!("../../fixtures/store/sqlite_of_version_4.sql"),
];
const POSTGRES: [&str; 4] = [
    include_str!("../../fixtures/store/postgres_of_version_1.sql"),
    include_str!("../../fixtures/store/postgres_of_version_2.sql"),
    include_str!("../../fixtures/store/postgres_of_version_3.sql"),
    include_str!("../../fixtures/store/postgres_of_version_4.sql"),
];
/// What is in them; each version's rows come beside those of the versions before.
const ROWS: [&str; 4] = [
    include_str!("../../fixtures/store/rows_of_version_1.sql"),
    include_str!("../../fixtures/store/rows_of_version_2.sql"),
    include_str!("../../fixtures/store/rows_of_version_3.sql"),
    include_str!("../../fixtures/store/rows_of_version_4.sql"),
];

async fn nothing_is_lost(store: &dyn Store, version: usize) {
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
    let delivery = DeliveryRef::parse("0123456789abcdef0123456789abcdef").unwrap();
    let about = About::Text(TextRef { delivery, number: 1 }, ProviderName::Twilio);
    let delivered = Report { status: Some(DeliveryStatus::Delivered), ..Report::default() };
    let reported = store.report(&about, &delivered, later).await.unwrap();
    assert!(matches!(reported, Reported::Raised(_)), "version {version}: {reported:?}");
    let verified = store.verified("aa", later, later).await.unwrap().unwrap();
    assert_eq!(verified.message_id.as_deref(), Some("SM1"));
    if version == 1 {
        return assert_eq!(store.counts().await.unwrap(), Counts { waiting: 0, dead: 0 });
    }
    assert_eq!(store.counts().await.unwrap(), Counts { waiting: 1, dead: 0 });
    let query = Query { event: EventId::new("failed-over"), ..Query::default() };
    let found = store.deliveries(&query, 1).await.unwrap();
    let [first, second] = &found[0].texts[..] else { panic!("texts are lost: {found:?}") };
    let told =
        |text: &LoggedText| text.request.as_ref().map(|request| (request.provider, request.elapsed_ms));
    assert_eq!(told(first), Some((ProviderName::Twilio, 12)));
    assert_eq!(first.request.as_ref().and_then(|request| request.code.as_deref()), Some("20429"));
    assert_eq!(told(second), Some((ProviderName::Vonage, 400)));
    assert_eq!(second.status.map(TextStatus::as_str), Some("failed"));
    assert_eq!((first.status, second.status_code.as_deref()), (None, Some("6")));
    if version > 2 {
        what_was_learnt_is_known(store, version).await;
    }
    if version > 3 {
        let told = &found[0];
        assert_eq!(
            (told.region.map(|region| region.to_string()).as_deref(), told.linked),
            (Some("US"), true)
        );
        assert_eq!(told.expires_at, Some(NOW.plus(Duration::from_secs(300))));
        assert_eq!(told.decision.as_deref(), Some(r#"{"outcome":"allowed"}"#));
    }
}

/// Counts and numbers of version 3, and what was closed since then.
async fn what_was_learnt_is_known(store: &dyn Store, version: usize) {
    let counted = store.tallies(0).await.unwrap().iter().map(|tally| tally.count).sum::<i64>();
    let closed: Vec<_> = store.closings().await.unwrap().into_iter().map(|closing| closing.prefix).collect();
    let expected = if version > 3 { vec!["8816".to_owned()] } else { Vec::new() };
    assert_eq!((counted, closed), (7, expected));
    let recipient = Recipient { hash: "ff".into(), last_two: "72".to_owned() };
    let asked = NewDelivery { recipient: Some(recipient), ..event("asked-later") };
    let Claim::Acquired(lease) = store.claim(&asked, NOW, LEASE).await.unwrap() else { panic!("in flight") };
    assert_eq!(lease.history.verified_at, Some(NOW));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_an_earlier_version_is_read_on() {
    for version in 1..=SQLITE.len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let old = Connection::open(&path).unwrap();
        let rows = ROWS[..version].concat().replace("SEALED", "x'00ff'");
        let tables = SQLITE[version - 1];
        old.execute_batch(&format!("{tables}{rows}PRAGMA user_version = {version};")).unwrap();
        drop(old);
        let url = format!("sqlite://{}", path.display());
        nothing_is_lost(&*open(&url, tls_config().unwrap()).unwrap(), version).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_an_earlier_version_are_read_on() {
    for version in 1..=POSTGRES.len() {
        let Some(server) = server() else { return };
        let rows = ROWS[..version].concat().replace("INTO ", "INTO neon_sms_relay_");
        let rows = rows.replace("UPDATE ", "UPDATE neon_sms_relay_");
        let rows = rows.replace("SEALED", r"'\x00ff'");
        let tables = POSTGRES[version - 1];
        let schema = format!(
            "CREATE TABLE neon_sms_relay_schema (version BIGINT NOT NULL);
             INSERT INTO neon_sms_relay_schema SELECT generate_series(1, {version});"
        );
        let (client, connection) =
            tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::runtime::Handle::current().spawn(connection);
        client.batch_execute(&format!("{tables}{rows}{schema}")).await.unwrap();
        nothing_is_lost(&*open(&server.url(), tls_config().unwrap()).unwrap(), version).await;
        assert_eq!(select(&server, "SELECT max(version)::text FROM neon_sms_relay_schema").await, ["8"]);
    }
}

/// What an instance of version 2 that runs on writes when it ends an event, as it wrote it then.
const FINISH_OF_VERSION_2: &str =
    "UPDATE deliveries SET reply = '{\"kind\":\"acknowledged\"}', provider = 'twilio', message_id = 'SM2',
         attempts = '[]', finished_at = 1770000009000, possible_sends = 1
     WHERE event_id = 'in-flight' AND token = 1 AND reply IS NULL";
/// What it wrote when it claimed one.
const CLAIM_OF_VERSION_2: &str =
    "INSERT INTO deliveries (event_id, event_type, endpoint_id, delivery_ref, recipient_hash, recipient_last_two,
         token, leased_until, possible_sends, first_claimed_at)
     VALUES ('in-flight', 'send.otp', NULL, '4123456789abcdef0123456789abcdef', 'ee', '71', 1, 1770000004000, 1,
         1770000000000)";

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_of_the_version_before_finishes_what_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(&format!("{}PRAGMA user_version = 2; {CLAIM_OF_VERSION_2};", SQLITE[1])).unwrap();
    let new = open(&format!("sqlite://{}", path.display()), tls_config().unwrap()).unwrap();
    assert!(matches!(new.claim(&event("in-flight"), NOW, LEASE).await.unwrap(), Claim::InFlight));
    assert_eq!(old.execute(FINISH_OF_VERSION_2, []).unwrap(), 1);
    let claim = new.claim(&event("in-flight"), NOW, LEASE).await.unwrap();
    assert!(matches!(claim, Claim::Finished(Reply::Done(None))), "{claim:?}");
    old.execute(&CLAIM_OF_VERSION_2.replace("in-flight", "later").replace("4123", "5123"), []).unwrap();
    assert!(matches!(new.claim(&event("later"), NOW, LEASE).await.unwrap(), Claim::InFlight));
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
