//! An event on one line, for people.

use super::{json, masked, printable, span};
use crate::app::events::{Delivery, LoggedText, Text};
use crate::domain::{Region, TextStatus, Timestamp};
use std::time::Duration;

/// The names of the columns.
pub(super) fn head() -> String {
    columns("time", "event id", "event", "number", "region", "user", "texts")
}

pub(super) fn of(delivery: &Delivery, now: Timestamp) -> String {
    let number = masked(delivery);
    columns(
        &delivery.came_at.to_rfc3339(),
        delivery.event.as_str(),
        &printable(&delivery.event_type),
        number.as_deref().unwrap_or("-"),
        delivery.region.as_ref().map_or("-", Region::as_str),
        &user(delivery, now),
        &outcome(delivery),
    )
}

fn columns(time: &str, id: &str, event: &str, number: &str, region: &str, user: &str, texts: &str) -> String {
    format!("{time:<24}  {id:<36}  {event:<21}  {number:<6}  {region:<6}  {user:<12}  {texts}")
}

/// Whether the user got in.
pub(super) fn user(delivery: &Delivery, now: Timestamp) -> String {
    let was_texted = || {
        let mut requests = delivery.texts.iter().filter_map(|text| text.request.as_ref());
        requests.any(Text::is_accepted)
    };
    match (delivery.verified_at, delivery.verified_after()) {
        (Some(_), Some(after)) => format!("in, {}", span(after)),
        (Some(_), None) => "in".to_owned(),
        (None, _) if !was_texted() => "-".to_owned(),
        (None, _) if delivery.dies_at() < now => "not in".to_owned(),
        (None, _) => "waiting".to_owned(),
    }
}

/// Each text, and the answer where it is no plain success.
fn outcome(delivery: &Delivery) -> String {
    let mut parts: Vec<_> = delivery.texts.iter().map(text).collect();
    match (delivery.reply.as_ref().and_then(json::answer), parts.is_empty()) {
        (None, _) => parts.push("not answered".to_owned()),
        (Some(json::Answer { status: 200, .. }), false) => {}
        (Some(answer), _) => {
            let rule = json::decision(delivery).and_then(|said| said.rules.into_iter().next());
            let because = rule.map(|rule| format!(" ({})", printable(&rule))).unwrap_or_default();
            parts.push(format!("{}{}{because}", answer.status, error(answer)));
        }
    }
    parts.join(", ")
}

pub(super) fn error(answer: json::Answer) -> String {
    answer.error.map(|error| format!(" {error}")).unwrap_or_default()
}

fn text(text: &LoggedText) -> String {
    let provider = text.provider.as_str();
    let Some(request) = &text.request else {
        let status = text.status.map_or("unknown", TextStatus::as_str);
        return format!("{provider} {status}");
    };
    // A verdict that is none of success says more than the status, which is none then.
    let (word, code) = match text.status {
        Some(status) => (status.as_str(), &text.status_code),
        None => (request.verdict.as_str(), &request.code),
    };
    let code = code.as_ref().map(|code| format!(" {}", printable(code))).unwrap_or_default();
    format!("{provider} {}{code} {}", printable(word), span(Duration::from_millis(request.elapsed_ms.into())))
}
