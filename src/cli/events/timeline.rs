//! All that is known of an event, for people: what it is, and what happened in the order of time.

use super::{json, line, masked, printable, span};
use crate::app::events::{Delivery, LoggedText};
use crate::domain::{EndpointId, Region, Reply, TextStatus, Timestamp};
use sms_providers::meaning;
use sms_providers::{CodeRow, DeliveryStatus};
use std::time::Duration;

pub(super) fn of(delivery: &Delivery, now: Timestamp) -> String {
    let mut lines: Vec<_> =
        facts(delivery, now).into_iter().map(|(name, fact)| format!("{name:<10} {fact}")).collect();
    lines.push(String::new());
    let mut moments = vec![(delivery.came_at, "came".to_owned())];
    moments.extend(delivery.texts.iter().flat_map(moments_of));
    if let Some(at) = delivery.verified_at {
        let after = delivery.verified_after().map(|after| format!(", {} after the first text", span(after)));
        moments.push((at, format!("the user typed the code{}", after.unwrap_or_default())));
    }
    // Those of the same moment stay in the order in which one leads to the next.
    moments.sort_by_key(|(at, _)| *at);
    lines.extend(moments.into_iter().map(|(at, what)| {
        let after = format!("+{:.1} s", at.since(delivery.came_at).as_secs_f64());
        format!("{at}  {after:>9}  {what}")
    }));
    lines.join("\n")
}

fn facts(delivery: &Delivery, now: Timestamp) -> Vec<(&'static str, String)> {
    let linked = if delivery.linked { "of a user" } else { "of no user yet" };
    let number = masked(delivery).map(|number| {
        let region = delivery.region.as_ref().map_or("unknown region", Region::as_str);
        format!("{number}, {region}, {linked}")
    });
    let code = delivery.expires_at.map(|at| {
        let dies = if at < now { "died" } else { "dies" };
        format!("{dies} {at}")
    });
    let decision = json::decision(delivery).map(|said| {
        let rules = said.rules.join(", ");
        printable(&if rules.is_empty() { said.outcome } else { format!("{} ({rules})", said.outcome) })
    });
    let all = [
        ("event", Some(format!("{}, {}", delivery.event, printable(&delivery.event_type)))),
        ("branch", delivery.endpoint.as_ref().map(EndpointId::as_str).map(str::to_owned)),
        ("number", number),
        ("code", code),
        ("decision", decision),
        ("answer", Some(answer(delivery))),
        ("user", Some(line::user(delivery, now)).filter(|user| user != "-")),
        ("reference", Some(delivery.reference.to_string())),
    ];
    all.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect()
}

fn answer(delivery: &Delivery) -> String {
    let Some((reply, answer)) = delivery.reply.as_ref().and_then(|reply| Some((reply, json::answer(reply)?)))
    else {
        return "none yet, or none that was final".to_owned();
    };
    let said = match reply {
        Reply::Done(Some(accepted)) => format!(", accepted by {}", accepted.provider),
        Reply::Done(None) => ", acknowledged".to_owned(),
        Reply::App { .. } => ", the app's own".to_owned(),
        Reply::Refused(reason) => {
            let problem = reason.problem();
            format!(": {} {}", problem.message, hint(problem.remedy))
        }
        Reply::TryAgain(_) => String::new(),
    };
    format!("{}{}{said}", answer.status, line::error(answer))
}

/// The request of a text, and its last report.
fn moments_of(text: &LoggedText) -> Vec<(Timestamp, String)> {
    let (number, provider) = (text.reference.number, text.provider);
    let mut moments = Vec::new();
    if let Some(request) = &text.request {
        let elapsed = span(Duration::from_millis(request.elapsed_ms.into()));
        let mut said = vec![format!("{} after {elapsed}", printable(&request.verdict))];
        said.extend(request.message_id.as_ref().map(|id| format!("id {}", printable(id))));
        said.extend(request.segments.filter(|count| *count > 1).map(|count| format!("{count} segments")));
        said.extend(request.price.map(|price| price.to_string()));
        let row =
            request.code.as_deref().map(|code| (code, meaning::of_answer(provider, code, &request.verdict)));
        said.extend(row.map(|(code, row)| code_and_meaning(code, row)));
        let of_code = row.and_then(|(_, row)| row).filter(|row| row.kind.as_str() == request.verdict);
        let remedy = of_code.and_then(|row| row.hint).or_else(|| meaning::remedy(&request.verdict));
        let remedy = remedy.map(|remedy| format!(" {}", hint(remedy))).unwrap_or_default();
        moments.push((request.sent_at, format!("text {number}: {provider} {}{remedy}", said.join(", "))));
    }
    // A verification has a line of its own, and an answer is no report.
    let reported = text.status.filter(|status| {
        !matches!(status, TextStatus::Verified | TextStatus::Reported(DeliveryStatus::Accepted))
    });
    if let Some((at, status)) = text.status_at.zip(reported) {
        let row = text.status_code.as_deref().map(|code| (code, meaning::of_report(provider, code)));
        let code = row.map(|(code, row)| format!(", {}", code_and_meaning(code, row))).unwrap_or_default();
        let remedy = row.and_then(|(_, row)| row?.hint).map(|remedy| format!(" {}", hint(remedy)));
        let remedy = remedy.unwrap_or_default();
        moments.push((at, format!("text {number}: {provider} reports {}{code}{remedy}", status.as_str())));
    }
    if let Some(word) = &text.word {
        let at = text.status_at.or(text.request.as_ref().map(|request| request.sent_at));
        let told = format!("text {number}: {provider} said `{}`, which nobody knows", printable(word));
        moments.extend(at.map(|at| (at, told)));
    }
    moments
}

fn code_and_meaning(code: &str, row: Option<&CodeRow>) -> String {
    let meaning = row.map(|row| format!(" ({})", row.meaning)).unwrap_or_default();
    format!("code {}{meaning}", printable(code))
}

/// Advice, told apart from what happened.
fn hint(remedy: &str) -> String {
    format!("→ {remedy}")
}
