//! A bad day in a store, written through the store's own operations as servers do: vendors that refuse, lose and fail
//! texts, texts that are sent again, users who get in, codes that are refused, and an app that takes nothing.
//!
//! The same every time, but for when it is.

mod around;
mod scene;

use futures_util::{StreamExt, stream};
use neon_sms_relay::domain::{
    Accepted, EndpointId, EventId, HashKey, RefuseReason, Region, Reply, TextRef, Timestamp,
};
use neon_sms_relay::store::texts::{About, Again, Report, Why};
use neon_sms_relay::store::{Batch, Claim, Lease, NewDelivery, Outcome, Store, Tally, Text};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use scene::{Country, Fate, VENDORS, fate};
use sms_providers::{DeliveryStatus, PhoneNumber, Price, ProviderName};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

pub const ENDPOINT: &str = "ep-cool-sound-12345678";
/// The number that one of the users has, in the middle of the day.
pub const KNOWN_NUMBER: &str = "+12025550123";

const DAY: Duration = Duration::from_secs(24 * 3600);
const LEASE: Duration = Duration::from_secs(10);
const LIFE: Duration = Duration::from_secs(300);
const AT_ONCE: usize = 64;

/// Writes a day that ends now, with so many events.
pub async fn write(store: &dyn Store, now: Timestamp, events: usize) {
    let key = store.hash_key().await.unwrap();
    let day = Day { store, now, key, tallies: Mutex::default() };
    stream::iter((0..events).map(|index| day.event(index, events)))
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
    day.app_fails().await;
    day.closings().await;
    day.history(events);
    let counts = day.tallies.into_inner().unwrap();
    let tallies: Vec<_> = counts
        .into_iter()
        .map(|((hour, kind, region, detail), count)| Tally {
            hour,
            kind: kind.to_owned(),
            region,
            detail,
            count,
        })
        .collect();
    let batch = Batch { writer: format!("day of {events}"), number: 1, hour: Tally::hour_of(now) };
    store.tally(&tallies, &batch).await.unwrap();
}

/// Hour, kind, country and detail of a tally.
type Counted = (i64, &'static str, String, String);

struct Day<'a> {
    store: &'a dyn Store,
    now: Timestamp,
    key: HashKey,
    tallies: Mutex<HashMap<Counted, i64>>,
}

impl Day<'_> {
    async fn event(&self, index: usize, of: usize) {
        let mut luck = SmallRng::seed_from_u64(index as u64);
        // More in the second half of the day, and something in the last minute.
        let through = ((index + 1) as f64 / of as f64).powf(0.8);
        let at = self.now.minus(DAY).plus(DAY.mul_f64(through * 0.999_95));
        let is_known = index == of / 2;
        match luck.random_range(0..100) {
            _ if is_known => self.code(index, of, at, &mut luck).await,
            0..3 => self.for_the_app(index, at, &mut luck).await,
            3 => self.declined(index, at).await,
            _ => self.code(index, of, at, &mut luck).await,
        }
    }

    async fn claim(&self, new: &NewDelivery, at: Timestamp) -> Lease {
        match self.store.claim(new, at, LEASE).await.unwrap() {
            Claim::Acquired(lease) => lease,
            other => panic!("not acquired: {other:?}"),
        }
    }

    async fn code(&self, index: usize, of: usize, at: Timestamp, luck: &mut SmallRng) {
        let country = scene::country(luck);
        let known = index == of / 2;
        let number: PhoneNumber =
            if known { KNOWN_NUMBER.to_owned() } else { country.number(index) }.parse().unwrap();
        let new = NewDelivery {
            endpoint: EndpointId::new(ENDPOINT),
            recipient: Some(self.key.recipient(&number)),
            region: Region::of(&number),
            linked: luck.random_bool(0.7),
            expires_at: Some(at.plus(LIFE)),
            ..NewDelivery::new(id(index), "send.otp")
        };
        let lease = self.claim(&new, at).await;
        if country.is_pumped(self.now.since(at)) {
            let decision = r#"{"outcome":"refused","rules":["country_hour","prefix"]}"#.to_owned();
            let reply = Reply::Refused(RefuseReason::TooManyCodes);
            let outcome = Outcome { decision: Some(decision), ..Outcome::of(reply) };
            self.store.finish(lease, &outcome, at.plus(Duration::from_millis(3))).await.unwrap();
            return;
        }
        let (texts, fates) = self.chain(country, at, 1, None, luck);
        let last = texts.last().unwrap();
        let answered = last.sent_at.plus(Duration::from_millis(last.elapsed_ms.into()));
        let reply = match last.is_accepted() {
            true => {
                Reply::Done(Some(Accepted { provider: last.provider, message_id: last.message_id.clone() }))
            }
            false => Reply::Refused(RefuseReason::NumberUnreachable),
        };
        let decision = luck.random_bool(0.9).then(|| r#"{"outcome":"allowed","rules":[]}"#.to_owned());
        let outcome = Outcome { texts: texts.clone(), decision, ..Outcome::of(reply) };
        self.store.finish(lease.clone(), &outcome, answered).await.unwrap();
        if !last.is_accepted() {
            return;
        }
        let first = last.clone();
        self.tally(first.sent_at, "first", country, first.provider.as_str(), 1);
        self.tally(first.sent_at, "guard_texts", country, "", 1);
        self.tally(first.sent_at, "guard_spend", country, "USD", first.price.unwrap().micros());
        let delivered = self.reported(&lease, country, last, *fates.last().unwrap(), luck).await;
        self.ends(&new, country, &first, delivered, luck).await;
    }

    /// What vendors answer, one after the other, until one takes it.
    fn chain(
        &self,
        country: &Country,
        at: Timestamp,
        from: u8,
        but: Option<ProviderName>,
        luck: &mut SmallRng,
    ) -> (Vec<Text>, Vec<Fate>) {
        let (mut texts, mut fates, mut sent_at) = (Vec::new(), Vec::new(), at.plus(Duration::from_millis(4)));
        let ago = self.now.since(at);
        for vendor in VENDORS.iter().filter(|vendor| Some(vendor.name) != but) {
            let fate = fate(vendor.name, country.iso, ago, luck);
            let elapsed_ms = luck.random_range(80..480);
            let number = from + u8::try_from(texts.len()).unwrap();
            let (verdict, code) = fate.answer();
            let accepted = verdict == Text::ACCEPTED;
            texts.push(Text {
                number,
                provider: vendor.name,
                verdict: verdict.to_owned(),
                code: code.map(str::to_owned),
                message_id: accepted.then(|| format!("{}-{}-{number}", vendor.name, at.as_millis())),
                sent_at,
                elapsed_ms,
                segments: Some(1),
                price: accepted.then(|| Price::from_micros(vendor.micros, "USD").unwrap()),
            });
            fates.push(fate);
            if accepted {
                self.tally(sent_at, "priced", country, &format!("{} USD", vendor.name), 1);
                self.tally(sent_at, "price", country, &format!("{} USD", vendor.name), vendor.micros);
                break;
            }
            sent_at = sent_at.plus(Duration::from_millis(elapsed_ms.into()));
        }
        (texts, fates)
    }

    /// What is heard of a text, and of another one in its place; returns when one arrived.
    async fn reported(
        &self,
        lease: &Lease,
        country: &Country,
        text: &Text,
        fate: Fate,
        luck: &mut SmallRng,
    ) -> Option<Timestamp> {
        let about = |number| TextRef { delivery: lease.delivery_ref.clone(), number };
        let arrives_at = text.sent_at.plus(Duration::from_millis(luck.random_range(2_000..9_000)));
        match fate {
            Fate::Arrives => {
                self.report(about(text.number), text.provider, DeliveryStatus::Delivered, None, arrives_at)
                    .await;
                Some(arrives_at)
            }
            Fate::Fails(code) => {
                let at = text.sent_at.plus(Duration::from_secs(8));
                self.report(about(text.number), text.provider, DeliveryStatus::Undelivered, Some(code), at)
                    .await;
                if at > self.now {
                    return None;
                }
                // The code's last life is too short for another one now and then.
                if luck.random_bool(0.2) {
                    return None;
                }
                let failed = about(text.number);
                let resend = self.store.begin_resend(&failed, Why::Failed, 2, 3).await.unwrap()?;
                let (texts, fates) = self.chain(country, at, resend.first, Some(text.provider), luck);
                self.store.record_resend(&lease.delivery_ref, resend, &texts, true).await.unwrap();
                let (last, fate) = (texts.last()?, fates.last()?);
                let arrives_at = last.sent_at.plus(Duration::from_millis(luck.random_range(2_000..9_000)));
                if !matches!(fate, Fate::Arrives) {
                    return None;
                }
                self.report(about(last.number), last.provider, DeliveryStatus::Delivered, None, arrives_at)
                    .await;
                Some(arrives_at)
            }
            Fate::Vanishes | Fate::Refused(..) => None,
        }
    }

    async fn report(
        &self,
        text: TextRef,
        provider: ProviderName,
        status: DeliveryStatus,
        code: Option<&str>,
        at: Timestamp,
    ) {
        if at > self.now {
            return;
        }
        let again = code.map(|_| Again { life: Duration::from_secs(30), transient: true });
        let report =
            Report { status: Some(status), code: code.map(str::to_owned), again, ..Report::default() };
        self.store.report(&About::Text(text, provider), &report, at).await.unwrap();
    }

    /// The user types the code, or it dies.
    async fn ends(
        &self,
        new: &NewDelivery,
        country: &Country,
        first: &Text,
        arrived: Option<Timestamp>,
        luck: &mut SmallRng,
    ) {
        let (vendor, whose) = (first.provider.as_str(), if new.linked { "l" } else { "u" });
        let typed = arrived.filter(|_| luck.random_bool(0.96)).map(|at| {
            let slow = if luck.random_bool(0.08) { 6.0 } else { 1.0 };
            at.plus(Duration::from_secs_f64(luck.random_range(3.0..14.0) * slow))
        });
        match typed.filter(|at| *at <= self.now) {
            Some(at) => {
                let hash = &new.recipient.as_ref().unwrap().hash;
                if self.store.verified(hash, at, at).await.unwrap().is_some() {
                    for kind in ["verified", "first_verified", "first_ended"] {
                        self.tally(at, kind, country, vendor, 1);
                    }
                    self.tally(first.sent_at, "guard_verified", country, whose, 1);
                }
            }
            None if first.sent_at.plus(LIFE) < self.now => {
                self.tally(first.sent_at.plus(LIFE), "first_ended", country, vendor, 1);
                self.tally(first.sent_at, "guard_unverified", country, whose, 1);
            }
            None => {}
        }
    }

    fn tally(&self, at: Timestamp, kind: &'static str, country: &Country, detail: &str, count: i64) {
        let key = (Tally::hour_of(at), kind, country.iso.to_owned(), detail.to_owned());
        *self.tallies.lock().unwrap().entry(key).or_default() += count;
    }
}

fn id(index: usize) -> EventId {
    EventId::new(&format!("5f1d0000-0000-4000-8000-{index:012}")).unwrap()
}
