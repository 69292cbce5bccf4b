//! Calls the webhook by Neon's law of retries
//! (<https://neon.com/docs/auth/guides/webhooks#retry-behavior>).

use super::event::Event;
use super::signer::Signer;
use crate::domain::Clock;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

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

/// Calls one webhook and signs each call.
pub(super) struct Deliverer {
    pub http: reqwest::Client,
    pub webhook_url: Url,
    pub signer: Signer,
    pub clock: Arc<dyn Clock>,
    pub law: RetryLaw,
}

impl Deliverer {
    /// Tries until the webhook decides or the law is exhausted; tells `seen` of every attempt and returns
    /// the last outcome.
    pub async fn deliver(&self, event: &Event, mut seen: impl FnMut(Attempt)) -> Outcome {
        let started = Instant::now();
        let mut last = Outcome::TimedOut;
        for number in 1..=self.law.attempts {
            let left = self.law.total.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            let began = Instant::now();
            last = self.attempt(event, number, left.min(self.law.per_attempt)).await;
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
    async fn attempt(&self, event: &Event, number: u16, limit: Duration) -> Outcome {
        let now = self.clock.now();
        let request = self
            .http
            .post(self.webhook_url.clone())
            .timeout(limit)
            .header(CONTENT_TYPE, "application/json")
            .header("X-Neon-Signature", self.signer.sign(now, event.body.as_bytes()))
            .header("X-Neon-Signature-Kid", self.signer.kid())
            .header("X-Neon-Timestamp", now.as_millis())
            .header("X-Neon-Event-Type", event.event_type.as_str())
            .header("X-Neon-Event-Id", &event.id)
            .header("X-Neon-Delivery-Attempt", number)
            .body(event.body.clone());
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
