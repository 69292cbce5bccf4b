//! The commands. One file each; this one parses, dispatches, and turns errors into exit codes:
//! 0 done, 1 failed, 2 wrong configuration or arguments.

mod dev;
mod healthcheck;
mod send;
mod serve;

use crate::config::{ConfigErrors, Settings};
use crate::telemetry::{self, LogFormat};
use clap::{Parser, Subcommand};
use sms_providers::PhoneNumber;
use std::process::ExitCode;

/// Delivers Neon Auth's one-time codes by SMS: verified, exactly once, with failover.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the production server (the default). Needs NEON_AUTH_URL, SMS_PROVIDER and the provider's
    /// variables; reads .env from the working directory, real variables win.
    Serve,
    /// Run the relay with an emulator of Neon Auth and an SMS inbox: no account, no variable needed.
    /// PORT (8080) is the relay's, DEV_PORT (8025) the emulator's and the inbox's.
    Dev,
    /// Send one real test SMS through SMS_PROVIDER's chain and print what each provider said. Needs
    /// SMS_PROVIDER and the providers' variables; exit 1 if no provider took it.
    Send {
        /// The number to send to, in E.164 form, such as +15551234567.
        #[arg(long)]
        to: PhoneNumber,
    },
    /// Ask the server on this machine at PORT (8080) whether it is alive; exit 1 if not. For containers.
    Healthcheck,
}

/// Parses the command line and runs the command.
pub fn run() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    let result = match command {
        Command::Serve => serve::run(),
        Command::Dev => dev::run(),
        Command::Send { to } => send::run(&to),
        Command::Healthcheck => healthcheck::run(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            // The chain of causes on one line: what was tried, and why it failed.
            eprintln!("neon-sms-relay: {error:#}");
            if error.is::<ConfigErrors>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// The variables of the process over those of `.env`.
fn vars() -> Vec<(String, String)> {
    let from_file = dotenvy::dotenv_iter().into_iter().flatten().flatten();
    from_file
        .chain(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
        .collect()
}

fn settings() -> Result<Settings, ConfigErrors> {
    Settings::from_vars(vars())
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn start_logging(settings: &Settings) -> anyhow::Result<()> {
    let format = match settings.server.json_logs {
        Some(true) => LogFormat::Json,
        Some(false) => LogFormat::Pretty,
        None => LogFormat::for_this_output(),
    };
    let filter = &settings.server.log_filter;
    telemetry::start(filter, format, std::io::stdout).map_err(anyhow::Error::from_boxed)
}
