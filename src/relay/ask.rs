//! Asks the user's app while Neon and the user wait: codes and links for e-mail, sign-ups.

use super::Relay;
use super::ownership::Ownership;
use crate::domain::{AppAnswer, AppFailure, Reply, TryAgainReason};
use crate::neon::VerifiedDelivery;
use crate::telemetry::metrics::Waiting;
use tokio::time::Instant;

/// Makes one request to the app. Attempts of Neon's that come meanwhile join it, as they do an SMS.
pub(super) async fn ask(relay: &Relay, verified: &VerifiedDelivery, ownership: &Ownership) -> Reply {
    let event = verified.event();
    let Some(target) = relay.routing.targets.of(event.endpoint.as_ref()) else {
        return Reply::TryAgain(TryAgainReason::Internal);
    };
    // Each owner asks once.
    let attempt = u32::try_from(ownership.lease().token).unwrap_or(u32::MAX);
    let within = relay.time_left(ownership.first_claimed_at());
    let started = Instant::now();
    let answer = relay.forwarder.forward(target, verified.request(), attempt, within).await;
    relay.metrics.forwarded(Waiting::Neon, &answer, started.elapsed());
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (event_id, kind) = (event.id.as_str(), event.kind.label());
    match &answer {
        Ok(AppAnswer { status, .. }) if *status < 400 => {
            tracing::info!(event.id = event_id, event.kind = kind, status, elapsed_ms, "the app answered");
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

fn reply_to(answer: Result<AppAnswer, AppFailure>) -> Reply {
    match answer {
        // Neon is never told 408 or 429, by whomever.
        Ok(AppAnswer { status: 408 | 429, .. }) => Reply::TryAgain(TryAgainReason::AppUnavailable),
        Ok(AppAnswer { status, body }) => Reply::App { status, body },
        Err(AppFailure::Redirects) => Reply::TryAgain(TryAgainReason::AppRedirects),
        Err(AppFailure::Unreachable(_) | AppFailure::TimedOut | AppFailure::BrokeOff) => {
            Reply::TryAgain(TryAgainReason::AppUnavailable)
        }
    }
}
