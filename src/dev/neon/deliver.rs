//! Calls the webhook by Neon's law of retries
//! (<https://neon.com/docs/auth/guides/webhooks#retry-behavior>).

use super::event::Event;
use super::signer::Signer;
use crate::dev::faults::Faults;
use crate::domain::Clock;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

/// The longest answer that is read; Neon allows no longer one.
const ANSWER_LIMIT: usize = 10 * 1024;

/// How often and for how long a webhook is tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryLaw {
    /// Attempts, one immediately after the other.
    pub attempts: u16,
    /// What one attempt may take: Neon's `timeout_seconds`.
    pub per_attempt: Duration,
    /// What all of them may take, from the start of the first.
    pub total: Duration,
}

impl RetryLaw {
    pub fn neon(timeout: Duration) -> Self {
        Self { attempts: 3, per_attempt: timeout, total: Duration::from_secs(15) }
    }
}

/// One call of the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Attempt {
    pub number: u16,
    pub elapsed_ms: u64,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub(super) enum Outcome {
    /// An answer, of whatever status; the text ends after 10 KB.
    Answered { status: u16, answer: String },
    /// No answer in time. The webhook may still be at work on it.
    TimedOut,
    /// No connection, or it broke.
    Unreachable,
}

impl Outcome {
    pub fn is_success(&self) -> bool {
        match self {
            Self::Answered { status, .. } => (200..300).contains(status),
            Self::TimedOut | Self::Unreachable => false,
        }
    }

    fn is_worth_another_try(&self) -> bool {
        match self {
            Self::Answered { status, .. } => *status >= 500 || *status == 429 || *status == 408,
            Self::TimedOut | Self::Unreachable => true,
        }
    }
}

/// What is wrong with a call on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Bad {
    /// The signature is not that of what is sent.
    Signature,
    /// It was signed an hour ago.
    Timestamp,
    /// Nobody has a key of this name.
    Kid,
    /// The body was changed on its way.
    Body,
}

/// How long ago a call was signed that is too old for anybody.
const TOO_OLD: Duration = Duration::from_secs(3600);

/// Whom to call, how often, and what is wrong with it.
pub(super) struct Order {
    pub url: Url,
    pub law: RetryLaw,
    pub bad: Option<Bad>,
}

/// Calls webhooks and signs each call.
pub(super) struct Deliverer {
    pub http: reqwest::Client,
    pub signer: Signer,
    pub clock: Arc<dyn Clock>,
    pub faults: Faults,
}

impl Deliverer {
    /// Tries until the webhook decides or the law is exhausted; tells `seen` of every attempt and returns
    /// the last outcome.
    pub async fn deliver(&self, event: &Event, order: &Order, mut seen: impl FnMut(Attempt)) -> Outcome {
        let started = Instant::now();
        let mut last = Outcome::TimedOut;
        for number in 1..=order.law.attempts {
            let left = order.law.total.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            let began = Instant::now();
            last = self.attempt(event, order, number, left.min(order.law.per_attempt)).await;
            let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            seen(Attempt { number, elapsed_ms, outcome: last.clone() });
            if !last.is_worth_another_try() {
                break;
            }
        }
        last
    }

    /// Every attempt is signed anew at its own time. Neon does not say whether its are; this way a relay
    /// that tells duplicates by the signature or by the timestamp, not by the event's id, is found out.
    async fn attempt(&self, event: &Event, order: &Order, number: u16, limit: Duration) -> Outcome {
        if self.faults.loses_attempt() {
            return Outcome::Unreachable;
        }
        let mut at = self.clock.now();
        let (mut body, mut kid) = (event.body.clone(), self.signer.kid().to_owned());
        if order.bad == Some(Bad::Timestamp) {
            at = at.minus(TOO_OLD);
        }
        let signed = self.signer.sign(at, body.as_bytes());
        let signature = match order.bad {
            Some(Bad::Signature) => self.signer.sign(at, b"{}"),
            Some(Bad::Kid) => {
                kid = Uuid::new_v4().to_string();
                signed
            }
            Some(Bad::Body) => {
                body.push(' ');
                signed
            }
            Some(Bad::Timestamp) | None => signed,
        };
        let request = self
            .http
            .post(order.url.clone())
            .timeout(limit)
            .header(CONTENT_TYPE, "application/json")
            .header("X-Neon-Signature", signature)
            .header("X-Neon-Signature-Kid", kid)
            .header("X-Neon-Timestamp", at.as_millis())
            .header("X-Neon-Event-Type", &event.event_type)
            .header("X-Neon-Event-Id", &event.id)
            .header("X-Neon-Delivery-Attempt", number)
            .body(body);
        let answered = async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            Ok(Outcome::Answered { status, answer: read(response).await? })
        };
        answered.await.unwrap_or_else(|error: reqwest::Error| match error.is_timeout() {
            true => Outcome::TimedOut,
            false => Outcome::Unreachable,
        })
    }
}

async fn read(mut response: Response) -> reqwest::Result<String> {
    let mut answer = Vec::new();
    while answer.len() < ANSWER_LIMIT
        && let Some(chunk) = response.chunk().await?
    {
        answer.extend_from_slice(&chunk);
    }
    answer.truncate(ANSWER_LIMIT);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests;
