//! What the product does: one event in, one reply out, one text that arrives.
//!
//! [`Relay`] conducts; the work is done in three rooms that do not know each other, but for the first:
//! [`once`] keeps an event to one flight, one lease and one reply, [`texting`] sends codes, [`forwarding`]
//! brings everything else to the user's app. None knows HTTP or how Neon signs. Work runs on tracked tasks,
//! never in the caller: a client that hangs up does not stop a text that is on its way.

mod forgetting;
pub mod forwarding;
pub mod once;
pub mod texting;

pub use once::Answer;

use crate::domain::{Destination, Event, NeonEvent, Region, Reply, Route, TryAgainReason, route};
use crate::guard::Weighed;
use crate::neon::VerifiedDelivery;
use crate::store::{NewDelivery, Outcome};
use crate::tasks::Tasks;
use forwarding::Forwarding;
use once::{Ledger, Once, Ownership};
use std::sync::Arc;
use std::time::Duration;
use texting::{Texting, on_terms};
use tokio::time::Instant;

/// No text waits longer for a store that is slow to say under which key its number is hashed.
const KEY_TIMEOUT: Duration = Duration::from_millis(250);

/// The relay: its rooms, and the ledger that they share.
pub struct Relay {
    /// What is remembered.
    pub ledger: Arc<Ledger>,
    /// Keeps each event to one delivery.
    pub once: Once,
    /// Sends codes.
    pub texting: Arc<Texting>,
    /// Brings the rest to the user's app.
    pub forwarding: Arc<Forwarding>,
    /// Run what outlives a request.
    pub tasks: Tasks,
}

impl Relay {
    /// Handles one delivery that arrived at `arrived`, or joins the flight of an earlier attempt.
    pub async fn handle(
        self: &Arc<Self>,
        delivery: impl Into<Arc<VerifiedDelivery>>,
        arrived: Instant,
    ) -> Answer {
        let delivery = delivery.into();
        let flight = || self.clone().process(delivery.clone());
        self.once.answer(delivery.event(), arrived, flight).await
    }

    async fn process(self: Arc<Self>, verified: Arc<VerifiedDelivery>) -> Answer {
        let event = verified.event();
        let weighed = match (route(event, self.forwarding.routing()), &event.kind) {
            (Route::Sms, NeonEvent::SendOtp(otp)) => self.texting.weigh(event, otp).await,
            _ => None,
        };
        let delivery = self.delivery(event, weighed.as_ref()).await;
        let work = |ownership| self.dispatch(&verified, &delivery, weighed, ownership);
        self.once.process(&delivery, work).await
    }

    /// What is remembered of an event from its first claim on.
    async fn delivery(&self, event: &Event, weighed: Option<&Weighed<'_>>) -> NewDelivery {
        let delivery = NewDelivery {
            endpoint: event.endpoint.clone(),
            linked: event.user.has_id,
            ..NewDelivery::new(event.id.clone(), event.name.clone())
        };
        let NeonEvent::SendOtp(otp) = &event.kind else { return delivery };
        if route(event, self.forwarding.routing()) != Route::Sms {
            return delivery;
        }
        let Destination::Number(number) = &otp.destination else { return delivery };
        // If the key cannot be had, the claim that follows meets the same failure and handles it.
        let key = self.ledger.key(KEY_TIMEOUT).await.ok();
        let delivery = NewDelivery {
            recipient: key.map(|key| key.recipient(number)),
            // Whoever weighed it has looked it up.
            region: weighed.map_or_else(|| Region::of(number), Weighed::region),
            expires_at: otp.expires_at,
            ..delivery
        };
        match weighed {
            Some(weighed) => on_terms(delivery, weighed),
            None => delivery,
        }
    }

    async fn dispatch(
        &self,
        verified: &VerifiedDelivery,
        delivery: &NewDelivery,
        weighed: Option<Weighed<'_>>,
        ownership: Arc<Ownership>,
    ) -> Outcome {
        let event = verified.event();
        if ownership.durable() {
            self.texting.verified(event).await;
        }
        let lease = ownership.lease();
        let within = self.once.time_left(lease.first_claimed_at);
        let attempt = u32::try_from(lease.token).unwrap_or(u32::MAX);
        let reply = match (route(event, self.forwarding.routing()), &event.kind) {
            (Route::Sms, NeonEvent::SendOtp(otp)) => {
                return self.texting.send(event, otp, delivery, weighed, &ownership, within).await;
            }
            // Only a send.otp is routed there.
            (Route::Sms, _) => Reply::TryAgain(TryAgainReason::Internal),
            (Route::Queue, _) if ownership.durable() => return self.forwarding.queue(verified).await,
            (Route::Forward, _) => self.forwarding.ask(verified, attempt, within).await,
            // Where nothing can be kept, only the app itself can take it.
            (Route::Queue, _) => match self.forwarding.ask(verified, attempt, within).await {
                Reply::App { status: 200..=299, .. } => Reply::Done(None),
                _ => Reply::TryAgain(TryAgainReason::StoreUnavailable),
            },
            (Route::Acknowledge, _) => Reply::Done(None),
            (Route::AllowSignUp, _) => Reply::App { status: 200, body: br#"{"allowed":true}"#.to_vec() },
            (Route::DenySignUp, _) => self.forwarding.deny_sign_up(event),
            (Route::Refuse(reason), _) => self.forwarding.refuse(event, reason),
        };
        Outcome::of(reply)
    }
}
