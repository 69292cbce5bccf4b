//! `neon-sms-relay serve`: the production server, its signals and its drain.

use super::signals::{Reloads, Stop, Stops};
use super::systemd;
use crate::app::reload::Reload;
use crate::app::{self, App, Parts, descriptors};
use crate::config::{Changes, ConfigErrors, Settings};
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
    let runtime = super::runtime()?;
    let traces = super::start_traces(&settings, runtime.handle())?;
    let _log = super::start_logging(&settings, &metrics, traces.as_ref())?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    if let Some(remark) = settings.guard.remark() {
        tracing::info!("{remark}");
    }
    let end = runtime.block_on(serve(&settings, metrics))?;
    if let Some(traces) = &traces {
        match end {
            End::Drained(_) => traces.end(),
            End::AtOnce(_) => traces.abandon(),
        }
    }
    match end {
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
    let (mut stops, mut reloads) = (Stops::listen(), Reloads::listen());
    let mut app = App::build(settings, Parts { metrics, descriptors, ..Parts::default() })?;
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
    let mut reload = app.take_reload();
    let reloading = async {
        let mut told = settings.warnings.clone();
        loop {
            reloads.next().await;
            systemd::reloading();
            if let Some(reload) = &mut reload {
                read_again(reload, &mut told);
            }
            systemd::ready(&address.to_string());
        }
    };
    tokio::select! {
        never = reloading => never,
        cut_off = app.run_until(async { stopped.await.unwrap_or(()) }) => Ok(End::Drained(cut_off?)),
        second = second => Ok(End::AtOnce(second)),
    }
}

/// Reads the variables as a start does. A faulty set changes nothing.
fn read_again(reload: &mut Reload, told: &mut Vec<String>) {
    let settings = match super::settings() {
        Ok(settings) => settings,
        Err(ConfigErrors(faults)) => {
            let faults = faults.iter().map(|fault| format!("{} {}", fault.variable, fault.problem));
            let faults = faults.collect::<Vec<_>>().join("; ");
            tracing::error!(faults, "the variables were read again and are faulty: nothing has changed");
            return;
        }
    };
    for warning in settings.warnings.iter().filter(|warning| !told.contains(warning)) {
        tracing::warn!("{warning}");
    }
    told.clone_from(&settings.warnings);
    match reload.apply(&settings) {
        Ok(Changes { taken, left }) => {
            tracing::info!(changed = taken.join(", "), "the variables were read again");
            if !left.is_empty() {
                let variables = left.join(", ");
                tracing::warn!(variables, "variables have changed that only a new start takes over");
            }
        }
        Err(error) => {
            let error = format!("{error:#}");
            tracing::error!(error, "the variables were read again and cannot be used: nothing has changed");
        }
    }
}
