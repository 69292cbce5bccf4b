//! One event from claim to reply: claim → dispatch → finish or release.
//!
//! What a crash leaves behind, by when it comes:
//! before the claim: nothing, the next attempt starts anew; between the claim and the reply: the lease,
//! which lapses after [`LEASE`], so that the next attempt takes the event over and sends, at the risk of
//! a second text if the first request had been written; after the reply was stored: the reply.

use super::ask::ask;
use super::ownership::{Claimed, LEASE, Ownership};
use super::settle::settle;
use super::{Answer, KEY_TIMEOUT, POLL, Relay, STORE_TIMEOUT, StoreFailure, otp, outbox};
use crate::domain::{
    Destination, Event, NeonEvent, Recipient, RefuseReason, Reply, Route, TryAgainReason, route,
};
use crate::neon::VerifiedDelivery;
use crate::store::{Claim, DeliveryStore, NewDelivery, Outcome, StoreError};
use std::sync::Arc;
use tokio::time::Instant;

/// Handles one event; `Answer::replayed` if it was handled before.
pub(super) async fn process(relay: Arc<Relay>, verified: VerifiedDelivery) -> Answer {
    let event = verified.event();
    let recipient = relay.recipient(event).await;
    let delivery = NewDelivery {
        id: event.id.clone(),
        event_type: event.name.clone(),
        endpoint: event.endpoint.clone(),
        recipient: recipient.clone(),
    };
    let mut claimed = match claim(&relay, &delivery).await {
        Ok(claimed) => claimed,
        Err(answer) => return answer,
    };
    let Claimed { store, lease, durable } = &claimed;
    let ownership = Ownership::new(store.clone(), relay.outage.clone(), relay.clock.clone(), lease.clone());
    let work = dispatch(&relay, &verified, recipient.as_ref(), &ownership, *durable);
    let outcome = tokio::select! {
        done = work => done,
        // Lost to another owner: what was written cannot be taken back, so its verdict is still awaited.
        never = async { ownership.keep().await; std::future::pending().await } => never,
    };
    claimed.lease = ownership.lease();
    Answer { reply: settle(&relay, &delivery, claimed, outcome).await, replayed: false }
}

/// Takes ownership of the event, or waits for whoever has it.
async fn claim(relay: &Relay, delivery: &NewDelivery) -> Result<Claimed, Answer> {
    let replay = |reply| Err(Answer { reply, replayed: true });
    let fresh = |reason| Err(Answer { reply: Reply::TryAgain(reason), replayed: false });
    // Whatever was handled while the store was down is only known here.
    if let Some(reply) = relay.fallback.finished(&delivery.id) {
        return replay(reply);
    }
    let give_up = Instant::now() + relay.answer_within;
    let mut pause = POLL.0;
    let mut store: Arc<dyn DeliveryStore> = relay.store.clone();
    let mut durable = true;
    loop {
        let claim = store.claim(delivery, relay.clock.now(), LEASE);
        match tokio::time::timeout(STORE_TIMEOUT, claim)
            .await
            .unwrap_or_else(|_| Err(StoreError::timed_out()))
        {
            Ok(Claim::Acquired(lease)) => return Ok(Claimed { store, durable, lease }),
            Ok(Claim::Finished(reply)) if durable => {
                return replay(relay.unsealed(&delivery.id, reply).await);
            }
            Ok(Claim::Finished(reply)) => return replay(reply),
            Ok(Claim::InFlight) if Instant::now() >= give_up => return fresh(TryAgainReason::InFlight),
            Ok(Claim::InFlight) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(POLL.1);
            }
            Err(error) => {
                relay.outage.failed(&error);
                match relay.on_store_failure {
                    StoreFailure::Refuse => return fresh(TryAgainReason::StoreUnavailable),
                    StoreFailure::Send => (store, durable) = (relay.fallback.clone(), false),
                }
            }
        }
    }
}

async fn dispatch(
    relay: &Relay,
    verified: &VerifiedDelivery,
    recipient: Option<&Recipient>,
    ownership: &Ownership,
    durable: bool,
) -> Outcome {
    let event = verified.event();
    let reply = match (route(event, &relay.routing), &event.kind) {
        (Route::Sms, NeonEvent::SendOtp(otp)) => {
            let (reply, attempts) = otp::send(relay, event, otp, recipient, ownership).await;
            return Outcome { reply, attempts, queued: None };
        }
        // Only a send.otp is routed there.
        (Route::Sms, _) => Reply::TryAgain(TryAgainReason::Internal),
        (Route::Queue, _) if durable => return outbox::queue(relay, verified).await,
        (Route::Forward, _) => ask(relay, verified, ownership).await,
        // Where nothing can be kept, only the app itself can take it.
        (Route::Queue, _) => match ask(relay, verified, ownership).await {
            Reply::App { status: 200..=299, .. } => Reply::Done(None),
            _ => Reply::TryAgain(TryAgainReason::StoreUnavailable),
        },
        (Route::Acknowledge, _) => Reply::Done(None),
        (Route::AllowSignUp, _) => Reply::App { status: 200, body: br#"{"allowed":true}"#.to_vec() },
        (Route::DenySignUp, _) => {
            relay.saw_unhandled(event);
            tracing::error!(
                event.id = %event.id,
                "a sign-up was refused: the branch sends user.before_create and nobody handles it; set FORWARD_URL or BEFORE_CREATE=allow, or unsubscribe the webhook from the event"
            );
            Reply::App { status: 200, body: SIGN_UP_DENIED.to_vec() }
        }
        (Route::Refuse(reason), _) => {
            relay.saw_unhandled(event);
            explain(event, reason);
            Reply::Refused(reason)
        }
    };
    Outcome { reply, attempts: Vec::new(), queued: None }
}

const SIGN_UP_DENIED: &[u8] = br#"{"allowed":false,"error_message":"Sign-up is not available right now.","error_code":"SIGNUP_HANDLER_MISSING"}"#;

fn explain(event: &Event, reason: RefuseReason) {
    tracing::error!(
        event.id = %event.id,
        event.kind = event.kind.label(),
        reason = reason.as_str(),
        "nobody delivers this event, and subscribing to it switched Neon's own e-mail off; set FORWARD_URL to an app that does, unsubscribe the webhook from it, or ask for delivery_preference sms"
    );
}

impl Relay {
    /// The stand-in for the number that an event names, where there is one to send to.
    async fn recipient(&self, event: &Event) -> Option<Recipient> {
        let NeonEvent::SendOtp(otp) = &event.kind else { return None };
        let Destination::Number(number) = &otp.destination else { return None };
        // If the key cannot be had, the claim that follows meets the same failure and handles it.
        self.key(KEY_TIMEOUT).await.ok().map(|key| key.recipient(number))
    }
}
