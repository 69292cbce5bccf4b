//! `neon-sms-relay studio`: the operator's page, until it is interrupted.

use super::output::{Output, complain};
use super::signals::Stops;
use crate::app;
use crate::config::{self, GuardSection, StoreSettings};
use crate::studio::{StudioOptions, StudioServer};
use crate::tasks::Tasks;
use anyhow::Context;
use clap::Args;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

/// How long an answer that is being made is waited for at the end.
const FAREWELL: Duration = Duration::from_secs(2);

#[derive(Args)]
pub(super) struct StudioArguments {
    /// The port to listen on; 0 is any that is free.
    #[arg(long, default_value_t = 8030)]
    port: u16,
    /// The address to listen on. Only this machine reaches the default; from another one, use
    /// ssh -L 8030:127.0.0.1:8030.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
}

pub(super) fn run(arguments: &StudioArguments) -> anyhow::Result<ExitCode> {
    let vars = super::vars()?;
    let user = vars.iter().rev().find(|(name, value)| name == "USER" && !value.is_empty());
    let by = user.map_or_else(|| "studio".to_owned(), |(_, user)| user.clone());
    let (settings, limits) =
        (StoreSettings::from_vars(vars.clone())?, GuardSection::from_vars(vars.clone())?);
    let network = config::network(vars)?;
    super::runtime()?.block_on(async {
        let sources = app::studio::open(&settings, &network, limits, by).await?;
        let StudioArguments { port, host } = arguments;
        let listener = TcpListener::bind((*host, *port))
            .with_context(|| format!("cannot listen on {host}, port {port}; another one is set by --port"))?;
        let (tasks, mut stops) = (Tasks::current(), Stops::listen());
        let studio = StudioServer::start(StudioOptions { listener, sources, tasks: tasks.clone() })?;
        let mut out = Output::stdout();
        out.line(format_args!("Studio: {}", studio.url()))?;
        if studio.is_open() {
            complain(
                "Other machines reach this page, and it is not encrypted: whoever sees the traffic has the token. \
                 Prefer ssh -L 8030:127.0.0.1:8030.",
            );
        }
        if !out.is_read() {
            // Nobody will know the token.
            return Ok(ExitCode::SUCCESS);
        }
        stops.next().await;
        tokio::select! {
            () = studio.stop() => {}
            second = stops.next() => return Ok(second.exit_code()),
        }
        tasks.drain(FAREWELL).await;
        Ok(ExitCode::SUCCESS)
    })
}
