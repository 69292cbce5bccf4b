//! Goes on with what comes.

use super::Printer;
use crate::app::events::{Changes, OpenEvents, Wanted};
use crate::cli::output::complain;
use crate::cli::signals::Stops;
use crate::domain::{Clock, SystemClock};
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;
use tokio::time::MissedTickBehavior;

/// How often the store is asked.
const EVERY: Duration = Duration::from_secs(1);

/// Shows the latest `limit` events, or all of a time, and then what is new, until somebody interrupts it or reads no
/// more. A store that is away for a while is waited for.
pub(super) async fn run(
    events: &OpenEvents,
    wanted: &Wanted,
    limit: Option<u32>,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let mut stops = Stops::listen();
    tokio::select! {
        result = tell(events, wanted, limit, printer) => result,
        _ = stops.next() => Ok(()),
        () = nobody_reads() => Ok(()),
    }
}

async fn tell(
    events: &OpenEvents,
    wanted: &Wanted,
    limit: Option<u32>,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let now = SystemClock.now();
    // First, so that nothing comes between what is shown and what is new.
    let mut changes = Changes::from_now_on(events, wanted.clone(), now).await?;
    let mut walk = events.walk(wanted, now);
    loop {
        let page = match limit {
            Some(limit) => events.latest(wanted, limit, now).await?,
            None => walk.next().await?,
        };
        printer.all(&page, now)?;
        let is_last = limit.is_some() || page.is_empty();
        page.into_iter().for_each(|delivery| changes.known(delivery));
        if is_last || !printer.out.is_read() {
            break;
        }
    }
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_away = false;
    while printer.out.is_read() {
        ticks.tick().await;
        let now = SystemClock.now();
        match changes.next(now).await {
            Ok(new) => {
                is_away = false;
                printer.all(&new, now)?;
            }
            Err(error) if !std::mem::replace(&mut is_away, true) => {
                complain(format_args!("neon-sms-relay: {error}; trying again"));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// Ready once the reader of a pipe has gone, also while there is nothing to write; never for a file.
async fn nobody_reads() {
    // Only to be told of the end: nothing is written to it, so that it may stay as blocking as it is.
    let pipe = io::stdout().as_fd().try_clone_to_owned().and_then(Sender::from_owned_fd_unchecked);
    if let Ok(pipe) = pipe
        && pipe.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
