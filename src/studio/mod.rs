//! The operator's page, beside the servers and over their store: what is going on, what is wrong, and what to do.
//!
//! It reads what the servers write and knows none of them. Whoever opens it holds its token. Nothing of a number but
//! its hash and its last two digits is ever in it, and nothing of a code.

mod chart;
mod door;
mod figures;
mod filter;
mod findings;
mod form;
mod limits;
mod pages;
mod problem;
mod routes;
mod standing;
mod timeline;
mod words;

use crate::domain::{Clock, HashKey};
use crate::store::{Browse, Store};
use crate::tasks::Tasks;
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use door::Door;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

pub use limits::{Limits, Overview};

/// Connections at once: a few people with a few tabs.
const CONNECTIONS: usize = 64;
/// From a connection's first byte to the last one of its first head.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// What the page is made of.
pub struct StudioOptions {
    /// Where it listens.
    pub listener: TcpListener,
    /// What it shows.
    pub sources: Sources,
    /// Runs the server.
    pub tasks: Tasks,
}

/// Where the page has what it shows from.
pub struct Sources {
    /// Deliveries and counts; only read.
    pub log: Arc<dyn Browse>,
    /// The outbox, which an operator may change.
    pub store: Arc<dyn Store>,
    /// The limits, which an operator may change.
    pub limits: Arc<dyn Limits>,
    /// `HASH_KEY`; `None` is the one that the store keeps.
    pub key: Option<HashKey>,
    /// The time that codes expire by.
    pub clock: Arc<dyn Clock>,
    /// What the store is called: its kind or its file, without any secret.
    pub place: String,
}

/// The page, served.
pub struct StudioServer {
    address: SocketAddr,
    token: String,
    server: ServerHandle,
}

impl StudioServer {
    /// Serves until [`stop`](Self::stop) or until the tasks drain.
    ///
    /// # Errors
    /// If the listener cannot be used.
    pub fn start(options: StudioOptions) -> std::io::Result<Self> {
        let address = options.listener.local_addr()?;
        let door = Data::new(Door::new(address));
        let token = door.token().to_owned();
        let sources = Data::new(options.sources);
        let server = HttpServer::new(move || {
            App::new()
                .wrap(from_fn(door::guarded))
                .wrap(door::headers())
                .app_data(door.clone())
                .app_data(sources.clone())
                .configure(routes::routes)
        })
        .disable_signals()
        .workers(1)
        .max_connections(CONNECTIONS)
        .client_request_timeout(HEAD_TIME)
        .shutdown_timeout(1)
        .listen(options.listener)?
        .run();
        let handle = server.handle();
        options.tasks.spawn_until_drain(async {
            // Only a listener that the system takes away ends it.
            let _ = server.await;
        });
        Ok(Self { address, token, server: handle })
    }

    /// What to open, with the token.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// Whether other machines may reach it.
    pub fn is_open(&self) -> bool {
        !self.address.ip().is_loopback()
    }

    /// Stops listening.
    pub async fn stop(self) {
        self.server.stop(true).await;
    }
}
