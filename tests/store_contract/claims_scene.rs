//! Clients of one event: what they do, what they believe, and what they hear of the store.

use crate::claims_model::{Call, Heard, Ownership, Told, is_one_story};
use crate::suite::{NOW, event, text};
use neon_sms_relay::domain::{DeliveryRef, EventId, RefuseReason, Reply, TextRef, Timestamp};
use neon_sms_relay::store::texts::{Resend, Why};
use neon_sms_relay::store::{Claim, Held, Lease, NewDelivery, Outcome, Store, Text};
use proptest::prelude::*;
use sms_providers::ProviderName;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(4);
/// No event may be texted more often.
const MAX_SENDS: u8 = 3;
/// Two instances of the relay, each with connections of its own.
pub const INSTANCES: usize = 2;

/// What a client does next.
#[derive(Debug, Clone, Copy)]
pub enum Move {
    Claim,
    Renew,
    /// Once more than was counted ahead.
    CountASend,
    Finish(u8),
    Release,
    /// Forgets what it owned; the store is not told.
    Crash,
    /// All clocks go on, or are set back, by so many milliseconds.
    Clock(i64),
    Purge,
    BeginResend,
    RecordResend {
        texts: u8,
        may_have_sent: bool,
    },
}

pub fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        6 => Just(Move::Claim),
        2 => Just(Move::Renew),
        1 => Just(Move::CountASend),
        3 => (0..4_u8).prop_map(Move::Finish),
        2 => Just(Move::Release),
        1 => Just(Move::Crash),
        3 => prop_oneof![Just(1), Just(4_001), Just(61_000), Just(90_000_000), Just(-2_000), Just(-70_000)].prop_map(Move::Clock),
        1 => Just(Move::Purge),
        3 => Just(Move::BeginResend),
        2 => (0..2_u8, any::<bool>()).prop_map(|(texts, may_have_sent)| Move::RecordResend { texts, may_have_sent }),
    ]
}

/// What all clients of an event share.
pub struct Scene {
    pub stores: Vec<Arc<dyn Store>>,
    event: NewDelivery,
    clock: AtomicI64,
    order: AtomicU64,
    told: Mutex<Vec<Told>>,
    /// The delivery, and the number of its last text, as somebody has last heard of them.
    latest: Mutex<Option<(DeliveryRef, u8)>>,
    /// Whether only one client moves at a time.
    in_turns: bool,
}

/// One client. It goes on with what it believes, however wrong that is by now.
#[derive(Default)]
pub struct Client {
    lease: Option<Lease>,
    resend: Option<(DeliveryRef, Resend)>,
}

fn owned(lease: &Lease) -> Ownership {
    Ownership {
        reference: lease.delivery_ref.as_str().to_owned(),
        token: lease.token,
        possible_sends: lease.possible_sends,
        next_number: lease.next_number,
    }
}

fn reply(tag: u8) -> Reply {
    let [a, b, c] = [RefuseReason::InvalidCode, RefuseReason::OptedOut, RefuseReason::CodeExpired];
    [Reply::Done(None), Reply::Refused(a), Reply::Refused(b), Reply::Refused(c)][usize::from(tag)].clone()
}

fn tag(stored: &Reply) -> u8 {
    (0..4).find(|tag| reply(*tag) == *stored).expect("a reply that nobody gave")
}

fn held(held: Held) -> Heard {
    if held == Held::Yes { Heard::Held } else { Heard::Lost }
}

fn texts(first: u8, count: u8) -> Vec<Text> {
    (first..first + count).map(|number| text(number, ProviderName::Twilio, Text::ACCEPTED)).collect()
}

impl Scene {
    pub fn new(stores: Vec<Arc<dyn Store>>, in_turns: bool) -> Self {
        static EVENTS: AtomicI64 = AtomicI64::new(0);
        // Of other days, so that what is purged is this event and older ones.
        let number = EVENTS.fetch_add(1, Ordering::Relaxed);
        let id = EventId::new(&format!("event-{number}")).unwrap();
        let clock = AtomicI64::new(NOW.as_millis() + number * 1_000_000_000);
        let event = NewDelivery { id, ..event("any") };
        let (order, told, latest) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        Self { stores, event, clock, order, told, latest, in_turns }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::SeqCst))
    }

    pub async fn play(&self, client: &mut Client, store: &dyn Store, next: Move) {
        let now = self.now();
        let began = self.order.fetch_add(1, Ordering::SeqCst);
        let Some((call, heard)) = self.ask(client, store, next, now).await else { return };
        let ended = self.order.fetch_add(1, Ordering::SeqCst);
        self.told.lock().unwrap().push(Told { began, ended, call, heard });
    }

    async fn ask(
        &self,
        client: &mut Client,
        store: &dyn Store,
        next: Move,
        now: Timestamp,
    ) -> Option<(Call, Heard)> {
        let until = now.plus(LEASE);
        Some(match next {
            Move::Claim => {
                let heard = match store.claim(&self.event, now, LEASE).await {
                    Ok(Claim::Acquired(lease)) => {
                        let (by, first_claimed_at) = (owned(&lease), lease.first_claimed_at.as_millis());
                        client.lease = Some(lease);
                        Heard::Acquired { by, first_claimed_at }
                    }
                    Ok(Claim::InFlight) => Heard::InFlight,
                    Ok(Claim::Finished(reply)) => Heard::Finished(tag(&reply)),
                    Err(_) => Heard::Nothing,
                };
                (Call::Claim { now: now.as_millis(), until: until.as_millis() }, heard)
            }
            Move::Renew | Move::CountASend => {
                let lease = client.lease.as_mut()?;
                lease.possible_sends += u8::from(matches!(next, Move::CountASend));
                let heard = store.renew(lease, until).await.map_or(Heard::Nothing, held);
                (Call::Renew { by: owned(lease), until: until.as_millis() }, heard)
            }
            Move::Finish(reply_tag) => {
                let lease = client.lease.clone()?;
                let texts = texts(lease.next_number, 1);
                let (by, last) = (owned(&lease), (lease.delivery_ref.clone(), lease.next_number));
                let outcome = Outcome { texts, ..Outcome::of(reply(reply_tag)) };
                let heard = store.finish(lease, &outcome, now).await.map_or(Heard::Nothing, held);
                if heard == Heard::Held {
                    *self.latest.lock().unwrap() = Some(last);
                }
                (Call::Finish { by, reply: reply_tag, texts: 1 }, heard)
            }
            Move::Release => {
                let mut lease = client.lease.clone()?;
                lease.possible_sends -= 1;
                let by = owned(&lease);
                let heard = store.release(lease, &[]).await.map_or(Heard::Nothing, |()| Heard::Done);
                (Call::Release { by, texts: 0 }, heard)
            }
            Move::Crash => {
                *client = Client::default();
                return None;
            }
            Move::Clock(by) => {
                self.clock.fetch_add(by, Ordering::SeqCst);
                return None;
            }
            Move::Purge => {
                let heard = store.purge(now, now).await.map_or(Heard::Nothing, |_| Heard::Done);
                (Call::Purge { before: now.as_millis(), alone: self.in_turns }, heard)
            }
            Move::BeginResend => {
                let (delivery, failed) = self.latest.lock().unwrap().clone()?;
                let text = TextRef { delivery: delivery.clone(), number: failed };
                let begun = store.begin_resend(&text, Why::Failed, 1, MAX_SENDS).await;
                let heard = match begun {
                    Ok(begun) => {
                        client.resend =
                            begun.map(|resend| (delivery.clone(), resend)).or(client.resend.take());
                        Heard::Begun(begun.map(|resend| resend.first))
                    }
                    Err(_) => Heard::Nothing,
                };
                let reference = delivery.as_str().to_owned();
                let (beside_a_purge, max_sends) = (!self.in_turns, MAX_SENDS);
                (Call::BeginResend { reference, failed, requests: 1, max_sends, beside_a_purge }, heard)
            }
            Move::RecordResend { texts: count, may_have_sent } => {
                let (delivery, resend) = client.resend.clone()?;
                let made = texts(resend.first, count);
                let recorded = store.record_resend(&delivery, resend, &made, may_have_sent).await;
                let heard = recorded.map_or(Heard::Nothing, |()| Heard::Done);
                let (reference, first) = (delivery.as_str().to_owned(), resend.first);
                *self.latest.lock().unwrap() = Some((delivery, first - 1 + count));
                (Call::RecordResend { reference, first, requests: 1, texts: count, may_have_sent }, heard)
            }
        })
    }

    pub fn assert_one_story(&self) -> Result<(), TestCaseError> {
        let mut told = self.told.lock().unwrap().clone();
        told.sort_by_key(|told| told.began);
        let purged = told.iter().any(|told| matches!(told.call, Call::Purge { .. }));
        for told in &mut told {
            if let Call::BeginResend { beside_a_purge, .. } = &mut told.call {
                *beside_a_purge &= purged;
            }
        }
        prop_assert!(is_one_story(&told), "nobody could have heard this one after the other: {told:#?}");
        Ok(())
    }
}
