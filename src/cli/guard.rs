//! `neon-sms-relay guard status|block|unblock|forget`: what is closed and why, how full each budget is; and erasing one
//! number, for a person's request.

mod status;

use super::output::Output;
use crate::app::forget::{Erased, Memory};
use crate::app::guard::{Prefix, SharedGuard};
use crate::config::{self, GuardSection, StoreSettings};
use anyhow::bail;
use clap::Subcommand;
use sms_providers::PhoneNumber;
use std::io::Write;
use std::process::ExitCode;

#[derive(Subcommand)]
pub(super) enum GuardCommand {
    /// Show what is closed, why and since when, and how full each budget is. Reads the guard's variables, too.
    Status {
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Give numbers that begin with this no text any more, also such that were verified: within 5 s everywhere.
    Block {
        /// The digits after +, such as +2250700.
        #[arg(value_parser = prefix)]
        prefix: Prefix,
    },
    /// Open a prefix again, whoever closed it.
    Unblock {
        /// The digits after +, as they were blocked.
        #[arg(value_parser = prefix)]
        prefix: Prefix,
    },
    /// Erase one number everywhere, because a person asks for it: its events and their texts, its limits, its
    /// verification, its test code, events that wait for the app; and what running servers hold of it, within 5 s.
    /// Needs the server's HASH_KEY, if it has one.
    Forget {
        /// The number in E.164 form, such as +15551234567.
        number: PhoneNumber,
    },
}

fn prefix(text: &str) -> Result<Prefix, &'static str> {
    let prefix = Prefix::parse(text).ok_or("write + and the country code, then some digits: +2250700")?;
    if prefix.is_whole() {
        return Err("this may be a whole number, and none is stored; write ten digits at most");
    }
    Ok(prefix)
}

pub(super) fn run(command: GuardCommand) -> anyhow::Result<ExitCode> {
    let vars = super::vars()?;
    let user = vars.iter().rev().find(|(name, value)| name == "USER" && !value.is_empty());
    let by = user.map_or_else(|| "unknown".to_owned(), |(_, user)| user.clone());
    let (settings, section) =
        (StoreSettings::from_vars(vars.clone())?, GuardSection::from_vars(vars.clone())?);
    let network = config::network(vars)?;
    super::runtime()?.block_on(async {
        let guard = || SharedGuard::open(&settings, &network, section);
        let mut out = Output::stdout();
        match command {
            GuardCommand::Status { json: true } => out.line(status::as_json(&guard()?.status().await?))?,
            GuardCommand::Status { json: false } => status::tell(&guard()?.status().await?, &mut out)?,
            GuardCommand::Block { prefix } => {
                guard()?.block(prefix, by).await?;
                out.line(format_args!("{prefix} gets no text from now on, within 5 s everywhere."))?;
            }
            GuardCommand::Unblock { prefix } => {
                if !guard()?.unblock(prefix).await? {
                    bail!("{prefix} is not closed; see: neon-sms-relay guard status");
                }
                out.line(format_args!("{prefix} is open again, within 5 s everywhere."))?;
            }
            GuardCommand::Forget { number } => {
                forget(&Memory::open(&settings, &network)?, &number, &mut out).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn forget(memory: &Memory, number: &PhoneNumber, out: &mut Output<impl Write>) -> anyhow::Result<()> {
    let Erased { events, texts, numbers, test_codes, waiting, unreadable } = memory.erase(number).await?;
    for (count, what) in [
        (events, "events"),
        (texts, "texts"),
        (numbers, "numbers with their limits and verification"),
        (test_codes, "test codes"),
        (waiting, "events that waited for the app"),
    ] {
        out.line(format_args!("{count:>8}  {what}"))?;
    }
    out.line(format_args!("erased of {number}. Running servers forget it within 5 s."))?;
    if unreadable > 0 {
        bail!(
            "{unreadable} events that wait for the app were sealed under another HASH_KEY and could not be looked \
             into; set the server's, or drop them: neon-sms-relay outbox list"
        );
    }
    Ok(())
}
