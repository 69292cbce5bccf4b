//! The composition root: settings → parts → a server that runs until it is told to stop.
//!
//! The only place that sees both the configuration and everything else.

mod assembly;
pub mod branch;
pub mod checks;
pub mod descriptors;
pub mod events;
pub mod forget;
pub mod guard;
pub mod outbox;
mod parts;
pub mod providers;
pub mod reload;
pub mod server;
pub mod studio;
mod upkeep;

use crate::config::{ConfigErrors, EndpointRule, Fault, Settings};
use crate::domain::SystemClock;
use crate::http::{self, Callbacks, Gate, Instance, Subscribed, TestAccess, Unverified};
use crate::neon::{Endpoints, HttpKeySource, Verifier};
use crate::relay::texting::Texting;
use crate::store::{self, AddressFault, Store, StoreError};
use crate::tasks::Tasks;
use crate::telemetry::Refusals;
use actix_web::dev::Server;
use actix_web::web::Data;
use anyhow::Context;
use assembly::Ground;
pub use parts::{Parts, Reporting};
use reload::{BranchWatch, Reload};
use secrecy::ExposeSecret;
use server::{METRICS_CONNECTIONS, Serving, bind};
use sms_providers::client::endpoint;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The longest that a shutdown waits for what is in flight: above the 12 s of one event, below Fly's and
/// Kubernetes' patience.
const DRAIN: Duration = Duration::from_secs(15);

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
    texting: Arc<Texting>,
    reload: Option<Reload>,
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
        let workers = settings.server.workers.unwrap_or_else(server::cores);
        let fits = descriptors::fits(parts.descriptors, settings.server.max_in_flight, workers);
        fits.warn_if_below(settings.server.max_in_flight);
        let metrics = parts.metrics;
        let mut tasks = Tasks::current().telling({
            let metrics = metrics.clone();
            move |task| metrics.task_panicked(task)
        });
        if let Some(trip) = parts.trip {
            tasks = tasks.tripped_by(trip);
        }
        let clock = parts.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let http_client = settings.network.http_client().map_err(anyhow::Error::from_boxed)?;
        let store = match parts.store {
            Some(store) => store,
            None => open_store(settings)?,
        };
        let mut configured = providers::configured(&settings.sms, &http_client);
        if let Some(plugged) = parts.providers {
            configured.plug(plugged);
        }
        let (keys, refresher) = HttpKeySource::new(settings.neon.jwks_urls.clone(), http_client.clone());
        let refresher = Arc::new(refresher.telling({
            let metrics = metrics.clone();
            move |oldest| metrics.keys_believed_since(oldest.into_std())
        }));
        tasks.spawn_forever("key_refresher", move || {
            let refresher = refresher.clone();
            async move { refresher.run().await }
        });
        let gate = Data::new(Gate {
            verifier: Verifier::new(Arc::new(keys), settings.neon.tolerance, endpoints(settings)),
            clock: clock.clone(),
            answer_within: assembly::answer_within(settings),
        });
        let mut base = settings.server.public_url.as_ref().map(|url| endpoint(url, &["callbacks"]));
        if let Some(reporting) = parts.reporting {
            base = Some(endpoint(&reporting.base, &["callbacks"]));
            configured.callbacks.insert(reporting.provider, reporting.verifier);
        }
        let ground = Ground { store, http: http_client, clock, tasks, metrics, deliveries: fits.deliveries };
        let relay = assembly::relay(settings, &ground, configured.senders, base.clone())?;
        let Ground { http: http_client, clock, tasks, metrics, .. } = ground;
        let outbox = upkeep::start(&relay, &clock, settings.store.ttl);
        let (subscribed, subscriptions) = watch::channel(Vec::new());
        let mut branch = BranchWatch { subscribed, running: None };
        branch.start(settings, &relay, &http_client);
        let subscribed = Data::new(Subscribed(subscriptions));
        let providers = watch::Sender::new(configured.callbacks);
        let callbacks = Data::new(Callbacks { base, providers });
        let test_access = Data::new(TestAccess(watch::Sender::new(settings.test_numbers.token.clone())));
        let reload = Reload {
            relay: relay.clone(),
            callbacks: callbacks.clone(),
            test_access: test_access.clone(),
            http: http_client,
            branch,
            started_with: settings.given.clone(),
            latest: settings.given.clone(),
        };
        let address = |port| {
            settings.server.host.resolve(port).context(
                "cannot listen: HOST has no address here; unset it, or set 0.0.0.0 or :: (shells and build \
                 environments set HOST, too)",
            )
        };
        let listener = match parts.listener {
            Some(listener) => listener,
            None => bind(address(settings.server.port)?, "PORT")?,
        };
        let metrics_port = settings.server.metrics_port;
        let metrics_listener = metrics_port.map(|port| bind(address(port)?, "METRICS_PORT")).transpose()?;
        let address = listener.local_addr()?;
        let metrics_address = metrics_listener.as_ref().map(TcpListener::local_addr).transpose()?;

        let texting = relay.texting.clone();
        let refusals = Refusals::new(metrics.clone());
        tasks.spawn_forever("refusals", {
            let refusals = refusals.clone();
            move || refusals.clone().tell()
        });
        let limits = Arc::new(parts.limits);
        let metrics_server = metrics_listener.map(|listener| {
            let (limits, metrics) = (limits.clone(), Data::new(metrics));
            let serving = Serving { limits, workers: 1, connections: METRICS_CONNECTIONS, drain: DRAIN };
            serving.on(listener, move |config| {
                config.app_data(metrics.clone()).configure(http::metrics);
            })
        });
        let metrics_server = metrics_server.transpose()?;
        let (relay, clock, shared) = (Data::from(relay), Data::from(clock), Data::new(refusals.clone()));
        let unverified = Data::new(Unverified::new(limits.clone()));
        let instance = parts.instance.map(|instance| Data::new(Instance(instance)));
        let serving = Serving { limits, workers, connections: fits.connections, drain: DRAIN };
        let server = serving.on(listener, move |config| {
            if let Some(instance) = &instance {
                config.app_data(instance.clone());
            }
            config
                .app_data(gate.clone())
                .app_data(relay.clone())
                .app_data(callbacks.clone())
                .app_data(test_access.clone())
                .app_data(subscribed.clone())
                .app_data(clock.clone())
                .app_data(shared.clone())
                .app_data(unverified.clone())
                .configure(http::routes);
        })?;
        Ok(Self {
            server,
            metrics_server,
            address,
            metrics_address,
            tasks,
            outbox,
            refusals,
            texting,
            reload: Some(reload),
        })
    }

    /// The public address, with the port that was taken if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of `/metrics`, if it is on.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// What reads settings again while the server runs; once.
    pub fn take_reload(&mut self) -> Option<Reload> {
        self.reload.take()
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
            self.texting.write_the_rest().await;
            if let Some(metrics) = metrics_handle {
                metrics.stop(false).await;
            }
            Ok(cut_off)
        };
        let (_, _, cut_off) = tokio::try_join!(self.server, metrics, stop)?;
        Ok(cut_off)
    }
}

/// What a start would find wrong with settings that could be read, without opening, starting or asking anything.
///
/// # Errors
/// The first fault.
pub fn check(settings: &Settings) -> anyhow::Result<()> {
    settings.network.http_client().map_err(anyhow::Error::from_boxed)?;
    let is_served = settings.store.file().is_none() && !settings.store.is_memory();
    // One that is served is connected to later; a file would be made.
    if is_served {
        open_store(settings)?;
    }
    Ok(())
}

fn open_store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    let opened = store::open(settings.store.url.expose_secret(), settings.network.tls_config()?);
    opened.map_err(|error| match error {
        // Found only now, and a fault of the configuration like those that were found by reading it.
        StoreError::Unusable(AddressFault { problem, remedy }) => {
            ConfigErrors(vec![Fault { variable: "STORE_URL".to_owned(), problem, remedy }]).into()
        }
        error => anyhow::Error::from(error).context("STORE_URL"),
    })
}

fn endpoints(settings: &Settings) -> Endpoints {
    match &settings.neon.endpoints {
        EndpointRule::Any => Endpoints::Any,
        EndpointRule::Only(ids) => Endpoints::Only(ids.clone()),
    }
}
