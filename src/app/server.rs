//! Listening and serving: sockets, workers, and the limits of every connection.
//!
//! Built from the parts of `HttpServer`, which has no place for something between the socket and HTTP.

use crate::http::Door;
use crate::http::connection::{Limits, Room, Stream};
use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol};
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::App as ActixApp;
use actix_web::dev::{AppConfig, Server};
use actix_web::web::ServiceConfig;
use anyhow::Context;
use socket2::{Domain, Socket, Type};
use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// Connections that the system keeps for us until we take them.
pub const BACKLOG: i32 = 1_024;
/// Connections at once on the metrics port.
pub const METRICS_CONNECTIONS: usize = 64;

/// How a port is served.
pub(super) struct Serving {
    /// The limits of each connection.
    pub limits: Arc<Limits>,
    /// Threads.
    pub workers: usize,
    /// Connections at once, over all workers.
    pub connections: usize,
    /// How long a stop waits for requests that run.
    pub drain: Duration,
}

impl Serving {
    /// Serves the routes of `configure` on a listener, once it is awaited.
    pub fn on<F>(self, listener: TcpListener, configure: F) -> io::Result<Server>
    where
        F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let per_worker = (self.connections / self.workers).max(1);
        let builder = Server::build()
            .disable_signals()
            .workers(self.workers)
            .max_concurrent_connections(per_worker)
            .shutdown_timeout(self.drain.as_secs());
        let (stopping, limits) = (builder.graceful_shutdown_signal(), self.limits);
        let server = builder.listen("http", listener, move || {
            let app = ActixApp::new().wrap(Door).configure(configure.clone());
            let stopping = stopping.clone();
            let http = HttpService::build()
                // All but this one are kept by `Stream`, for every request and not the first alone.
                .client_disconnect_timeout(limits.farewell)
                .client_request_timeout(Duration::ZERO)
                .keep_alive(KeepAlive::Os)
                // As HttpServer does: a stop waits for no connection that is idle.
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .on_connect_ext(|stream: &Stream, extensions| {
                    extensions.insert(stream.course());
                })
                .finish(map_config(app, |()| AppConfig::default()));
            let (limits, room) = (limits.clone(), Room::new(per_worker));
            fn_service(move |io: TcpStream| {
                let peer = io.peer_addr().ok();
                let stream = Stream::new(io, limits.clone(), &room);
                ready(Ok::<_, DispatchError>((stream, Protocol::Http1, peer)))
            })
            .and_then(http)
        })?;
        Ok(server.run())
    }
}

/// How many workers there are, if nobody says.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Listens on an address; `variable` is the one that says its port.
pub(super) fn bind(address: SocketAddr, variable: &str) -> anyhow::Result<TcpListener> {
    listen(address).with_context(|| format!("cannot listen on {address}; set {variable} to another port"))
}

/// As the standard library does, which has no say in the backlog: 128 fill in a moment.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // On Windows it would let others listen, too.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
