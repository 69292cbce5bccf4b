//! An event for programs. The names of the fields are for ever.

use super::masked;
use crate::app::events::{Delivery, LoggedText};
use crate::domain::{EndpointId, Region, Reply, TextStatus};
use serde::{Deserialize, Serialize};
use sms_providers::Price;

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    event_id: &'a str,
    event: &'a str,
    endpoint: Option<&'a str>,
    number: Option<String>,
    region: Option<&'a str>,
    linked: bool,
    decision: Option<Decision>,
    reply: Option<Answer>,
    texts: Vec<OneText<'a>>,
    verified_ms: Option<u64>,
}

/// What the guard said, as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Decision {
    pub outcome: String,
    #[serde(default)]
    pub rules: Vec<String>,
}

/// What Neon was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Answer {
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
}

#[derive(Serialize)]
struct OneText<'a> {
    #[serde(rename = "ref")]
    reference: String,
    provider: &'static str,
    message_id: Option<&'a str>,
    verdict: Option<&'a str>,
    code: Option<&'a str>,
    status: Option<&'static str>,
    status_code: Option<&'a str>,
    ms: Option<u32>,
    price: Option<Cost>,
}

#[derive(Serialize)]
struct Cost {
    /// A decimal as text: exact, whoever reads it.
    amount: String,
    currency: String,
}

/// One object, without a line break.
pub(super) fn line(delivery: &Delivery) -> serde_json::Result<String> {
    serde_json::to_string(&Line {
        time: delivery.came_at.to_rfc3339(),
        event_id: delivery.event.as_str(),
        event: &delivery.event_type,
        endpoint: delivery.endpoint.as_ref().map(EndpointId::as_str),
        number: masked(delivery),
        region: delivery.region.as_ref().map(Region::as_str),
        linked: delivery.linked,
        decision: decision(delivery),
        reply: delivery.reply.as_ref().and_then(answer),
        texts: delivery.texts.iter().map(text).collect(),
        verified_ms: delivery.verified_after().map(|after| after.as_millis().try_into().unwrap_or(u64::MAX)),
    })
}

/// What the guard said of it; `None` if nobody asked it.
pub(super) fn decision(delivery: &Delivery) -> Option<Decision> {
    serde_json::from_str(delivery.decision.as_ref()?).ok()
}

/// The answer that a reply is.
pub(super) fn answer(reply: &Reply) -> Option<Answer> {
    Some(match reply {
        Reply::Done(_) => Answer { status: 200, error: None },
        Reply::App { status, .. } => Answer { status: *status, error: None },
        Reply::Refused(reason) => {
            let problem = reason.problem();
            Answer { status: problem.status, error: Some(problem.code) }
        }
        Reply::TryAgain(_) => return None,
    })
}

fn text(text: &LoggedText) -> OneText<'_> {
    let request = text.request.as_ref();
    let cost = |price: Price| Cost { amount: price.amount(), currency: price.currency().to_owned() };
    OneText {
        reference: text.reference.to_string(),
        provider: text.provider.as_str(),
        message_id: request.and_then(|request| request.message_id.as_deref()),
        verdict: request.map(|request| request.verdict.as_str()),
        code: request.and_then(|request| request.code.as_deref()),
        status: text.status.map(TextStatus::as_str),
        status_code: text.status_code.as_deref(),
        ms: request.map(|request| request.elapsed_ms),
        price: request.and_then(|request| request.price).map(cost),
    }
}
