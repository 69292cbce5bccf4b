//! What happened to a delivery, in the order of time, with what the provider's codes mean.

use super::standing::{Cause, Tone, decision};
use super::words;
use crate::domain::{EndpointId, Reply, TextStatus, Timestamp};
use crate::store::Text;
use crate::store::texts::{Delivery, LoggedText};
use sms_providers::DeliveryStatus;
use std::time::Duration;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// When.
    pub at: Timestamp,
    /// How serious it is.
    pub tone: Tone,
    /// What.
    pub what: String,
    /// More about it, a line each.
    pub more: Vec<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Moment {
    fn new(at: Timestamp, tone: Tone, what: impl Into<String>) -> Self {
        Self { at, tone, what: what.into(), more: Vec::new(), remedy: None }
    }

    fn with(self, more: impl IntoIterator<Item = String>) -> Self {
        Self { more: self.more.into_iter().chain(more).collect(), ..self }
    }
}

/// All that is known of a delivery.
pub(super) fn of(delivery: &Delivery, now: Timestamp) -> Vec<Moment> {
    let came = delivery.came_at;
    let branch =
        delivery.endpoint.as_ref().map(|id| format!("from {}", words::printable(EndpointId::as_str(id))));
    let mut moments = vec![
        Moment::new(came, Tone::Quiet, "Neon sent the event; its signature held").with(branch),
        Moment::new(came, Tone::Quiet, "Claimed: no other instance works on it"),
    ];
    moments.extend(guard(delivery));
    let mut earlier = None;
    for text in &delivery.texts {
        moments.extend(request(text, delivery, earlier));
        moments.extend(report(text));
        earlier = Some(text);
    }
    moments.extend(answer(delivery));
    if let Some(at) = delivery.verified_at {
        let after =
            delivery.verified_after().map(|after| format!("{} after the first text", words::span(after)));
        moments.push(Moment::new(at, Tone::Good, "The user typed the code").with(after));
    } else if !delivery.texts.is_empty() && delivery.dies_at() < now {
        moments.push(Moment::new(delivery.dies_at(), Tone::Warn, "The code died, and nobody had typed it"));
    }
    // Those of the same moment stay in the order in which one leads to the next.
    moments.sort_by_key(|moment| moment.at);
    moments
}

fn guard(delivery: &Delivery) -> Option<Moment> {
    let said = decision(delivery)?;
    let (tone, what) = match said.outcome.as_str() {
        "refused" => (Tone::Warn, "The limits refused it"),
        "noted" => (Tone::Warn, "The limits would have refused it, and only took note"),
        _ => (Tone::Quiet, "The limits let it pass"),
    };
    let rules = said.rules.iter().map(|rule| match words::rule(rule) {
        Some(meaning) => format!("{}: {meaning}", words::printable(rule)),
        None => words::printable(rule),
    });
    Some(Moment::new(delivery.came_at, tone, what).with(rules))
}

/// The request for a text. One that comes after Neon was answered is sent in place of another.
fn request(text: &LoggedText, delivery: &Delivery, earlier: Option<&LoggedText>) -> Option<Moment> {
    let request = text.request.as_ref()?;
    let vendor = words::vendor(text.provider);
    let elapsed = words::span(Duration::from_millis(request.elapsed_ms.into()));
    let is_resend = delivery.answered_at.is_some_and(|at| request.sent_at > at);
    let sent = match (is_resend, earlier) {
        (true, Some(earlier)) if Cause::of(earlier).is_some() => "sent again, since the text before failed",
        (true, _) => "sent again, since nothing final was heard of the text before",
        (false, Some(_)) => "sent through the next vendor",
        (false, None) => "sent",
    };
    let number = text.reference.number;
    let what = if request.is_accepted() {
        format!("Text {number} {sent}: {vendor} took it after {elapsed}")
    } else if request.verdict == Text::UNKNOWN {
        format!("Text {number} {sent}: {vendor} gave no verdict after {elapsed}")
    } else {
        format!("Text {number} {sent}: {vendor} did not take it, after {elapsed}")
    };
    let mut more = Vec::new();
    let refusal = (!request.is_accepted()).then(|| {
        let code = request.code.as_deref();
        let row =
            code.and_then(|code| sms_providers::meaning::of_answer(text.provider, code, &request.verdict));
        Cause { word: &request.verdict, code, row }
    });
    more.extend(refusal.map(explained));
    more.extend(request.message_id.as_ref().map(|id| format!("id {}", words::printable(id))));
    more.extend(request.segments.filter(|parts| *parts > 1).map(|parts| format!("{parts} segments")));
    more.extend(request.price.map(|price| format!("costs {price}")));
    let tone = if request.is_accepted() { Tone::Quiet } else { Tone::Bad };
    let remedy = refusal.and_then(|cause| cause.remedy()).map(str::to_owned);
    Some(Moment { remedy, ..Moment::new(request.sent_at, tone, what).with(more) })
}

/// The last report of a text. A verification has a line of its own, and an answer is no report.
fn report(text: &LoggedText) -> Vec<Moment> {
    let (number, vendor) = (text.reference.number, words::vendor(text.provider));
    let mut moments = Vec::new();
    if let (Some(at), Some(TextStatus::Reported(status))) = (text.status_at, text.status)
        && status != DeliveryStatus::Accepted
    {
        let cause = Cause::of(text);
        let tone = match status {
            DeliveryStatus::Delivered => Tone::Good,
            DeliveryStatus::Accepted | DeliveryStatus::Sent => Tone::Quiet,
            DeliveryStatus::Undelivered | DeliveryStatus::Failed | DeliveryStatus::Expired => Tone::Bad,
        };
        let remedy = cause.and_then(|cause| cause.remedy()).map(str::to_owned);
        let reported = Moment::new(at, tone, format!("Text {number}: {vendor} reports {}", status.as_str()));
        moments.push(Moment { remedy, ..reported.with(cause.map(explained)) });
    }
    let heard_at = text.status_at.or(text.request.as_ref().map(|request| request.sent_at));
    if let Some((word, at)) = text.word.as_ref().zip(heard_at) {
        let what = format!("Text {number}: {vendor} said “{}”, which nobody knows", words::printable(word));
        moments.push(Moment::new(at, Tone::Warn, what));
    }
    moments
}

fn explained(cause: Cause<'_>) -> String {
    match cause.code {
        Some(code) => format!("code {}: {}", words::printable(code), cause.meaning()),
        None => format!("{}: {}", words::printable(cause.word), cause.meaning()),
    }
}

fn answer(delivery: &Delivery) -> Option<Moment> {
    let (reply, at) = (delivery.reply.as_ref()?, delivery.answered_at.unwrap_or(delivery.came_at));
    Some(match reply {
        Reply::Done(Some(accepted)) => {
            let what = format!("Neon was answered 200: {} has it", words::vendor(accepted.provider));
            Moment::new(at, Tone::Quiet, what)
        }
        Reply::Done(None) => Moment::new(at, Tone::Quiet, "Neon was answered 200"),
        Reply::App { status, .. } => {
            let tone = if *status < 400 { Tone::Quiet } else { Tone::Bad };
            Moment::new(at, tone, format!("Neon was answered {status}, as the app behind FORWARD_URL said"))
        }
        Reply::Refused(reason) => {
            let problem = reason.problem();
            let what = format!("Neon was answered {} {}: the user sees it now", problem.status, problem.code);
            let by_limits = decision(delivery).is_some_and(|said| said.outcome == "refused");
            let tone = if by_limits { Tone::Warn } else { Tone::Bad };
            let told = Moment::new(at, tone, what).with([problem.message.to_owned()]);
            Moment { remedy: Some(problem.remedy.to_owned()), ..told }
        }
        Reply::TryAgain(_) => return None,
    })
}
