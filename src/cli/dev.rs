//! `neon-sms-relay dev`: relay, emulator of Neon Auth and SMS inbox in one process, without an account.

mod bench;
mod choices;
mod ports;
mod terminal;
mod tunnel;
mod variables;

use super::output::Output;
use super::signals::Stops;
use crate::app::{App, Parts, Reporting};
use crate::dev::{DevOptions, DevServer, InboxProvider};
use crate::domain::SystemClock;
use crate::telemetry::metrics::Metrics;
use anyhow::Context;
use ports::Wish;
use sms_providers::ProviderName;
use sms_providers::client::http_client;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use terminal::Welcome;
use tokio::sync::oneshot;
use tunnel::TunnelArguments;
use url::Url;

/// What may be said on the command line.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct DevArguments {
    /// The emulator's and the inbox's port, in place of DEV_PORT; 0 is any.
    #[arg(long)]
    port: Option<u16>,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    tunnel: TunnelArguments,
    #[command(subcommand)]
    command: Option<DevCommand>,
}

#[derive(clap::Subcommand)]
enum DevCommand {
    /// Load a relay on this machine with signed events at a steady rate, and print how fast it answered: its own relay
    /// with a vendor that costs nothing, or one that runs already. Latencies count from the time at which an event was
    /// due. Exit 1 if a text was doubled or is missing.
    Bench(bench::BenchArguments),
}

const RELAY: Wish = Wish {
    variable: "PORT",
    usual: 8080,
    whose: "the relay",
    rivals: "another dev or your app",
    both_families: false,
};
const NEON: Wish = Wish {
    variable: "DEV_PORT",
    usual: 8025,
    whose: "this page",
    rivals: "another dev or Mailpit",
    both_families: true,
};

pub(super) fn run(arguments: &DevArguments) -> anyhow::Result<ExitCode> {
    if let Some(DevCommand::Bench(arguments)) = &arguments.command {
        return bench::run(arguments);
    }
    let mut vars: HashMap<_, _> = super::vars()?.into_iter().collect();
    if let Some(port) = arguments.port {
        vars.insert(NEON.variable.to_owned(), port.to_string());
    }
    if let Some(program) = arguments.tunnel.tunnel {
        return tunnel::run(program, arguments, &vars);
    }
    let (host, behaviour) = (choices::host(&vars)?, choices::behaviour(&vars)?);
    let (mut relay, neon) = (RELAY.take(&vars, None)?, NEON.take(&vars, host)?);
    let webhook = Url::parse(&format!("http://127.0.0.1:{}/webhooks/neon-auth", relay.number))?;
    // The address in figures: how `localhost` is resolved is the browser's business.
    let auth_url = Url::parse(&format!("http://127.0.0.1:{}/neondb/auth", neon.number))?;
    let (settings, ignored) = variables::settings(&vars, &auth_url)?;
    let metrics = Metrics::default();
    let _log = super::start_logging(&settings, &metrics, None)?;
    super::runtime()?.block_on(async {
        let clock = Arc::new(SystemClock);
        let lines = terminal::lines()?;
        let inbox = InboxProvider::telling(clock.clone(), move |to, body| {
            let _ = lines.try_send(terminal::text_line(to, body));
        });
        let providers: Option<Vec<Arc<dyn sms_providers::SmsProvider>>> = Some(vec![Arc::new(inbox.clone())]);
        let listener = Some(relay.listeners.pop().context("nothing listens")?);
        let reporting = Some(Reporting {
            provider: ProviderName::Inbox,
            base: webhook.join("/")?,
            verifier: inbox.report_verifier(),
        });
        let parts = Parts { providers, reporting, listener, metrics, ..Parts::default() };
        let app = App::build(&settings, parts)?;
        let dev = DevServer::start(DevOptions {
            listeners: neon.listeners,
            webhook_url: webhook.clone(),
            clock,
            tasks: app.tasks().clone(),
            http: http_client().map_err(anyhow::Error::from_boxed)?,
            inbox,
            is_open: host.is_some(),
            behaviour,
        })?;
        let opened = host.map(|host| choices::what_is_open(host, neon.number));
        let strict = behaviour.strict.then(choices::what_is_strict);
        let chosen = opened.into_iter().chain(strict);
        let notes: Vec<_> = chosen.chain(neon.notes).chain(relay.notes).collect();
        let welcome = Welcome {
            dev: &dev,
            webhook: &webhook,
            app: settings.forward.routing.targets.default.as_ref(),
            ignored: &ignored,
            notes: &notes,
        };
        let mut out = Output::stdout();
        out.line(welcome.text())?;
        if !out.is_read() {
            // Nobody will know where to go.
            return Ok(ExitCode::SUCCESS);
        }
        let mut stops = Stops::listen();
        let (stop, stopped) = oneshot::channel::<()>();
        let second = async {
            stops.next().await;
            drop(stop);
            stops.next().await
        };
        if arguments.open {
            choices::open_page(dev.inbox_url());
        }
        let stop = async {
            let _ = stopped.await;
            dev.stop().await;
        };
        tokio::select! {
            cut_off = app.run_until(stop) => cut_off.map(|_| ExitCode::SUCCESS).map_err(Into::into),
            second = second => Ok(second.exit_code()),
        }
    })
}
