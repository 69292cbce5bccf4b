//! What is attacked: requests for codes and verifications come in, decisions come out.

use neon_sms_relay::domain::Timestamp;
use neon_sms_relay::domain::pace::DAY;
use neon_sms_relay::guard::{Admit, Facts, Guard, KNOWN_FOR, NumberHistory, Outcome, Rule};
use sms_providers::PhoneNumber;
use std::collections::HashMap;
use std::net::IpAddr;

/// Somebody asks for a code.
#[derive(Clone)]
pub struct Ask {
    /// For this number.
    pub number: PhoneNumber,
    /// Which somebody has linked.
    pub linked: bool,
    /// From this address, if Neon sees it.
    pub address: Option<IpAddr>,
}

/// What stands between those who ask and the owner's money.
pub trait Relay {
    /// Whether a text is sent.
    fn asks(&mut self, ask: &Ask, now: Timestamp) -> bool;
    /// The code was entered.
    fn verifies(&mut self, ask: &Ask, now: Timestamp);
    /// The number was verified some time ago.
    fn knows(&mut self, number: &PhoneNumber, verified_at: Timestamp);
}

/// Sends whatever is asked for.
pub struct Unguarded;

impl Relay for Unguarded {
    fn asks(&mut self, _: &Ask, _: Timestamp) -> bool {
        true
    }

    fn verifies(&mut self, _: &Ask, _: Timestamp) {}

    fn knows(&mut self, _: &PhoneNumber, _: Timestamp) {}
}

/// The guard, with a claim that decides in memory what a store decides in its statement.
pub struct Guarded {
    /// Decides.
    pub guard: Guard,
    numbers: HashMap<PhoneNumber, NumberHistory>,
    /// How often each rule refused.
    pub refusals: HashMap<String, u64>,
}

impl Guarded {
    /// Nothing is known.
    pub fn new(guard: Guard) -> Self {
        Self { guard, numbers: HashMap::new(), refusals: HashMap::new() }
    }

    fn facts<'a>(&self, ask: &'a Ask) -> Facts<'a> {
        let Ask { number, linked, address } = ask;
        Facts { number, origin: self.guard.origin(number), linked: *linked, address: *address }
    }
}

impl Relay for Guarded {
    fn asks(&mut self, ask: &Ask, now: Timestamp) -> bool {
        let facts = self.facts(ask);
        let weighed = self.guard.weigh(&facts, now);
        let mut history = self.numbers.get(&ask.number).cloned().unwrap_or_default();
        history.recent.retain(|at| *at > now.minus(DAY));
        history.refused_by = None;
        let mut counts = true;
        if let Some(terms) = weighed.terms() {
            let known = history.verified_at.is_some_and(|at| now.since(at) < KNOWN_FOR);
            let paced = terms.pace.forbids(&history.recent, now).map(Rule::from);
            (history.refused_by, counts) = match terms.admit {
                Admit::Verified(_) if known => (paced, paced.is_none() || !terms.pace.enforced),
                Admit::Nobody(rule) | Admit::Verified(rule) => (Some(rule), false),
                Admit::Everybody => (paced, paced.is_none() || !terms.pace.enforced),
            };
        }
        let decision = weighed.decide(&history, now);
        if counts {
            history.recent.push(now);
        }
        if counts || history.verified_at.is_some() {
            self.numbers.insert(ask.number.clone(), history);
        }
        let sent = !matches!(decision.outcome, Outcome::Refused(_));
        if !sent {
            decision.rules.into_iter().for_each(|rule| *self.refusals.entry(rule).or_default() += 1);
        }
        sent
    }

    fn verifies(&mut self, ask: &Ask, now: Timestamp) {
        let before = self.numbers.entry(ask.number.clone()).or_default();
        let after = NumberHistory { verified_at: Some(now), ..NumberHistory::default() };
        let before = std::mem::replace(before, after);
        let facts = self.facts(ask);
        self.guard.verified(&facts, &before, now);
    }

    fn knows(&mut self, number: &PhoneNumber, verified_at: Timestamp) {
        let history = NumberHistory { verified_at: Some(verified_at), ..NumberHistory::default() };
        self.numbers.insert(number.clone(), history);
    }
}
