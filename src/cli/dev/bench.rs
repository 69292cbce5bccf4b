//! `neon-sms-relay dev bench`: a steady load of signed events for a relay on this machine, and a table of what came of
//! it.

mod relay;
mod table;

use crate::app::descriptors;
use crate::cli::output::Output;
use crate::cli::signals::Stops;
use crate::config::is_loopback;
use crate::dev::bench::{Load, Stage};
use crate::domain::SystemClock;
use anyhow::{Context, bail};
use clap::Args;
use relay::OwnRelay;
use reqwest::StatusCode;
use sms_providers::client::http_client;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What is sent before anything is measured: keys are fetched, connections made.
const WARM_UP: Duration = Duration::from_secs(1);

/// How much, for how long, against what.
#[derive(Args)]
pub(in crate::cli) struct BenchArguments {
    /// Events a second, due at even distances whether or not earlier ones were answered: 1 to 50000.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    rate: u32,
    /// Seconds: 1 to 3600.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    duration: u64,
    /// Milliseconds that the vendor takes for a text: 0 to 10000.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(0..=10_000), conflicts_with = "url")]
    vendor_delay: u64,
    /// The share of events that is an event of the last second once more: 0 to 0.9.
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    duplicates: f64,
    /// Forged events a second beside them, wrong in four ways in turn, on connections of their own: 0 to 50000.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=50_000))]
    forged: u32,
    /// What its own relay remembers events in: memory:, sqlite: (a new file in the folder for temporary files), or a
    /// postgres:// URL.
    #[arg(long, default_value = "memory:", conflicts_with = "url")]
    store: String,
    /// A relay that runs on this machine already, in place of its own one with a vendor that costs nothing. It has to
    /// take its keys from --keys-port.
    #[arg(long, value_parser = on_this_machine)]
    url: Option<Url>,
    /// With --url: where the keys are served, for that relay's NEON_AUTH_URL=http://127.0.0.1:8026/neondb/auth.
    #[arg(long, default_value_t = 8026, requires = "url")]
    keys_port: u16,
}

fn share(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok().filter(|share| (0.0..=0.9).contains(share));
    share.ok_or("write a share from 0 to 0.9, such as 0.05")
}

fn on_this_machine(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "write a whole URL: http://127.0.0.1:8080")?;
    if !is_loopback(&url) || url.scheme() != "http" {
        return Err("it loads relays on this machine alone: http://127.0.0.1:8080, or localhost");
    }
    Ok(Stage::webhook(&url))
}

pub(in crate::cli) fn run(arguments: &BenchArguments) -> anyhow::Result<ExitCode> {
    descriptors::raise();
    crate::cli::runtime()?.block_on(async {
        let mut stops = Stops::listen();
        // What is dropped here takes its relay and its files along.
        tokio::select! {
            done = measure(arguments) => done,
            stop = stops.next() => Ok(stop.exit_code()),
        }
    })
}

async fn measure(arguments: &BenchArguments) -> anyhow::Result<ExitCode> {
    let port = arguments.url.as_ref().map_or(0, |_| arguments.keys_port);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("port {port} cannot be used; choose another with --keys-port"))?;
    let stage = Stage::start(listener, Duration::from_millis(arguments.vendor_delay))?;
    let http = http_client().map_err(anyhow::Error::from_boxed)?;
    let own = match arguments.url {
        None => Some(OwnRelay::start(&stage, &arguments.store, &http).await?),
        Some(_) => None,
    };
    let webhook = match (&own, &arguments.url) {
        (Some(own), _) => own.webhook.clone(),
        (None, Some(url)) => url.clone(),
        (None, None) => bail!("there is no relay to load"),
    };
    let load = Load {
        rate: arguments.rate,
        duration: Duration::from_secs(arguments.duration),
        duplicates: arguments.duplicates,
        forged: arguments.forged,
    };
    let clock = Arc::new(SystemClock);
    let warm_up = Load { duration: WARM_UP, duplicates: 0.0, forged: 0, ..load };
    let warm = stage.load(http.clone(), &webhook, clock.clone(), &warm_up, 0).await?;
    if warm.signed.answers.keys().all(|kind| kind.starts_with(StatusCode::UNAUTHORIZED.as_str())) {
        bail!("the relay at {webhook} refuses the events: start it with NEON_AUTH_URL={}", stage.auth_url());
    }
    stage.forget_texts();
    let first = u64::from(load.rate) * WARM_UP.as_secs();
    let measured = stage.load(http, &webhook, clock, &load, first).await?;
    let texts = own.is_some().then(|| stage.texts(&measured));
    let mut out = Output::stdout();
    let place = own.as_ref().map_or_else(|| webhook.to_string(), |_| arguments.store_name());
    out.line(table::head(&load, &place, own.is_some().then_some(arguments.vendor_delay)))?;
    out.line(table::table(&load, &measured, texts.as_ref()))?;
    if let Some(own) = own {
        own.stop().await;
    }
    stage.stop().await;
    let broken = texts.is_some_and(|texts| texts.doubled + texts.missing > 0);
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl BenchArguments {
    /// The store by its kind: its URL may hold a password.
    fn store_name(&self) -> String {
        let kind = self.store.split(':').next().unwrap_or_default();
        format!("its own relay, {kind}")
    }
}
