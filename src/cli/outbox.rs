//! `neon-sms-relay outbox list|retry|drop`: what waits for the user's app, what was given up, and why.

use super::output::Output;
use crate::app::outbox::{Counts, Entry, EntryState, OpenOutbox, Selection};
use crate::config::{self, StoreSettings};
use crate::domain::{EventId, SignedRequest};
use anyhow::bail;
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Subcommand)]
pub(super) enum OutboxCommand {
    /// Show the oldest events, how often each was tried, and why the app has not taken it.
    List {
        /// Only the event of this id.
        #[arg(value_parser = event_id, conflicts_with = "dead")]
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
    let vars = super::vars()?;
    let (settings, network) = (StoreSettings::from_vars(vars.clone())?, config::network(vars)?);
    super::runtime()?.block_on(async {
        let outbox = OpenOutbox::open(&settings, &network)?;
        match command {
            OutboxCommand::List { id, dead, limit, show } => {
                let selection = match id {
                    Some(id) => Selection::One(id),
                    None if dead => Selection::Dead,
                    None => Selection::All,
                };
                list(&outbox, &selection, limit, show).await?;
                Ok(ExitCode::SUCCESS)
            }
            OutboxCommand::Retry(which) => {
                let done = "to be tried again, if the server runs: within 30 s of their turn, or 30 min by an idle one on PostgreSQL";
                each(which, async |selection| Ok(outbox.retry(selection).await?), done).await
            }
            OutboxCommand::Drop(which) => {
                each(which, async |selection| Ok(outbox.discard(selection).await?), "dropped").await
            }
        }
    })
}

/// Does it to all that are meant. An event that is asked for by its id has to be there.
async fn each(
    which: Which,
    act: impl AsyncFn(&Selection) -> anyhow::Result<u64>,
    done: &str,
) -> anyhow::Result<ExitCode> {
    let (mut count, mut missing) = (0, Vec::new());
    for selection in which.selections() {
        let found = act(&selection).await?;
        count += found;
        match selection {
            Selection::One(id) if found == 0 => missing.push(id.to_string()),
            Selection::One(_) | Selection::Dead | Selection::All => {}
        }
    }
    Output::stdout().line(format_args!("{count} {done}."))?;
    if !missing.is_empty() {
        bail!("not in the outbox: {}", missing.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(outbox: &OpenOutbox, selection: &Selection, limit: u32, show: bool) -> anyhow::Result<()> {
    let entries = outbox.list(selection, limit).await?;
    let mut out = Output::stdout();
    let [event, kind, attempts, state] = ["event", "type", "attempts", "state"];
    out.line(format_args!("{event:<36}  {kind:<32}  {attempts:>8}  {state:<29}  last failure"))?;
    for entry in entries {
        out.line(line(&entry))?;
        if !out.is_read() {
            return Ok(());
        }
        if show {
            let sealed = "    cannot be opened: it was sealed under another HASH_KEY, or is gone by now";
            let request = outbox.request(&entry.id).await?;
            out.line(request.as_ref().map_or_else(|| sealed.to_owned(), whole))?;
        }
    }
    let Counts { waiting, dead } = outbox.counts().await?;
    out.line(format_args!("\n{waiting} waiting, {dead} given up."))
}

fn line(entry: &Entry) -> String {
    let state = match entry.state {
        EntryState::Waiting(at) => format!("next {at}"),
        EntryState::Behind => "behind another of its user".to_owned(),
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
