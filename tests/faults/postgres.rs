//! What happens to a PostgreSQL while codes go through.

use crate::postgres_server::PostgresServer;
use crate::scene::{Relay, Scene};
use futures_util::future::join_all;
use std::process::Command;
use std::time::Duration;
use tokio_postgres::{Client, NoTls};

const CODES: usize = 30;

/// A server, unless its tests are to be left out.
pub fn server() -> Option<PostgresServer> {
    std::env::var_os("TEST_SKIP_POSTGRES").is_none().then(PostgresServer::start)
}

/// Somebody else's session on the server.
pub async fn session(server: &PostgresServer) -> Client {
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::runtime::Handle::current().spawn(connection);
    client
}

/// The ids of all of the server's processes.
async fn processes(session: &Client) -> Vec<String> {
    let row = session.query_one("SELECT current_setting('data_directory')", &[]).await.unwrap();
    let file = format!("{}/postmaster.pid", row.get::<_, String>(0));
    let first = std::fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned();
    let children = Command::new("ps").args(["-o", "pid=", "--ppid", &first]).output().unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    children.split_whitespace().map(str::to_owned).chain([first.clone()]).collect()
}

fn signal(name: &str, processes: &[String]) {
    assert!(Command::new("kill").arg(format!("-{name}")).args(processes).status().unwrap().success());
}

/// Two relays share the codes between them; each code comes to both.
async fn both_take(relays: &[Relay<'_>; 2], codes: &[serde_json::Value]) {
    join_all(relays.iter().map(|relay| relay.takes_all(codes))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_killed_all_the_time_lose_and_double_nothing() {
    let Some(server) = server() else { return };
    let (scene, killer) =
        (Scene::with_a_vendor_that_takes(Duration::from_millis(300)).await, session(&server).await);
    let url = server.url();
    let relays = [scene.relay(&url, &[]).await, scene.relay(&url, &[]).await];
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    let kill = async {
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE application_name = 'neon-sms-relay' AND random() < 0.3";
        loop {
            killer.query_one(kill, &[]).await.unwrap();
            // It would otherwise be the only thing that the server has time for.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! { () = both_take(&relays, &codes) => {}, () = kill => {} }
    // A request whose outcome found no connection within the lease may be made again.
    scene.assert_texted(&codes, 2);
    for relay in &relays {
        relay.is_ready().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for five seconds; ./test faults"]
async fn a_server_that_stands_still_for_five_seconds_loses_and_doubles_nothing() {
    let Some(server) = server() else { return };
    let scene = Scene::with_a_vendor_that_takes(Duration::from_millis(500)).await;
    let watcher = session(&server).await;
    let relay = scene.relay(&server.url(), &[]).await;
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    let (on_their_way, late) = codes.split_at(CODES / 2);
    let fault = async {
        scene.asked(on_their_way.len()).await;
        let stopped = processes(&watcher).await;
        signal("STOP", &stopped);
        let (refused, ()) = tokio::join!(
            relay.attempt(&late[0]),
            // What is simulated is the time itself.
            tokio::time::sleep(Duration::from_secs(5))
        );
        relay.misses_its_store().await;
        signal("CONT", &stopped);
        assert_eq!(refused.unwrap().error(), (503, "store_unavailable".into()));
        relay.takes_all(late).await;
    };
    tokio::join!(relay.takes_all(on_their_way), fault);
    assert_eq!(scene.assert_texted(&codes, 1), CODES);
    relay.is_ready().await;
    relay.told_of_its_store("does not answer in time").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_no_connection_left_is_told_by_its_code_until_it_has() {
    let Some(server) = server() else { return };
    let (scene, owner) = (Scene::new().await, session(&server).await);
    owner.batch_execute("CREATE ROLE relay LOGIN; GRANT ALL ON SCHEMA public TO relay").await.unwrap();
    let relay = scene.relay(&server.url().replace("test@", "relay@"), &[]).await;
    owner.batch_execute("ALTER ROLE relay CONNECTION LIMIT 0").await.unwrap();
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'relay'";
    owner.query(kill, &[]).await.unwrap();
    let code = scene.code();
    assert_eq!(relay.attempt(&code).await.unwrap().error(), (503, "store_unavailable".into()));
    relay.misses_its_store().await;
    relay.told_of_its_store("53300").await;
    owner.batch_execute("ALTER ROLE relay CONNECTION LIMIT 10").await.unwrap();
    relay.takes(&code).await;
    assert_eq!(scene.assert_texted(&[code], 1), 1);
    relay.is_ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_taken_away_are_named_until_they_are_given_back() {
    let Some(server) = server() else { return };
    let (scene, owner) = (Scene::new().await, session(&server).await);
    owner.batch_execute("CREATE ROLE relay LOGIN; GRANT ALL ON SCHEMA public TO relay").await.unwrap();
    let relay = scene.relay(&server.url().replace("test@", "relay@"), &[]).await;
    owner.batch_execute("REVOKE INSERT ON neon_sms_relay_deliveries FROM relay").await.unwrap();
    let code = scene.code();
    assert_eq!(relay.attempt(&code).await.unwrap().error(), (503, "store_unavailable".into()));
    relay.misses_its_store().await;
    relay.told_of_its_store("42501").await;
    owner.batch_execute("GRANT INSERT ON neon_sms_relay_deliveries TO relay").await.unwrap();
    relay.takes(&code).await;
    assert_eq!(scene.assert_texted(&[code], 1), 1);
    relay.is_ready().await;
}
