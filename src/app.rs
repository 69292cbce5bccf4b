//! The composition root: settings → parts → a server that runs until it is told to stop.
//!
//! The only place that sees both the configuration and everything else.

mod assembly;
pub mod branch;
pub mod checks;
pub mod outbox;
pub mod providers;
mod upkeep;

use crate::config::{EndpointRule, Settings};
use crate::domain::{Clock, SystemClock};
use crate::http::{self, Callbacks, Gate, Subscribed};
use crate::neon::{Endpoints, HttpKeySource, Verifier};
use crate::store::{self, Store};
use crate::tasks::{Tasks, Trip};
use crate::telemetry::Refusals;
use crate::telemetry::metrics::Metrics;
use actix_web::dev::Server;
use actix_web::web::Data;
use actix_web::{App as ActixApp, HttpServer};
use anyhow::Context;
use assembly::Ground;
use secrecy::ExposeSecret;
use sms_providers::SmsProvider;
use sms_providers::client::{endpoint, http_client, tls_config};
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The longest that a shutdown waits for what is in flight: above the 12 s of one event, below Fly's and
/// Kubernetes' patience.
const DRAIN: Duration = Duration::from_secs(15);
/// How long a connection may wait for its first or next request. actix closes it then, a fresh one with a
/// 408; its default of 5 s is just when Neon, its own 5 s over, takes a pooled connection for a retry.
const IDLE: Duration = Duration::from_secs(75);

/// Parts that a caller brings in place of the configured ones.
#[derive(Default)]
pub struct Parts {
    /// Who sends, in place of `SMS_PROVIDER`.
    pub providers: Option<Vec<Arc<dyn SmsProvider>>>,
    /// What is remembered, in place of `STORE_URL`.
    pub store: Option<Arc<dyn Store>>,
    /// The time, in place of the machine's.
    pub clock: Option<Arc<dyn Clock>>,
    /// The public socket, in place of one at `HOST` and `PORT`.
    pub listener: Option<TcpListener>,
    /// What is counted, where something is counted already.
    pub metrics: Metrics,
    /// Makes tasks that run for ever panic.
    pub trip: Option<Arc<Trip>>,
}

/// A relay that listens and is not yet served.
pub struct App {
    server: Server,
    metrics_server: Option<Server>,
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    tasks: Tasks,
    /// Starts deliveries to the user's app.
    outbox: JoinHandle<()>,
    refusals: Refusals,
}

impl App {
    /// Puts the parts together, binds the ports and starts to fetch keys.
    ///
    /// # Errors
    /// If a port is taken or the store's URL is malformed. A store that is down is no error here.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn build(settings: &Settings, parts: Parts) -> anyhow::Result<Self> {
        let metrics = parts.metrics;
        let mut tasks = Tasks::current().telling({
            let metrics = metrics.clone();
            move |task| metrics.task_panicked(task)
        });
        if let Some(trip) = parts.trip {
            tasks = tasks.tripped_by(trip);
        }
        let clock = parts.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let http_client = http_client().map_err(anyhow::Error::from_boxed)?;
        let store = match parts.store {
            Some(store) => store,
            None => store::open(settings.store.url.expose_secret(), tls_config()?).context("STORE_URL")?,
        };
        let configured = providers::configured(&settings.sms, &http_client);
        let (keys, refresher) = HttpKeySource::new(settings.neon.jwks_urls.clone(), http_client.clone());
        let refresher = Arc::new(refresher);
        tasks.spawn_forever("key_refresher", move || {
            let refresher = refresher.clone();
            async move { refresher.run().await }
        });
        let gate = Data::new(Gate {
            verifier: Verifier::new(Arc::new(keys), settings.neon.tolerance, endpoints(settings)),
            clock: clock.clone(),
            answer_within: assembly::answer_within(settings),
        });
        let base = settings.server.public_url.as_ref().map(|url| endpoint(url, &["callbacks"]));
        let ground = Ground { store, http: http_client, clock, tasks, metrics };
        let providers = parts.providers.unwrap_or(configured.chain);
        let relay = assembly::relay(settings, &ground, providers, base.clone())?;
        let Ground { http: http_client, clock, tasks, metrics, .. } = ground;
        let outbox = upkeep::start(&relay, &clock, settings.store.ttl);
        let (subscribed, subscriptions) = watch::channel(Vec::new());
        if let Some(api) = &settings.neon_api {
            let watched = (branch::api(api, http_client), relay.clone(), subscribed);
            tasks.spawn_forever("branch_watch", move || {
                let (api, relay, subscribed) = watched.clone();
                branch::watch(api, relay, subscribed)
            });
        }
        let subscribed = Data::new(Subscribed(subscriptions));
        let callbacks = Data::new(Callbacks { base, providers: configured.callbacks });
        let listener = match parts.listener {
            Some(listener) => listener,
            None => bind(settings, settings.server.port, "PORT")?,
        };
        let address = listener.local_addr()?;
        let metrics_listener =
            settings.server.metrics_port.map(|port| bind(settings, port, "METRICS_PORT")).transpose()?;
        let metrics_address = metrics_listener.as_ref().map(TcpListener::local_addr).transpose()?;

        let refusals = Refusals::new(metrics.clone());
        tasks.spawn_forever("refusals", {
            let refusals = refusals.clone();
            move || refusals.clone().tell()
        });
        let (relay, clock, shared) = (Data::from(relay), Data::from(clock), Data::new(refusals.clone()));
        let mut server = HttpServer::new(move || {
            ActixApp::new()
                .wrap(http::request_log())
                .app_data(gate.clone())
                .app_data(relay.clone())
                .app_data(callbacks.clone())
                .app_data(subscribed.clone())
                .app_data(clock.clone())
                .app_data(shared.clone())
                .configure(http::routes)
        })
        .disable_signals()
        .client_request_timeout(IDLE)
        .keep_alive(IDLE)
        .shutdown_timeout(DRAIN.as_secs());
        if let Some(workers) = settings.server.workers {
            server = server.workers(workers);
        }
        let metrics_server = metrics_listener
            .map(|listener| {
                let metrics = Data::new(metrics.clone());
                HttpServer::new(move || ActixApp::new().app_data(metrics.clone()).configure(http::metrics))
                    .disable_signals()
                    .workers(1)
                    .listen(listener)
            })
            .transpose()?
            .map(HttpServer::run);
        let server = server.listen(listener)?.run();
        Ok(Self { server, metrics_server, address, metrics_address, tasks, outbox, refusals })
    }

    /// The public address, with the port that was taken if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of `/metrics`, if it is on.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Tasks that a shutdown of this server waits for.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Serves until `shutdown` is ready, then finishes what is in flight; returns how many deliveries
    /// had to be cut off after 15 s.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> std::io::Result<usize> {
        let (handle, tasks) = (self.server.handle(), self.tasks);
        let metrics_handle = self.metrics_server.as_ref().map(Server::handle);
        let metrics = async {
            match self.metrics_server {
                Some(server) => server.await,
                None => Ok(()),
            }
        };
        let stop = async {
            shutdown.await;
            tracing::info!(
                in_flight = tasks.running(),
                "stopping: no new requests, finishing what is in flight"
            );
            // Nobody waits for what it would start now; what it has started is finished.
            self.outbox.abort();
            let started = tokio::time::Instant::now();
            let _ = tokio::time::timeout(DRAIN, handle.stop(true)).await;
            let cut_off = tasks.drain(DRAIN.saturating_sub(started.elapsed())).await;
            self.refusals.tell_all();
            if let Some(metrics) = metrics_handle {
                metrics.stop(false).await;
            }
            Ok(cut_off)
        };
        let (_, _, cut_off) = tokio::try_join!(self.server, metrics, stop)?;
        Ok(cut_off)
    }
}

fn endpoints(settings: &Settings) -> Endpoints {
    match &settings.neon.endpoints {
        EndpointRule::Any => Endpoints::Any,
        EndpointRule::Only(ids) => Endpoints::Only(ids.clone()),
    }
}

fn bind(settings: &Settings, port: u16, variable: &str) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(settings.server.host, port);
    TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {address}; set {variable} to another port"))
}
