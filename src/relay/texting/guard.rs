//! The guard on duty: each text is weighed before its claim and decided after it, and what one instance counted or
//! closed, all know a second later.
//!
//! Budgets are the process's own memory, which the store's sums refresh: while the store is down they go on with what
//! this instance knows. Refusals are counted and summed up in one line a second and rule; an attack writes no more.

mod exchange;
mod kept;
mod numbers;
mod told;

pub use kept::{read_closing, read_tally};

use super::Texting;
use crate::domain::{
    Destination, Event, RefuseReason, Region, SendOtp, Timestamp, canonical, check_possible,
};
use crate::guard::{
    Admit, Currency, Decision, Facts, Guard, GuardSettings, Mode, Money, NumberHistory, Outcome, Rule, Sent,
    Tally, Weighed,
};
use crate::relay::once::Ownership;
use crate::store::texts::Verified;
use crate::store::{self, NewDelivery};
use crate::telemetry::{OnceAMinute, trace};
use exchange::Exchange;
use kept::written;
use numbers::Numbers;
use serde_json::json;
use sms_providers::{PhoneNumber, Price};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What the store has closed is known for so long; it is read again before the next text.
const FRESH_FOR: Duration = Duration::from_secs(4);
/// After the last text, others' counts are followed for so long.
const ACTIVE_FOR: Duration = Duration::from_secs(10);

/// The guard, and what is to be done with what it says.
pub(super) struct Gatekeeper {
    guard: Guard,
    watch: Mutex<Watch>,
    /// Held while tallies are written and read: a sum that was read before this instance's own counts were written is
    /// none.
    exchange: tokio::sync::Mutex<Exchange>,
    /// What is known of numbers while the store does not answer.
    numbers: Numbers,
    /// Told of each decision that was made without the store.
    unshared: OnceAMinute,
}

#[derive(Default)]
struct Watch {
    /// When the store was last asked.
    read_at: Option<Instant>,
    /// When something last happened.
    active_at: Option<Instant>,
    /// How often which rule refused a text, and why.
    refusals: BTreeMap<Rule, (RefuseReason, u64)>,
}

impl Gatekeeper {
    pub fn new(settings: GuardSettings) -> Self {
        Self {
            guard: Guard::new(settings),
            watch: Mutex::default(),
            exchange: tokio::sync::Mutex::default(),
            numbers: Numbers::default(),
            unshared: OnceAMinute::default(),
        }
    }

    pub fn is_off(&self) -> bool {
        self.guard.settings().mode == Mode::Off
    }

    /// Whether any number is held.
    pub fn holds_numbers(&self) -> bool {
        self.guard.holds_numbers() || !self.numbers.is_empty()
    }

    /// Forgets what it goes by while the store does not answer, as far as that is not younger.
    pub fn forget_until(&self, until: Timestamp) {
        self.numbers.forget_until(until);
    }

    /// The numbers that are held.
    pub fn held(&self) -> Vec<PhoneNumber> {
        self.guard.held()
    }

    /// Forgets one of them.
    pub fn forget(&self, number: &PhoneNumber) {
        self.guard.forget(number);
    }

    /// Whether nothing has happened for so long that nobody needs to know of others.
    pub fn is_idle(&self) -> bool {
        let active_at = self.watch().active_at;
        active_at.is_none_or(|at| at.elapsed() > ACTIVE_FOR)
    }

    fn is_stale(&self) -> bool {
        let read_at = self.watch().read_at;
        read_at.is_none_or(|at| at.elapsed() > FRESH_FOR)
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts since the last time, as a store keeps them.
    pub fn take_counts(&self) -> impl Iterator<Item = store::Tally> {
        self.guard.drain_deltas().into_iter().map(|tally| written(&tally))
    }

    /// Takes over the sums of all instances.
    pub fn absorb(&self, tallies: &[store::Tally], now: Timestamp) {
        let hour = store::Tally::hour_of(now);
        let counts = |tally: &Tally| {
            let hours = i64::try_from(tally.kind.lifetime().as_secs() / 3600).unwrap_or(i64::MAX);
            store::Tally::hour_of(tally.hour) + hours > hour
        };
        let read: Vec<_> = tallies.iter().filter_map(read_tally).filter(counts).collect();
        self.guard.absorb(&read, now);
    }

    /// What is closed by now, as the store has it.
    fn absorb_closings(&self, closings: &[store::Closing], now: Timestamp) {
        let closings: Vec<_> = closings.iter().filter_map(read_closing).collect();
        self.guard.absorb_closings(&closings, now);
    }
}

impl Texting {
    /// What speaks against a code, before its event is claimed; `None` if nobody asks.
    pub async fn weigh(&self, event: &Event, otp: &SendOtp) -> Option<Weighed<'_>> {
        let Destination::Number(number) = &otp.destination else { return None };
        if self.gate.is_off() || check_possible(number).is_err() || self.is_test_number(number) {
            return None;
        }
        if self.gate.is_stale() {
            self.refresh().await;
        }
        self.stir();
        let number = canonical(number);
        let facts = self.facts(&number, event, event.user.has_id);
        Some(self.gate.guard.weigh(&facts, self.clock.now()))
    }

    fn facts<'a>(&self, number: &'a PhoneNumber, event: &Event, linked: bool) -> Facts<'a> {
        Facts { number, origin: self.gate.guard.origin(number), linked, address: event.address }
    }

    /// Something has happened that others have to know.
    fn stir(&self) {
        self.gate.watch().active_at = Some(Instant::now());
        self.book.wake();
    }

    /// Decides about a code whose event is claimed.
    pub(super) fn decide(
        &self,
        weighed: Weighed<'_>,
        number: &PhoneNumber,
        ownership: &Ownership,
        delivery: &NewDelivery,
    ) -> Decision {
        let (lease, now) = (ownership.lease(), self.clock.now());
        let mut history = NumberHistory {
            refused_by: lease.history.refused_by.as_deref().and_then(Rule::from_name),
            decided: lease.token > 1,
            verified_at: lease.history.verified_at,
            recent: Vec::new(),
        };
        // Without its hash, the store cannot know the number.
        if !ownership.durable() || delivery.recipient.is_none() {
            self.decides_alone();
            if !history.decided {
                let (verified_at, refused_by) = self.gate.numbers.history(number, &delivery.pace, now);
                history.verified_at = history.verified_at.max(verified_at);
                history.refused_by = history.refused_by.or(refused_by);
            }
        }
        let span = trace::guard();
        let decision = span.in_scope(|| weighed.decide(&history, now));
        match (decision.outcome, history.refused_by) {
            (Outcome::Refused(_), Some(rule)) if rule.is_pace() => {
                self.gate.numbers.refused(number, rule, now);
            }
            (Outcome::Refused(_), _) => {}
            _ => self.gate.numbers.texted(number, history.verified_at, &delivery.pace, now),
        }
        self.metrics.guard_decided(decision.outcome.as_str(), &decision.rules, delivery.region);
        let rule = decision.rules.first().and_then(|rule| Rule::from_name(rule));
        trace::decided(&span, decision.outcome.as_str(), rule.map(Rule::as_str));
        if let (Outcome::Refused(reason), Some(rule)) = (decision.outcome, rule) {
            self.gate.watch().refusals.entry(rule).or_insert((reason, 0)).1 += 1;
        }
        decision
    }

    /// Takes note of a decision without the store.
    fn decides_alone(&self) {
        self.metrics.guard_was_alone();
        if let Some(count) = self.gate.unshared.due(Instant::now()) {
            tracing::warn!(count, "limits go by what this process remembers, since the store is down");
        }
    }

    /// Takes note of what became of a text that was allowed: how many may have left, and at what prices.
    pub(super) fn became(&self, sent: Option<&Sent>, region: Option<Region>, texts: u8, prices: &[Price]) {
        let (guard, now) = (&self.gate.guard, self.clock.now());
        let Some(sent) = sent else { return };
        if texts == 0 {
            guard.unsent(sent);
        }
        (1..texts).for_each(|_| guard.sent_again(region, now));
        prices.iter().for_each(|price| self.priced(region, now, *price));
    }

    /// A further text of a code left.
    pub(super) fn left_again(&self, region: Option<Region>) {
        if !self.gate.is_off() {
            self.gate.guard.sent_again(region, self.clock.now());
            self.stir();
        }
    }

    /// What a text cost is known.
    pub(super) fn priced(&self, region: Option<Region>, sent_at: Timestamp, price: Price) {
        if let Some(currency) = Currency::from_iso(price.currency()) {
            self.gate.guard.priced(region, sent_at, Money { millionths: price.micros(), currency });
        }
    }

    /// A number was verified.
    pub(super) fn trust(&self, event: &Event, number: &PhoneNumber, verified: &Verified) {
        self.gate.numbers.verified(number, self.clock.now());
        let number = canonical(number);
        let before = NumberHistory {
            recent: verified.cleared.clone(),
            verified_at: verified.verified_before,
            ..NumberHistory::default()
        };
        let facts = self.facts(&number, event, verified.linked);
        self.gate.guard.verified(&facts, &before, self.clock.now());
        self.stir();
    }
}

/// What a claim has to know of the guard's opinion.
pub fn on_terms(delivery: NewDelivery, weighed: &Weighed<'_>) -> NewDelivery {
    let Some(terms) = weighed.terms() else { return delivery };
    let (rule, even_if_verified) = match terms.admit {
        Admit::Nobody(rule) => (Some(rule), true),
        Admit::Verified(rule) => (Some(rule), false),
        Admit::Everybody => (None, false),
    };
    let unless_verified = rule.map(|rule| rule.as_str().to_owned());
    NewDelivery { pace: terms.pace, unless_verified, even_if_verified, ..delivery }
}

/// A decision as it is remembered.
pub(super) fn record(decision: &Decision) -> String {
    json!({"outcome": decision.outcome.as_str(), "rules": decision.rules}).to_string()
}
