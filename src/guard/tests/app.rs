//! A guard with a claim in memory, in verbs.

use crate::domain::{RefuseReason, Timestamp};
use crate::guard::{Admit, Decision, Facts, Guard, GuardSettings, KNOWN_FOR, NumberHistory, Outcome, Rule};
use sms_providers::PhoneNumber;
use std::collections::HashMap;
use std::time::Duration;

pub const START: Timestamp = Timestamp::from_millis(1_790_035_200_000);

pub fn at(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

pub struct App {
    pub guard: Guard,
    pub numbers: HashMap<PhoneNumber, NumberHistory>,
    pub linked: bool,
}

/// The outcome, and what speaks for or against it.
pub type Said = (Outcome, Vec<String>);

pub fn allowed() -> Said {
    (Outcome::Allowed, Vec::new())
}

pub fn refused(rule: Rule) -> Said {
    (Outcome::Refused(rule.reason().unwrap()), vec![rule.as_str().to_owned()])
}

pub fn is_refused(said: &Said, reason: RefuseReason) -> bool {
    said.0 == Outcome::Refused(reason)
}

impl App {
    pub fn new(settings: GuardSettings) -> Self {
        Self { guard: Guard::new(settings), numbers: HashMap::new(), linked: false }
    }

    pub fn decides(&mut self, number: &str, now: Timestamp) -> Decision {
        let number: PhoneNumber = number.parse().unwrap();
        let facts = self.facts(&number);
        let weighed = self.guard.weigh(&facts, now);
        let mut history = self.numbers.get(&number).cloned().unwrap_or_default();
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
        self.numbers.insert(number, history);
        decision
    }

    /// The decision about an event of which a claim knows this.
    pub fn decides_with(&self, number: &str, history: &NumberHistory, now: Timestamp) -> Decision {
        let number: PhoneNumber = number.parse().unwrap();
        self.guard.weigh(&self.facts(&number), now).decide(history, now)
    }

    pub fn asks(&mut self, number: &str, seconds: u64) -> Said {
        let decision = self.decides(number, at(seconds));
        (decision.outcome, decision.rules)
    }

    pub fn verifies(&mut self, number: &str, seconds: u64) {
        let number: PhoneNumber = number.parse().unwrap();
        let now = NumberHistory { verified_at: Some(at(seconds)), ..NumberHistory::default() };
        let before = self.numbers.insert(number.clone(), now).unwrap_or_default();
        self.guard.verified(&self.facts(&number), &before, at(seconds));
    }

    fn facts<'a>(&self, number: &'a PhoneNumber) -> Facts<'a> {
        let address = "203.0.113.7".parse().ok();
        Facts { number, origin: self.guard.origin(number), linked: self.linked, address }
    }
}

/// Numbers of one country that have nothing to do with each other.
pub fn stranger(index: u64) -> String {
    format!("+49151{:08}", (index * 7_919_113) % 100_000_000)
}
