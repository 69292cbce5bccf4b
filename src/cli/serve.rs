//! `neon-sms-relay serve`: the production server, its signals and its drain.

use crate::app::{App, Parts};
use crate::telemetry::metrics::Metrics;
use std::process::ExitCode;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let settings = super::settings()?;
    let metrics = Metrics::default();
    let _log = super::start_logging(&settings, &metrics)?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    super::runtime()?.block_on(async {
        let app = App::build(&settings, Parts { metrics, ..Parts::default() })?;
        let metrics = app.metrics_address().map(|address| address.to_string());
        tracing::info!(address = %app.address(), metrics, version = env!("CARGO_PKG_VERSION"), "listening");
        let cut_off = app.run_until(stop_signal()).await?;
        if cut_off == 0 {
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        } else {
            tracing::error!(cut_off, "stopped before everything in flight was finished");
            Ok(ExitCode::FAILURE)
        }
    })
}

/// Ready on SIGTERM or SIGINT. actix would take SIGINT, which Fly sends by default, as an order to drop
/// everything, so both are handled here.
pub(super) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (term, int) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    match (term, int) {
        (Ok(mut term), Ok(mut int)) => {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        }
        _ => {
            tracing::error!("cannot listen for signals; only a kill will stop this process");
            std::future::pending().await
        }
    }
}
