//! The commands. One file each; this one parses, dispatches, and turns errors into exit codes:
//! 0 done, 1 failed, 2 wrong configuration or arguments.

mod dev;
mod doctor;
mod events;
mod guard;
mod healthcheck;
mod manual;
mod neon;
mod outbox;
mod output;
mod send;
mod serve;
mod signals;
mod studio;
mod systemd;
mod trigger;
mod variables;

use crate::config::{ConfigErrors, Fault, Settings, dotenv};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::otlp::{Exporting, Sampling, Traces};
use crate::telemetry::{self, LogEnd, LogFormat};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use output::{Output, complain};
use sms_providers::PhoneNumber;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::runtime::Handle;

const DOTENV: &str = ".env";
const DOTENV_REMEDY: &str =
    "write NAME=value, and put a value with spaces, quotes, $ or # between single quotes";

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
    /// variables; reads .env from the working directory, real variables win, and any secret NAME from the
    /// file that NAME_FILE names. SIGHUP reads .env and these files again. SIGTERM and SIGINT stop it once
    /// what is in flight is finished; a second one ends it at once.
    #[command(after_long_help = variables::listed())]
    Serve(serve::ServeArguments),
    /// Run the relay with an emulator of Neon Auth and an SMS inbox: no account, no variable needed.
    /// PORT (8080) is the relay's, DEV_PORT (8025) the emulator's and the inbox's; DEV_HOST lets other
    /// machines in, DEV_STRICT=1 turns numbers away that nobody has linked. It keeps nothing, and leaves
    /// the store and the accounts of .env alone. With --tunnel, the relay stands before the real branch.
    Dev(dev::DevArguments),
    /// Check everything around the server and print a table: variables, Neon's keys, the providers'
    /// credentials (nothing is sent), the store, PUBLIC_URL, FORWARD_URL, and the branch at Neon. Reads
    /// the variables of serve, and NEON_API_KEY, NEON_PROJECT_ID and NEON_BRANCH_ID for the branch; exit
    /// 1 if anything fails.
    Doctor,
    /// Send one real test SMS through SMS_PROVIDER's chain and print what each provider said. Needs
    /// SMS_PROVIDER and the providers' variables; exit 1 if no provider took it.
    Send {
        /// The number to send to, in E.164 form, such as +15551234567.
        #[arg(long)]
        to: PhoneNumber,
    },
    /// See what was delivered: one line an event, with each text, what its provider reported, and whether the user
    /// got in. `events show ID` tells all that is known of one. Needs STORE_URL, and for --number the server's
    /// HASH_KEY, if it has one; works beside the running server, and changes nothing.
    Events(events::EventsArgs),
    /// Look into the outbox: events that wait for FORWARD_URL, and events that it never took. Needs
    /// STORE_URL; works beside the running server.
    #[command(subcommand)]
    Outbox(outbox::OutboxCommand),
    /// Look at the limits that keep somebody from being paid for texts, close or open prefixes of numbers, and erase one
    /// number for a person's request. Needs STORE_URL; works beside the running servers.
    #[command(subcommand)]
    Guard(guard::GuardCommand),
    /// Serve the operator's page: what is going on, what is wrong and what to do, each delivery from the webhook to the
    /// verification, the outbox and the limits. Prints a URL with a token that is new at each start. Needs STORE_URL; for
    /// the search for a number the server's HASH_KEY, if it has one; for the limits the guard's variables. Works beside
    /// the running servers.
    Studio(studio::StudioArguments),
    /// Read and write how the branch at Neon is configured: its webhook and its phone-number plugin. Needs
    /// NEON_API_KEY, NEON_PROJECT_ID and NEON_BRANCH_ID.
    #[command(subcommand)]
    Neon(neon::NeonCommand),
    /// Let the `dev` at DEV_PORT (8025) sign an event and send it, good or spoilt, and print the answer; exit 1
    /// unless it is 2xx.
    Trigger(trigger::Trigger),
    /// Ask the server on this machine at HOST and PORT (8080) whether it is alive; exit 1 if not. For containers.
    Healthcheck,
    /// Print what a shell needs to complete the commands and their options. For bash:
    /// `neon-sms-relay completions bash > ~/.local/share/bash-completion/completions/neon-sms-relay`.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page, or write a page for each command into a folder, such as
    /// ~/.local/share/man/man1.
    Man {
        /// The folder, which has to be there.
        #[arg(value_hint = clap::ValueHint::DirPath)]
        folder: Option<PathBuf>,
    },
}

/// Parses the command line and runs the command.
pub fn run() -> ExitCode {
    let result = match Cli::try_parse() {
        Ok(cli) => {
            run_command(cli.command.unwrap_or_else(|| Command::Serve(serve::ServeArguments::default())))
        }
        Err(instead) => show(&instead),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            // The chain of causes on one line: what was tried, and why it failed.
            complain(format_args!("neon-sms-relay: {error:#}"));
            if error.is::<ConfigErrors>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run_command(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Dev(arguments) => dev::run(&arguments),
        Command::Doctor => doctor::run(),
        Command::Send { to } => send::run(&to),
        Command::Events(arguments) => events::run(arguments),
        Command::Outbox(command) => outbox::run(command),
        Command::Guard(command) => guard::run(command),
        Command::Studio(arguments) => studio::run(&arguments),
        Command::Neon(command) => neon::run(command),
        Command::Trigger(trigger) => trigger::run(&trigger),
        Command::Healthcheck => healthcheck::run(),
        Command::Completions { shell } => manual::completions(shell, Cli::command()),
        Command::Man { folder } => manual::pages(folder.as_deref(), Cli::command()),
    }
}

/// Prints what there is in place of a command: help, the version, or what is wrong with the arguments.
fn show(instead: &clap::Error) -> anyhow::Result<ExitCode> {
    let printed = instead.print();
    if instead.use_stderr() {
        // Nobody is left to hear that it could not be printed.
        return Ok(ExitCode::from(2));
    }
    Output::stdout().take(printed)?;
    Ok(ExitCode::SUCCESS)
}

/// The variables of the process over those of `.env` in the working directory.
///
/// # Errors
/// A line of `.env` that cannot be read: a variable that silently is not set is worse than none.
fn vars() -> Result<Vec<(String, String)>, ConfigErrors> {
    let outer: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let mut vars = match std::fs::read(DOTENV) {
        Ok(bytes) => {
            let known: HashMap<_, _> = outer.iter().cloned().collect();
            dotenv::parse(&bytes, |name| known.get(name).cloned())
                .map_err(|error| dotenv_fault(error.to_string(), DOTENV_REMEDY))?
        }
        Err(error) if is_no_file(&error) => Vec::new(),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let problem = "may not be read by this user".to_owned();
            return Err(dotenv_fault(problem, "let this user read it, or set the variables themselves"));
        }
        Err(_) => return Err(dotenv_fault("cannot be read".to_owned(), "set the variables themselves")),
    };
    vars.extend(outer);
    Ok(vars)
}

/// A folder of that name is a virtual environment of Python's, or what Docker makes of a file that it cannot find.
fn is_no_file(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory)
}

fn dotenv_fault(problem: String, remedy: &str) -> ConfigErrors {
    ConfigErrors(vec![Fault { variable: DOTENV.to_owned(), problem, remedy: remedy.to_owned() }])
}

fn settings() -> Result<Settings, ConfigErrors> {
    settings_of(vars()?)
}

fn settings_of(vars: Vec<(String, String)>) -> Result<Settings, ConfigErrors> {
    let mut settings = Settings::from_vars(vars)?;
    if Path::new(DOTENV).is_dir() {
        settings.warnings.push(format!("{DOTENV} is a folder and is passed over"));
    }
    Ok(settings)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Exports traces through connections of `runtime`, if there is anybody who takes them.
fn start_traces(settings: &Settings, runtime: &Handle) -> anyhow::Result<Option<Traces>> {
    let Some(traces) = settings.traces.clone() else { return Ok(None) };
    let exporting = Exporting {
        endpoint: traces.endpoint,
        headers: traces.headers,
        timeout: traces.timeout,
        gzip: traces.gzip,
        service: traces.service,
        attributes: traces.attributes,
        sampling: Sampling { ratio: traces.sampling.ratio, by_parent: traces.sampling.by_parent },
    };
    let http = settings.network.http_client().map_err(anyhow::Error::from_boxed)?;
    Ok(Some(Traces::start(&exporting, http, runtime.clone()).map_err(anyhow::Error::from_boxed)?))
}

/// Logs until what is returned is dropped.
fn start_logging(settings: &Settings, metrics: &Metrics, traces: Option<&Traces>) -> anyhow::Result<LogEnd> {
    let format = match settings.server.json_logs {
        Some(true) => LogFormat::Json,
        Some(false) => LogFormat::Pretty,
        None => LogFormat::for_this_output(),
    };
    let filter = &settings.server.log_filter;
    telemetry::start(filter, format, telemetry::stdout()?, metrics, traces).map_err(anyhow::Error::from_boxed)
}
