//! `neon-sms-relay outbox list|retry|drop`: what waits for the user's app, what was given up, and why.

use crate::app::outbox::{Counts, Entry, EntryState, OpenOutbox, Selection};
use crate::config::StoreSettings;
use crate::domain::{EventId, SignedRequest};
use anyhow::bail;
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Subcommand)]
pub(super) enum OutboxCommand {
    /// Show the oldest events, how often each was tried, and why the app has not taken it.
    List {
        /// Only the event of this id.
        #[arg(value_parser = event_id)]
        id: Option<EventId>,
        /// Only events that were given up.
        #[arg(long)]
        dead: bool,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Also what Neon sent: names, addresses, numbers. Needs the server's HASH_KEY, if it has one.
        #[arg(long)]
        show: bool,
    },
    /// Try events again now, also such that were given up; each gets another day.
    Retry(Which),
    /// Forget events for good.
    Drop(Which),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// The ids of the events.
    #[arg(value_parser = event_id)]
    ids: Vec<EventId>,
    /// All that were given up.
    #[arg(long)]
    dead: bool,
    /// All.
    #[arg(long)]
    all: bool,
}

fn event_id(text: &str) -> Result<EventId, &'static str> {
    EventId::new(text).ok_or("this is not the id of an event")
}

impl Which {
    fn selections(self) -> Vec<Selection> {
        match (self.dead, self.all) {
            (true, _) => vec![Selection::Dead],
            (_, true) => vec![Selection::All],
            (false, false) => self.ids.into_iter().map(Selection::One).collect(),
        }
    }
}

pub(super) fn run(command: OutboxCommand) -> anyhow::Result<ExitCode> {
    let settings = StoreSettings::from_vars(super::vars()?)?;
    super::runtime()?.block_on(async {
        let outbox = OpenOutbox::open(&settings)?;
        match command {
            OutboxCommand::List { id, dead, limit, show } => {
                list(&outbox, id.as_ref(), dead, limit, show).await?;
            }
            OutboxCommand::Retry(which) => {
                let mut count = 0;
                for selection in which.selections() {
                    count += some(&selection, outbox.retry(&selection).await?)?;
                }
                println!("{count} to be tried again, within 30 s if the server runs with FORWARD_URL.");
            }
            OutboxCommand::Drop(which) => {
                let mut count = 0;
                for selection in which.selections() {
                    count += some(&selection, outbox.discard(&selection).await?)?;
                }
                println!("{count} dropped.");
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A single event that is asked for by name has to be there.
fn some(selection: &Selection, count: u64) -> anyhow::Result<u64> {
    match selection {
        Selection::One(id) if count == 0 => bail!("no event {id} is in the outbox"),
        Selection::One(_) | Selection::Dead | Selection::All => Ok(count),
    }
}

async fn list(
    outbox: &OpenOutbox,
    id: Option<&EventId>,
    dead: bool,
    limit: u32,
    show: bool,
) -> anyhow::Result<()> {
    let is_meant = |entry: &Entry| {
        id.is_none_or(|id| entry.id == *id) && (!dead || matches!(entry.state, EntryState::Dead(_)))
    };
    // What is asked for may be behind any number of others.
    let all = if dead || id.is_some() { u32::MAX } else { limit };
    let entries = outbox.list(all).await?.into_iter().filter(is_meant).take(limit as usize);
    println!("{:<36}  {:<32}  {:>8}  {:<29}  last failure", "event", "type", "attempts", "state");
    for entry in entries {
        println!("{}", line(&entry));
        if show {
            match outbox.request(&entry).await? {
                Some(request) => println!("{}", whole(&request)),
                None => println!("    cannot be opened: it was sealed under another HASH_KEY"),
            }
        }
    }
    let Counts { waiting, dead } = outbox.counts().await?;
    println!("\n{waiting} waiting, {dead} given up.");
    Ok(())
}

fn line(entry: &Entry) -> String {
    let state = match entry.state {
        EntryState::Waiting(at) => format!("next {at}"),
        EntryState::Dead(at) => format!("dead {at}"),
    };
    let Entry { id, event_type, attempts, failure, .. } = entry;
    let failure = failure.as_deref().unwrap_or("-");
    format!("{:<36}  {event_type:<32}  {attempts:>8}  {state:<29}  {failure}", id.as_str())
}

/// The request, line by line; what could steer a terminal is left out.
fn whole(request: &SignedRequest) -> String {
    let headers = request.headers.iter().map(|(name, value)| format!("{name}: {}", printable(value)));
    let lines = headers.chain([printable(&request.body)]).map(|line| format!("    {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|letter| !letter.is_control()).collect()
}
