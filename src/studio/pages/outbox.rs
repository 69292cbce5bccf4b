//! What waits for the app, and what it never took.

use super::parts;
use crate::domain::{EndpointId, Timestamp};
use crate::store::{Counts, Entry, EntryState};
use crate::studio::words;
use maud::{Markup, html};

/// What the outbox is made of.
pub(in crate::studio) struct Shown<'a> {
    /// The oldest of them.
    pub entries: &'a [Entry],
    /// How many there are.
    pub counts: Counts,
    /// What was done by the form that was sent last: how many, and what became of them.
    pub done: Option<(u64, &'static str)>,
    /// Now.
    pub now: Timestamp,
}

pub(in crate::studio) fn page(shown: &Shown<'_>) -> Markup {
    let Counts { waiting, dead } = shown.counts;
    let all = waiting + dead;
    html! {
        h1 { "Outbox" }
        @if let Some((count, done)) = shown.done {
            p class="done" role="status" { (words::counted(count, "event", "events")) " " (done) }
        }
        div id="outbox" data-live {
            @if all == 0 {
                (parts::empty("Nothing waits for the app.", &html! {
                    "Events that the app behind FORWARD_URL has not taken yet are listed here, and what it answered." }))
            } @else {
                p class="lead" {
                    b { (words::count(waiting)) } " waiting, " b { (words::count(dead)) } " given up."
                    @if (shown.entries.len() as u64) < all { " These are the oldest " (words::count(shown.entries.len() as u64)) "." }
                }
                p class="acts" {
                    @if dead > 0 {
                        a class="button" href="/outbox/retry?which=dead" { "Try again what was given up" }
                        a class="button" href="/outbox/drop?which=dead" { "Drop what was given up" }
                    }
                    @if waiting > 0 { a class="button" href="/outbox/retry?which=all" { "Try all now" } }
                }
                (table(shown))
            }
        }
    }
}

fn table(shown: &Shown<'_>) -> Markup {
    html! {
        table class="list outbox" role="table" {
            caption class="unseen" { "Events for the app, the oldest first" }
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { "Came" }
                    th role="columnheader" scope="col" { "State" }
                    th role="columnheader" scope="col" { "Event" }
                    th role="columnheader" scope="col" { "What the app said" }
                    th role="columnheader" scope="col" class="last" { span class="unseen" { "Act" } }
                }
            }
            tbody role="rowgroup" { @for entry in shown.entries { (row(entry, shown.now)) } }
        }
    }
}

fn row(entry: &Entry, now: Timestamp) -> Markup {
    let tried = words::counted(entry.attempts.into(), "attempt", "attempts");
    let id = query(entry);
    html! {
        tr role="row" {
            td role="cell" class="when" { (parts::time(entry.queued_at, now)) }
            td role="cell" class="state" { (state(entry.state, now)) }
            td role="cell" class="to" {
                code { (words::printable(&entry.event_type)) }
                @if let Some(endpoint) = &entry.endpoint { " " span class="soft" { (EndpointId::as_str(endpoint)) } }
            }
            td role="cell" class="why" {
                @if let Some(failure) = &entry.failure { (words::printable(failure)) ", " }
                span class="soft" { (tried) }
            }
            td role="cell" class="act" {
                a href=(format!("/outbox/retry?{id}")) { "Retry" span class="unseen" { " " (entry.id) } }
                a href=(format!("/outbox/drop?{id}")) { "Drop" span class="unseen" { " " (entry.id) } }
            }
        }
    }
}

fn query(entry: &Entry) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("which", "one").append_pair("id", entry.id.as_str());
    query.finish()
}

fn state(state: EntryState, now: Timestamp) -> Markup {
    html! {
        @match state {
            EntryState::Waiting(at) if at <= now => span class="badge quiet" { "Due now" },
            EntryState::Waiting(at) => { span class="badge quiet" { "Next " (words::clock(at)) } },
            EntryState::Behind => span class="badge quiet" { "Behind another" },
            EntryState::Dead(_) => span class="badge bad" { "Given up" },
        }
    }
}
