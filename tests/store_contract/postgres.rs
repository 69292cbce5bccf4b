//! What can happen to a server.

use crate::postgres_server::PostgresServer;
use crate::suite::{LEASE, NOW, accepted, acquire, event, outcome};
use neon_sms_relay::store::{Claim, Store, StoreError, open};
use sms_providers::client::tls_config;
use std::sync::Arc;
use tokio_postgres::NoTls;

/// A server, unless its tests are to be left out.
pub fn server() -> Option<PostgresServer> {
    std::env::var_os("TEST_SKIP_POSTGRES").is_none().then(PostgresServer::start)
}

pub fn store(url: &str) -> Arc<dyn Store> {
    open(url, tls_config().unwrap()).unwrap()
}

/// Somebody else's session on the server.
pub async fn session(server: &PostgresServer) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::runtime::Handle::current().spawn(connection);
    client
}

pub async fn select(server: &PostgresServer, query: &str) -> Vec<String> {
    session(server).await.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_url_is_an_error_that_does_not_show_it() {
    for url in ["postgres://user:s3cret@host:port/db", "postgres://user:s3cret@host/db?sslmode=maybe"] {
        let error = open(url, tls_config().unwrap()).err().unwrap();
        assert!(!format!("{error:?} {error}").contains("s3cret"), "{error}");
    }
    let neon = "postgresql://user:s3cret@ep-x-pooler.us-east-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require";
    assert!(open(neon, tls_config().unwrap()).is_ok());
    assert!(open(&neon.replace("require&", "verify-full&"), tls_config().unwrap()).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_is_an_error_and_one_that_comes_back_is_used_again() {
    let Some(mut server) = server() else { return };
    let store = store(&server.url());
    let lease = acquire(&*store, "a", NOW).await;
    server.stop();
    assert!(store.claim(&event("b"), NOW, LEASE).await.is_err() && store.ping().await.is_err());
    server.restart();
    acquire(&*store, "b", NOW).await;
    store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    assert!(matches!(store.claim(&event("a"), NOW, LEASE).await.unwrap(), Claim::Finished(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_two_operations_is_not_noticed() {
    let Some(mut server) = server() else { return };
    let store = store(&server.url());
    acquire(&*store, "a", NOW).await;
    server.restart();
    acquire(&*store, "b", NOW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_at_the_start_is_used_once_it_is_up() {
    let Some(mut server) = server() else { return };
    server.stop();
    let store = store(&server.url());
    assert!(store.ping().await.is_err());
    server.restart();
    store.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_instances_that_start_at_once_make_the_tables_once_and_share_one_key() {
    let Some(server) = server() else { return };
    let stores: Vec<_> = (0..8).map(|_| store(&server.url())).collect();
    let keys = futures_util::future::join_all(stores.iter().map(|store| store.hash_key())).await;
    let first = keys[0].as_ref().unwrap().expose();
    assert!(keys.iter().all(|key| key.as_ref().unwrap().expose() == first));
    assert_eq!(
        select(&server, "SELECT version::text FROM neon_sms_relay_schema ORDER BY version").await,
        ["1", "2", "3", "4", "5", "6", "7", "8"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_a_newer_version_are_refused() {
    let Some(server) = server() else { return };
    store(&server.url()).ping().await.unwrap();
    select(&server, "INSERT INTO neon_sms_relay_schema VALUES (99) RETURNING version::text").await;
    let error = store(&server.url()).ping().await.unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { found: 99, known: 8 }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_behind_in_a_session_and_no_whole_number_in_a_row() {
    let Some(server) = server() else { return };
    let store = store(&server.url());
    let lease = acquire(&*store, "a", NOW).await;
    store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    let rows = select(&server, "SELECT d::text FROM neon_sms_relay_deliveries d").await;
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].contains("5551234567"), "{rows:?}");
    // What a pooler in transaction mode would trip over.
    let left = select(&server, "SELECT query FROM pg_stat_activity WHERE application_name = 'neon-sms-relay' AND query ILIKE ANY (ARRAY['set %', 'listen %', 'prepare %'])").await;
    assert_eq!(left, Vec::<String>::new());
}
