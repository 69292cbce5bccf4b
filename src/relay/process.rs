//! One event from claim to reply: claim → dispatch → finish or release.
//!
//! What a crash leaves behind, by when it comes:
//! before the claim: nothing, the next attempt starts anew; between the claim and the reply: the lease,
//! which lapses after [`LEASE`], so that the next attempt takes the event over and sends, at the risk of
//! a second text if the first request had been written; after the reply was stored: the reply.

use super::ownership::{LEASE, Ownership};
use super::{Answer, Relay, StoreFailure, otp};
use crate::domain::{
    Destination, Event, NeonEvent, Recipient, RefuseReason, Reply, Route, TryAgainReason, route,
};
use crate::store::{AttemptRecord, Claim, DeliveryStore, Held, Lease, NewDelivery, Outcome, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often an event that another instance works on is looked at, at first and at the slowest.
const POLL: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(250));
/// A store that takes longer is as good as down: the user waits.
const STORE_TIMEOUT: Duration = Duration::from_secs(3);
/// The hash of a number is for the operator; a store that is slow to say its key is not waited for.
const KEY_TIMEOUT: Duration = Duration::from_millis(250);

/// Handles one event; `Answer::replayed` if it was handled before.
pub(super) async fn process(relay: Arc<Relay>, event: Event) -> Answer {
    let recipient = relay.recipient(&event).await;
    let delivery = NewDelivery {
        id: event.id.clone(),
        event_type: event.name.clone(),
        endpoint: event.endpoint.clone(),
        recipient: recipient.clone(),
    };
    let (store, lease) = match claim(&relay, &delivery).await {
        Ok(owned) => owned,
        Err(answer) => return answer,
    };
    let ownership = Ownership::new(store.clone(), relay.outage.clone(), relay.clock.clone(), lease);
    let work = dispatch(&relay, &event, recipient.as_ref(), &ownership);
    let (reply, attempts) = tokio::select! {
        done = work => done,
        // Lost to another owner: what was written cannot be taken back, so its verdict is still awaited.
        never = async { ownership.keep().await; std::future::pending().await } => never,
    };
    settle(&relay, &delivery, store, ownership.lease(), &reply, attempts).await;
    Answer { reply, replayed: false }
}

/// Takes ownership of the event, or waits for whoever has it.
async fn claim(relay: &Relay, delivery: &NewDelivery) -> Result<(Arc<dyn DeliveryStore>, Lease), Answer> {
    let replay = |reply| Err(Answer { reply, replayed: true });
    let fresh = |reason| Err(Answer { reply: Reply::TryAgain(reason), replayed: false });
    // Whatever was handled while the store was down is only known here.
    if let Some(reply) = relay.fallback.finished(&delivery.id) {
        return replay(reply);
    }
    let give_up = Instant::now() + relay.answer_within;
    let mut pause = POLL.0;
    let mut store = relay.store.clone();
    loop {
        let claim = store.claim(delivery, relay.clock.now(), LEASE);
        match tokio::time::timeout(STORE_TIMEOUT, claim)
            .await
            .unwrap_or_else(|_| Err(StoreError::timed_out()))
        {
            Ok(Claim::Acquired(lease)) => return Ok((store, lease)),
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
                    StoreFailure::Send => store = relay.fallback.clone(),
                }
            }
        }
    }
}

async fn dispatch(
    relay: &Relay,
    event: &Event,
    recipient: Option<&Recipient>,
    ownership: &Ownership,
) -> (Reply, Vec<AttemptRecord>) {
    let reply = match (route(event, &relay.routing), &event.kind) {
        (Route::Sms, NeonEvent::SendOtp(otp)) => {
            return otp::send(relay, event, otp, recipient, ownership).await;
        }
        // Only a send.otp is routed there.
        (Route::Sms, _) => Reply::TryAgain(TryAgainReason::Internal),
        (Route::Acknowledge, _) => Reply::Done(None),
        (Route::AllowSignUp, _) => Reply::App { status: 200, body: br#"{"allowed":true}"#.to_vec() },
        (Route::DenySignUp, _) => {
            tracing::error!(
                event.id = %event.id,
                "a sign-up was refused: the branch sends user.before_create and nobody handles it; set BEFORE_CREATE=allow, or unsubscribe the webhook from the event"
            );
            Reply::App { status: 200, body: SIGN_UP_DENIED.to_vec() }
        }
        (Route::Refuse(reason), _) => {
            explain(event, reason);
            Reply::Refused(reason)
        }
    };
    (reply, Vec::new())
}

const SIGN_UP_DENIED: &[u8] = br#"{"allowed":false,"error_message":"Sign-up is not available right now.","error_code":"SIGNUP_HANDLER_MISSING"}"#;

fn explain(event: &Event, reason: RefuseReason) {
    tracing::error!(
        event.id = %event.id,
        event.kind = event.kind.label(),
        reason = reason.as_str(),
        "nobody delivers this event, and subscribing to it switched Neon's own e-mail off; unsubscribe the webhook from it, or ask for delivery_preference sms"
    );
}

/// Stores a final reply, gives the event back otherwise.
async fn settle(
    relay: &Arc<Relay>,
    delivery: &NewDelivery,
    store: Arc<dyn DeliveryStore>,
    lease: Lease,
    reply: &Reply,
    attempts: Vec<AttemptRecord>,
) {
    if !reply.is_final() {
        if let Err(error) = store.release(lease).await {
            relay.outage.failed(&error);
        }
        return;
    }
    let outcome = Outcome { reply: reply.clone(), attempts };
    let finish = store.finish(lease.clone(), &outcome, relay.clock.now());
    match tokio::time::timeout(STORE_TIMEOUT, finish).await.unwrap_or_else(|_| Err(StoreError::timed_out())) {
        Ok(Held::Yes) => {}
        Ok(Held::Lost) => {
            tracing::warn!(event.id = %delivery.id, "another instance had taken the event over")
        }
        Err(error) => {
            relay.outage.failed(&error);
            relay.remember(delivery, &outcome).await;
            relay.tasks.spawn(finish_later(relay.clone(), store, lease, outcome));
        }
    }
}

/// Goes on trying while nobody else can have taken the event over: a store that restarts is back within
/// the lease, and then nothing is sent twice.
async fn finish_later(relay: Arc<Relay>, store: Arc<dyn DeliveryStore>, lease: Lease, outcome: Outcome) {
    let lapse = Instant::now() + LEASE;
    while Instant::now() < lapse {
        tokio::time::sleep(POLL.1).await;
        if store.finish(lease.clone(), &outcome, relay.clock.now()).await.is_ok() {
            return;
        }
    }
}

impl Relay {
    /// Keeps an outcome in this process that the store did not take.
    async fn remember(&self, delivery: &NewDelivery, outcome: &Outcome) {
        let now = self.clock.now();
        if let Ok(Claim::Acquired(lease)) = self.fallback.claim(delivery, now, LEASE).await {
            // The store in memory does not fail.
            let _ = self.fallback.finish(lease, outcome, now).await;
        }
    }

    /// The stand-in for the number that an event names, where there is one to send to.
    async fn recipient(&self, event: &Event) -> Option<Recipient> {
        let NeonEvent::SendOtp(otp) = &event.kind else { return None };
        let Destination::Number(number) = &otp.destination else { return None };
        let key = self.hash_key.get_or_try_init(|| self.store.hash_key());
        match tokio::time::timeout(KEY_TIMEOUT, key).await {
            Ok(Ok(key)) => Some(key.recipient(number)),
            // The claim that follows meets the same failure and handles it.
            Ok(Err(_)) | Err(_) => None,
        }
    }
}
