//! Claims as several clients see them at once: each store, whatever the clients do in whatever order, can be told as
//! one that serves them one after the other. Nobody owns what another one owns, and no reply changes.
//!
//! `PROPTEST_CASES=5000 cargo nextest run --release --test store_contract claims` looks longer.

use crate::claims_scene::{Client, INSTANCES, Scene, any_move};
use crate::{Home, postgres};
use neon_sms_relay::store::Store;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

fn stores(home: &Home) -> Vec<Arc<dyn Store>> {
    match home {
        Home::Memory => vec![home.open(); INSTANCES],
        _ => (0..INSTANCES).map(|_| home.open()).collect(),
    }
}

/// Runs as many cases as are asked for, and no fewer than `cases`.
fn check<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let cases =
        cases.max(if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 0 });
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    match TestRunner::new(config).run(&strategy, test) {
        Ok(()) => {}
        Err(TestError::Fail(reason, case)) => panic!("{reason}\nwith {case:?}"),
        Err(error) => panic!("{error}"),
    }
}

/// Clients that move in turns: what fails here fails again, and is made short.
fn in_turns(home: &Home, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stores = stores(home);
    let moves = prop::collection::vec((0..4_usize, any_move()), 0..40);
    check(cases, moves, |moves| {
        let scene = Scene::new(stores.clone(), true);
        let mut clients: [Client; 4] = Default::default();
        runtime.block_on(async {
            for (client, next) in moves {
                let store = &scene.stores[client % INSTANCES];
                scene.play(&mut clients[client], &**store, next).await;
            }
        });
        scene.assert_one_story()
    });
}

/// Clients that move whenever they like, beside `trouble`.
fn at_once<F: Future<Output = ()>>(home: &Home, cases: u32, trouble: impl Fn() -> F) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stores = stores(home);
    let moves = prop::collection::vec(prop::collection::vec(any_move(), 0..10), 2..=5);
    check(cases, moves, |clients| {
        let scene = Arc::new(Scene::new(stores.clone(), false));
        runtime.block_on(async {
            let clients = clients.into_iter().enumerate().map(|(number, moves)| {
                let scene = scene.clone();
                tokio::runtime::Handle::current().spawn(async move {
                    let mut client = Client::default();
                    let store = scene.stores[number % INSTANCES].clone();
                    for next in moves {
                        scene.play(&mut client, &*store, next).await;
                    }
                })
            });
            let clients = futures_util::future::join_all(clients.collect::<Vec<_>>());
            let (ended, ()) = tokio::join!(clients, trouble());
            for client in ended {
                client.unwrap();
            }
        });
        scene.assert_one_story()
    });
}

#[test]
fn in_memory_clients_in_turns_hear_one_story() {
    in_turns(&Home::Memory, 2_000);
}

#[test]
fn in_memory_clients_at_once_hear_one_story() {
    at_once(&Home::Memory, 2_000, async || {});
}

#[test]
fn on_sqlite_clients_in_turns_hear_one_story() {
    in_turns(&Home::Sqlite(tempfile::tempdir().unwrap()), 60);
}

#[test]
fn on_sqlite_clients_at_once_hear_one_story() {
    at_once(&Home::Sqlite(tempfile::tempdir().unwrap()), 60, async || {});
}

#[test]
fn on_postgres_clients_in_turns_hear_one_story() {
    let Some(server) = postgres::server() else { return };
    in_turns(&Home::Postgres(server), 60);
}

#[test]
fn on_postgres_clients_at_once_hear_one_story() {
    let Some(server) = postgres::server() else { return };
    at_once(&Home::Postgres(server), 60, async || {});
}

/// A statement whose connection ends may have been carried out or not.
#[test]
fn on_postgres_clients_whose_connections_are_killed_hear_one_story() {
    let Some(server) = postgres::server() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let killer = Arc::new(runtime.block_on(postgres::session(&server)));
    let killed = AtomicI64::new(0);
    at_once(&Home::Postgres(server), 60, || async {
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE application_name = 'neon-sms-relay' AND random() < 0.5";
        let row = killer.query_one(kill, &[]).await.unwrap();
        killed.fetch_add(row.get(0), Ordering::Relaxed);
    });
    assert!(killed.into_inner() > 0, "nobody was in trouble");
}
