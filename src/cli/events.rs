//! `neon-sms-relay events`: what was delivered, what became of it, and whether the user got in.

mod follow;
mod json;
mod line;
mod timeline;

use super::output::{Output, complain};
use crate::app::events::{Delivery, Ending, OpenEvents, Wanted};
use crate::config::{self, StoreSettings};
use crate::domain::{Clock, EventId, SystemClock, Timestamp, check_possible};
use anyhow::bail;
use clap::{Args, Subcommand};
use sms_providers::PhoneNumber;
use std::io::Stdout;
use std::process::ExitCode;
use std::time::Duration;

/// As many are shown where nothing else is said.
const LIMIT: u32 = 100;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct EventsArgs {
    #[command(subcommand)]
    command: Option<EventsCommand>,
    #[command(flatten)]
    list: List,
}

#[derive(Subcommand)]
enum EventsCommand {
    /// All that is known of one event, in the order of time, with what the providers' codes mean.
    Show {
        /// The id of the event.
        #[arg(value_parser = event_id)]
        id: EventId,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
struct List {
    /// Go on with what comes, and with events of which more is known than before: those get another line. Asks the
    /// store each second, until it is interrupted.
    #[arg(long)]
    follow: bool,
    /// Only events of which no text was taken, or the last report is of a failure.
    #[arg(long, conflicts_with_all = ["unverified", "refused"])]
    failed: bool,
    /// Only events of which a text was taken, the code is dead, and nobody got in.
    #[arg(long, conflicts_with = "refused")]
    unverified: bool,
    /// Only events that were refused by the limits.
    #[arg(long)]
    refused: bool,
    /// Only events to this number, such as +15551234567.
    // Taken as it is: what clap says of a value that it cannot read repeats it.
    #[arg(long)]
    number: Option<String>,
    /// Only events of this time, such as 30m, 2h or 7d, or since a time such as 2026-02-23T12:00:00Z; all of them,
    /// unless --limit is set.
    #[arg(long, value_parser = since)]
    since: Option<Since>,
    /// The latest so many [default: 100, or all with --since]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: Option<u32>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    Ago(Duration),
    At(Timestamp),
}

fn event_id(text: &str) -> Result<EventId, &'static str> {
    EventId::new(text).ok_or("this is not the id of an event")
}

fn since(text: &str) -> Result<Since, &'static str> {
    let ago = || {
        let unit = text.chars().last()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            'w' => 7 * 24 * 3600,
            _ => return None,
        };
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Since::Ago(Duration::from_secs(u64::from(count) * seconds)))
    };
    let at = || Timestamp::from_rfc3339(text).map(Since::At);
    ago().or_else(at).ok_or("write 90s, 30m, 2h, 7d, or a time such as 2026-02-23T12:00:00Z")
}

/// Why an argument is refused; never the argument itself.
const BAD_NUMBER: &str =
    "--number is not a possible number in E.164 form; write it with a plus sign and its country's code";

pub(super) fn run(arguments: EventsArgs) -> anyhow::Result<ExitCode> {
    let number = match arguments.list.number.as_deref().map(number).transpose() {
        Ok(number) => number,
        Err(problem) => {
            complain(format_args!("neon-sms-relay: {problem}"));
            return Ok(ExitCode::from(2));
        }
    };
    let vars = super::vars()?;
    let (settings, network) = (StoreSettings::from_vars(vars.clone())?, config::network(vars)?);
    super::runtime()?.block_on(async {
        let events = OpenEvents::open(&settings, &network)?;
        match arguments.command {
            Some(EventsCommand::Show { id, json }) => show(&events, id, json).await?,
            None => {
                let recipient_hash = match &number {
                    Some(number) => Some(events.hash(number).await?),
                    None => None,
                };
                list(&events, &arguments.list, recipient_hash).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn number(text: &str) -> Result<PhoneNumber, &'static str> {
    let number = text.trim().parse().map_err(|_| BAD_NUMBER)?;
    check_possible(&number).map_err(|_| BAD_NUMBER)?;
    Ok(number)
}

async fn show(events: &OpenEvents, id: EventId, json: bool) -> anyhow::Result<()> {
    let Some(delivery) = events.one(id).await? else {
        bail!("there is no such event in the store: it never came, or STORE_TTL_HOURS are over");
    };
    let mut out = Output::stdout();
    if json { out.line(json::line(&delivery)?) } else { out.line(timeline::of(&delivery, SystemClock.now())) }
}

async fn list(events: &OpenEvents, list: &List, recipient_hash: Option<String>) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let since = list.since.map(|since| match since {
        Since::Ago(ago) => now.minus(ago),
        Since::At(at) => at,
    });
    let ending = match (list.failed, list.unverified, list.refused) {
        (true, _, _) => Some(Ending::Failed),
        (_, true, _) => Some(Ending::Unverified),
        (_, _, true) => Some(Ending::Refused),
        _ => None,
    };
    let wanted = Wanted { recipient_hash, since, ending };
    let limit = list.limit.or_else(|| since.is_none().then_some(LIMIT));
    let mut printer = Printer { out: Output::stdout(), json: list.json, headed: false };
    if list.follow {
        return follow::run(events, &wanted, limit, &mut printer).await;
    }
    match limit {
        Some(limit) => printer.all(&events.latest(&wanted, limit, now).await?, now)?,
        None => {
            let mut walk = events.walk(&wanted, now);
            loop {
                let page = walk.next().await?;
                printer.all(&page, now)?;
                if page.is_empty() || !printer.out.is_read() {
                    break;
                }
            }
        }
    }
    if !printer.headed && !list.json {
        printer.out.line("No such event in the store.")?;
    }
    Ok(())
}

/// Writes events one below the other.
struct Printer {
    out: Output<Stdout>,
    json: bool,
    /// Something was written, under a line that names the columns.
    headed: bool,
}

impl Printer {
    fn all(&mut self, deliveries: &[Delivery], now: Timestamp) -> anyhow::Result<()> {
        for delivery in deliveries {
            if self.json {
                self.out.line(json::line(delivery)?)?;
            } else {
                if !std::mem::replace(&mut self.headed, true) {
                    self.out.line(line::head())?;
                }
                self.out.line(line::of(delivery, now))?;
            }
        }
        Ok(())
    }
}

/// A number as it may be shown.
fn masked(delivery: &Delivery) -> Option<String> {
    delivery.last_two.as_ref().map(|last_two| format!("…{last_two}"))
}

/// What could steer a terminal is left out: ids and words come from others.
fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

/// A time span as people read it: `142 ms`, `12.3 s`, `4 min`.
fn span(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        1000..120_000 => format!("{:.1} s", duration.as_secs_f64()),
        millis => format!("{} min", millis / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_a_span_or_as_a_point_and_nothing_else() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("2h", 7200), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(since(text), Ok(Since::Ago(Duration::from_secs(seconds))), "{text}");
        }
        let at = Timestamp::from_rfc3339("2026-02-23T12:00:00Z").unwrap();
        assert_eq!(since("2026-02-23T13:00:00+01:00"), Ok(Since::At(at)));
        for bad in ["", "h", "2", "-2h", "2 h", "2y", "yesterday", "99999999999d", "2026-02-23"] {
            assert!(since(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_span_is_shown_in_the_unit_that_people_would_choose() {
        for (millis, shown) in [(0, "0 ms"), (142, "142 ms"), (12_345, "12.3 s"), (240_000, "4 min")] {
            assert_eq!(span(Duration::from_millis(millis)), shown);
        }
    }
}
