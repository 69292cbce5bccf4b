//! A tunnel without Cloudflare: a program of that name which only says where it is, an authority that vouches for the
//! address, and the far end, which leads to whatever port the program was started for.

use crate::harness::{Answer, Signer, send, serve_keys};
use crate::neon_branch::NeonBranch;
use crate::process::{RelayProcess, command, run};
use crate::surroundings::{Proxy, tls_acceptor, tls_file};
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::Value;
use sms_providers::client::Network;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use wiremock::{MockServer, ResponseTemplate};

pub const TUNNEL: &str = "https://brave-new-world.trycloudflare.com";
/// What cloudflared prints, on the standard error.
pub const CLOUDFLARED: &str = "
echo 'Terms: https://www.cloudflare.com/website-terms/' >&2
echo '2026-11-25T17:00:00Z INF |  https://brave-new-world.trycloudflare.com  |' >&2
echo '2026-11-25T17:00:01Z INF Registered tunnel connection connIndex=0' >&2
exec sleep 600";

/// A developer's machine, and the branch.
pub struct TunnelWorld {
    pub branch: NeonBranch,
    pub signer: Signer,
    /// Of everything that is reached through the proxy.
    pub proxy: Proxy,
    keys: MockServer,
    folder: TempDir,
}

impl TunnelWorld {
    /// Cloudflare's program is there, and works.
    pub async fn start(branch: NeonBranch) -> Self {
        let (signer, keys) = (Signer::new(), MockServer::start().await);
        serve_keys(&keys, ResponseTemplate::new(200).set_body_json(signer.jwks())).await;
        let folder = tempfile::tempdir().unwrap();
        let far_end = far_end(folder.path().join("arguments")).await;
        let proxy = Proxy::http(Some(far_end)).await;
        let world = Self { branch, signer, proxy, keys, folder };
        world.install("cloudflared", CLOUDFLARED);
        world
    }

    /// A program of this name does what the script says.
    pub fn install(&self, name: &str, script: &str) {
        let (folder, bin) = (self.folder.path().display(), self.folder.path().join("bin"));
        fs::create_dir_all(&bin).unwrap();
        let script = format!(
            "#!/bin/sh\necho $$ > {folder}/pid\nenv > {folder}/env\necho \"$@\" > {folder}/arguments\n{script}\n"
        );
        fs::write(bin.join(name), script).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn uninstall(&self, name: &str) {
        fs::remove_file(self.folder.path().join("bin").join(name)).unwrap();
    }

    /// Where the program leaves its traces.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the program was started with, if it was.
    pub fn arguments(&self) -> Option<String> {
        fs::read_to_string(self.folder.path().join("arguments")).ok()
    }

    /// The environment that the program was started in.
    pub fn environment(&self) -> String {
        fs::read_to_string(self.folder.path().join("env")).unwrap()
    }

    /// Ends the program as a crash does.
    pub fn kill_tunnel(&self) {
        let id = fs::read_to_string(self.folder.path().join("pid")).unwrap();
        assert!(Command::new("kill").args(["-KILL", id.trim()]).status().unwrap().success());
    }

    /// Whether the program runs.
    pub fn tunnel_runs(&self) -> bool {
        let id = fs::read_to_string(self.folder.path().join("pid")).unwrap();
        Command::new("kill").args(["-0", id.trim()]).output().unwrap().status.success()
    }

    /// The files that are kept for restoring.
    pub fn kept(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("state/neon-sms-relay")) else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
    }

    fn vars(&self, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let mut vars = vec![
            ("PATH", format!("{}:/usr/bin:/bin", path("bin"))),
            ("HOME", path("home")),
            ("XDG_STATE_HOME", path("state")),
            ("HTTPS_PROXY", format!("http://{}", self.proxy.address)),
            ("SSL_CERT_FILE", tls_file("tunnel-ca.pem")),
            ("NEON_AUTH_URL", format!("{}/neondb/auth", self.keys.uri())),
            ("NEON_ENDPOINT_IDS", crate::harness::ENDPOINT.to_owned()),
            ("PORT", "0".to_owned()),
            ("DEV_PORT", "0".to_owned()),
        ];
        vars.extend(self.branch.vars());
        vars.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        vars
    }

    /// Starts `dev --tunnel cloudflared`; returns once it says that it can be stopped.
    pub fn dev(&self) -> RelayProcess {
        self.dev_with(&["--tunnel", "cloudflared"], &[])
    }

    pub fn dev_with(&self, arguments: &[&str], vars: &[(&'static str, &str)]) -> RelayProcess {
        let process = self.begin(arguments, vars);
        process.wait_for_line("Restored at the end");
        process
    }

    /// Starts `dev` without waiting for anything.
    pub fn begin(&self, arguments: &[&str], vars: &[(&'static str, &str)]) -> RelayProcess {
        let folder = tempfile::tempdir().unwrap();
        let command = command(folder.path(), &[&["dev"], arguments].concat(), &self.vars(vars));
        RelayProcess::spawn(command, folder)
    }

    /// Runs a command that ends by itself: exit code and everything that is said.
    pub fn run(&self, arguments: &[&str], more: &[(&'static str, &str)]) -> (Option<i32>, String) {
        let folder = tempfile::tempdir().unwrap();
        let vars = self.vars(more);
        let vars: Vec<_> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let Output { status, stdout, stderr } = run(folder.path(), arguments, &vars);
        let said = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert!(!said.contains(crate::neon_branch::KEY), "{said}");
        (status.code(), said)
    }

    /// Neon sends an event to where the branch says.
    pub async fn neon_delivers(&self, body: &Value) -> Answer {
        let url = self.branch.webhook()["webhook_url"].as_str().unwrap().to_owned();
        let body = body.to_string().into_bytes();
        let http = Network::default()
            .with_roots_from(Some(Path::new(&tls_file("tunnel-ca.pem"))), None)
            .unwrap()
            .with_proxy(&format!("http://{}", self.proxy.address), "")
            .unwrap()
            .http_client()
            .unwrap();
        let request = http.post(url).body(body.clone());
        send(self.signer.add_headers(request, SystemClock.now(), &body)).await
    }
}

impl Drop for TunnelWorld {
    fn drop(&mut self) {
        if self.folder.path().join("pid").exists() && self.tunnel_runs() {
            self.kill_tunnel();
        }
    }
}

/// Takes off the encryption, and leads to the port that the program's arguments end with.
async fn far_end(arguments: PathBuf) -> std::net::SocketAddr {
    let (acceptor, listener) =
        (tls_acceptor("tunnel.pem", "tunnel.key"), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    tokio::runtime::Handle::current().spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, arguments) = (acceptor.clone(), arguments.clone());
            tokio::runtime::Handle::current().spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let arguments = fs::read_to_string(&arguments).unwrap();
                let (_, port) = arguments.split_once("127.0.0.1:").unwrap();
                let port: u16 = port.split_whitespace().next().unwrap().parse().unwrap();
                let Ok(mut relay) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                let _ = copy_bidirectional(&mut client, &mut relay).await;
            });
        }
    });
    address
}
