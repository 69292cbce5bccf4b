//! Asks the user's app while Neon and the user wait: codes and links for e-mail, sign-ups.

use super::Forwarding;
use crate::domain::{AppAnswer, AppFailure, Reply, TryAgainReason};
use crate::neon::VerifiedDelivery;
use crate::telemetry::metrics::Waiting;
use std::time::Duration;
use tokio::time::Instant;

impl Forwarding {
    /// Makes one request to the app. Attempts of Neon's that come meanwhile join it, as they do an SMS.
    ///
    /// `attempt` is the number of the request, from 1: each owner of the event asks once.
    pub async fn ask(&self, verified: &VerifiedDelivery, attempt: u32, within: Duration) -> Reply {
        let event = verified.event();
        let Some(target) = self.routing.targets.of(event.endpoint.as_ref()) else {
            return Reply::TryAgain(TryAgainReason::Internal);
        };
        let started = Instant::now();
        let answer = self.forwarder.forward(target, verified.request(), attempt, within).await;
        self.metrics.forwarded(Waiting::Neon, &answer, started.elapsed());
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (event_id, kind) = (event.id.as_str(), event.kind.label());
        match &answer {
            Ok(AppAnswer { status, .. }) if *status < 400 => {
                tracing::info!(
                    event.id = event_id,
                    event.kind = kind,
                    status,
                    elapsed_ms,
                    "the app answered"
                );
            }
            Ok(AppAnswer { status, .. }) => {
                tracing::warn!(
                    event.id = event_id,
                    event.kind = kind,
                    status,
                    elapsed_ms,
                    "the app refuses an event"
                );
            }
            Err(reason) => {
                tracing::error!(event.id = event_id, event.kind = kind, %reason, elapsed_ms, "the app gave no answer");
            }
        }
        reply_to(answer)
    }
}

fn reply_to(answer: Result<AppAnswer, AppFailure>) -> Reply {
    match answer {
        // Neon is never told 408 or 429, by whomever.
        Ok(AppAnswer { status: 408 | 429, .. }) => Reply::TryAgain(TryAgainReason::AppUnavailable),
        Ok(AppAnswer { status, body }) => Reply::App { status, body },
        Err(AppFailure::Redirects) => Reply::TryAgain(TryAgainReason::AppRedirects),
        Err(AppFailure::Unreachable | AppFailure::TimedOut | AppFailure::BrokeOff) => {
            Reply::TryAgain(TryAgainReason::AppUnavailable)
        }
    }
}
