//! A PgBouncer in transaction mode between two relays and their database: each statement may meet another session.

use crate::postgres::{server, session};
use crate::scene::Scene;
use futures_util::future::join_all;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const CODES: usize = 60;

struct PgBouncer {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl PgBouncer {
    /// Starts one with three sessions for everybody.
    fn start(server_url: &str) -> Self {
        let program = Path::new("/usr/sbin/pgbouncer");
        assert!(program.exists(), "./test faults installs it (Debian: apt-get install pgbouncer)");
        let address = server_url.split_once('@').unwrap().1.split('/').next().unwrap();
        let (host, server_port) = address.split_once(':').unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgbouncer.ini");
        let settings = format!(
            "[databases]\npostgres = host={host} port={server_port} user=test\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = 3\nmax_client_conn = 200\n"
        );
        std::fs::write(&path, settings).unwrap();
        let mut command = Command::new(program);
        // It does not run as root.
        if std::fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0) {
            std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .unwrap();
            command.args(["-u", "postgres"]);
        }
        let process = command.arg(&path).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let url = server_url.replace(address, &format!("127.0.0.1:{port}"));
        let mut pooler = Self { process, url, _folder: folder };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(pooler.process.try_wait().unwrap().is_none(), "pgbouncer has ended");
        }
        pooler
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer; ./test faults"]
async fn relays_behind_a_pooler_in_transaction_mode_lose_and_double_nothing() {
    let Some(server) = server() else { return };
    let scene = Scene::with_a_vendor_that_takes(Duration::from_millis(200)).await;
    let pooler = PgBouncer::start(&server.url());
    let relays = [scene.relay(&pooler.url, &[]).await, scene.relay(&pooler.url, &[]).await];
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    join_all(relays.iter().map(|relay| relay.takes_all(&codes))).await;
    assert_eq!(scene.assert_texted(&codes, 1), CODES);
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'neon-sms-relay'";
    let sessions: i64 = session(&server).await.query_one(sessions, &[]).await.unwrap().get(0);
    assert!((1..=3).contains(&sessions), "{sessions} sessions: they do not go through the pooler");
    for relay in relays {
        relay.process.signal("TERM");
        let (_, log) = relay.process.ended();
        // What it said of its own: a statement that another session has prepared, a setting that is gone.
        assert!(!log.contains("SQLSTATE"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer; ./test faults"]
async fn a_pooler_that_starts_again_loses_and_doubles_nothing() {
    let Some(server) = server() else { return };
    let scene = Scene::with_a_vendor_that_takes(Duration::from_millis(500)).await;
    let pooler = PgBouncer::start(&server.url());
    let relay = scene.relay(&pooler.url, &[]).await;
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    let fault = async {
        scene.asked(CODES / 2).await;
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'neon-sms-relay'";
        session(&server).await.query_one(kill, &[]).await.unwrap();
        assert!(
            Command::new("kill")
                .args(["-STOP", &pooler.process.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        relay.misses_its_store().await;
        assert!(
            Command::new("kill")
                .args(["-CONT", &pooler.process.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    };
    tokio::join!(relay.takes_all(&codes), fault);
    // A request whose outcome found no session within the lease may be made again.
    scene.assert_texted(&codes, 2);
    relay.is_ready().await;
}
