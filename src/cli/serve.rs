//! `neon-sms-relay serve`: the production server, its signals and its drain.

use super::signals::{Stop, Stops};
use super::systemd;
use crate::app::{self, App, Parts, descriptors};
use crate::config::Settings;
use crate::telemetry::metrics::Metrics;
use clap::Args;
use std::process::ExitCode;
use tokio::sync::oneshot;

#[derive(Args, Default)]
pub(super) struct ServeArguments {
    /// Only check the variables, and the files that they name: exit 0 if all is right, 2 with every fault if not.
    /// Nothing is started, opened or asked.
    #[arg(long)]
    check: bool,
}

/// How a server came to its end.
enum End {
    /// After a drain that cut off so many deliveries.
    Drained(usize),
    /// By a second signal.
    AtOnce(Stop),
}

pub(super) fn run(arguments: &ServeArguments) -> anyhow::Result<ExitCode> {
    let settings = super::settings()?;
    if arguments.check {
        app::check(&settings)?;
        return Ok(ExitCode::SUCCESS);
    }
    let metrics = Metrics::default();
    let _log = super::start_logging(&settings, &metrics)?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = super::runtime()?;
    match runtime.block_on(serve(&settings, metrics))? {
        End::Drained(0) => {
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        End::Drained(cut_off) => {
            tracing::error!(cut_off, "stopped before everything in flight was finished");
            Ok(ExitCode::FAILURE)
        }
        End::AtOnce(stop) => {
            tracing::error!("stopped at once by a second signal: what was in flight was cut off");
            // It would wait for what the store is doing.
            runtime.shutdown_background();
            Ok(stop.exit_code())
        }
    }
}

async fn serve(settings: &Settings, metrics: Metrics) -> anyhow::Result<End> {
    let descriptors = descriptors::raise();
    let mut stops = Stops::listen();
    let app = App::build(settings, Parts { metrics, descriptors, ..Parts::default() })?;
    let (address, metrics) = (app.address(), app.metrics_address().map(|address| address.to_string()));
    tracing::info!(%address, metrics, version = env!("CARGO_PKG_VERSION"), "listening");
    systemd::ready(&address.to_string());
    let (stop, stopped) = oneshot::channel();
    let second = async {
        stops.next().await;
        systemd::stopping();
        drop(stop);
        stops.next().await
    };
    tokio::select! {
        cut_off = app.run_until(async { stopped.await.unwrap_or(()) }) => Ok(End::Drained(cut_off?)),
        second = second => Ok(End::AtOnce(second)),
    }
}
