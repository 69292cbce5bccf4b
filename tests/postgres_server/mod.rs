//! A PostgreSQL of the test's own: started on a free port of this machine, stopped and removed with the test.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A running server. Stopped when dropped.
pub struct PostgresServer {
    folder: TempDir,
    binaries: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl PostgresServer {
    /// Starts an empty server.
    ///
    /// # Panics
    /// If PostgreSQL's server binaries are not installed.
    pub fn start() -> Self {
        let binaries = binaries().expect(
            "no PostgreSQL server found under /usr/lib/postgresql or on the PATH; install it (Debian: apt-get install postgresql), \
             or set TEST_SKIP_POSTGRES=1 to leave its tests out",
        );
        let folder = tempfile::tempdir().unwrap();
        // The server refuses to run as root, so its own user has to get in.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let initdb = as_postgres(&binaries.join("initdb"))
            .args(["--no-sync", "--auth=trust", "--username=test", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(folder.path().join("data"))
            .output()
            .unwrap();
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { folder, binaries, port, process: None };
        server.restart();
        server
    }

    pub fn url(&self) -> String {
        format!("postgres://test@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// Stops the server at once, as a crash would.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let pid = process.id().to_string();
            assert!(Command::new("kill").args(["-QUIT", &pid]).status().unwrap().success());
            process.wait().unwrap();
        }
    }

    /// Starts the server again, on the same port, and waits until it takes connections.
    pub fn restart(&mut self) {
        self.stop();
        let process = as_postgres(&self.binaries.join("postgres"))
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "max_connections=200",
                "-p",
            ])
            .arg(self.port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        let port = self.port.to_string();
        let ready = || {
            let mut command = Command::new(self.binaries.join("pg_isready"));
            command.args(["-q", "-h", "127.0.0.1", "-p", &port]).status().unwrap().success()
        };
        while !ready() {
            let ended = self.process.as_mut().and_then(|process| process.try_wait().unwrap());
            assert!(ended.is_none(), "the server ended: {ended:?}");
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").exists())
}

/// A command that runs as the user `postgres` if this is root.
fn as_postgres(program: &Path) -> Command {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command.current_dir("/");
    command
}
