//! What comes of weighing a text: terms for its claim, and then the decision.

use super::facts::Sent;
use super::rule::{Rule, RuleSet};
use super::settings::Mode;
use super::{Guard, KNOWN_FOR};
use crate::domain::{Pace, RefuseReason, Region, Timestamp};
use std::sync::Arc;

/// On which terms the claim of a text lets it pass.
#[derive(Debug, Clone)]
pub struct ClaimTerms {
    /// Whom the claim lets pass at all.
    pub admit: Admit,
    /// How often the number may be texted.
    pub pace: Arc<Pace>,
}

/// Whom a claim lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admit {
    /// Nobody: this rule has refused it already.
    Nobody(Rule),
    /// A number that was verified within [`KNOWN_FOR`]; this rule refuses all others.
    Verified(Rule),
    /// Whoever keeps the pace.
    Everybody,
}

/// What is known of a number at the moment of a claim, that of this very event aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberHistory {
    /// Which rule did not let the event pass when it was claimed for the first time, or would not have.
    pub refused_by: Option<Rule>,
    /// Whether that was an earlier claim than this one: then nothing is decided anew.
    pub decided: bool,
    /// When texts were sent since the last verification, within a day; oldest first. A decision does without.
    pub recent: Vec<Timestamp>,
    /// When the number was last verified.
    pub verified_at: Option<Timestamp>,
}

/// What was decided about a text.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Whether it is sent.
    pub outcome: Outcome,
    /// Why, by the names of the rules; empty if nothing spoke against it.
    pub rules: Vec<String>,
    /// What is to be handed back with what becomes known of the text later; `None` if it is not sent, or not counted.
    pub sent: Option<Sent>,
}

/// Whether a text is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is.
    Allowed,
    /// It is, and something spoke against it.
    Noted,
    /// It is not.
    Refused(RefuseReason),
}

impl Outcome {
    /// The name in records and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Noted => "noted",
            Self::Refused(_) => "refused",
        }
    }
}

/// A text that was weighed and not decided about. Its place in the budgets is kept until then, and given back if it is
/// dropped.
#[derive(Debug)]
#[must_use]
pub struct Weighed<'a> {
    pub(super) guard: &'a Guard,
    pub(super) text: Sent,
    /// What speaks against it, if the number was never verified.
    pub(super) broken: RuleSet,
    /// What lets it pass whatever speaks against it.
    pub(super) passes: Option<Rule>,
    /// Whether it has its place.
    pub(super) reserved: bool,
}

impl Weighed<'_> {
    /// The country that the text goes to.
    pub fn region(&self) -> Option<Region> {
        self.text.region
    }

    /// What the claim has to know; `None` if it has to keep nothing of the number.
    pub fn terms(&self) -> Option<ClaimTerms> {
        let settings = self.guard.settings();
        if settings.mode == Mode::Off {
            return None;
        }
        let enforced = settings.mode == Mode::Enforce && self.passes.is_none();
        let refusing = self.broken.filtered(|rule| rule.reason().is_some());
        let for_all = refusing.iter().find(|rule| rule.holds_for_all());
        let admit = match (for_all, refusing.iter().next()) {
            _ if !enforced => Admit::Everybody,
            (Some(rule), _) => Admit::Nobody(rule),
            (None, Some(rule)) => Admit::Verified(rule),
            (None, None) => Admit::Everybody,
        };
        let pace = if enforced { &settings.pace } else { &self.guard.told_pace };
        Some(ClaimTerms { admit, pace: pace.clone() })
    }

    /// Decides, with what the claim knows of the number.
    pub fn decide(mut self, history: &NumberHistory, now: Timestamp) -> Decision {
        let mode = self.guard.settings().mode;
        if mode == Mode::Off {
            return Decision { outcome: Outcome::Allowed, rules: Vec::new(), sent: None };
        }
        if let Some(rule) = self.passes {
            let sent = Some(self.keep(false));
            return Decision { outcome: Outcome::Allowed, rules: vec![rule.as_str().to_owned()], sent };
        }
        let known = is_known(history.verified_at, self.text.at);
        let mut broken = if history.decided { RuleSet::default() } else { self.broken };
        if let Some(rule) = history.refused_by {
            broken.add(rule);
        }
        let passed = |rule: Rule| known && rule.reason().is_some() && !rule.holds_for_all();
        let holding = broken.filtered(|rule| !passed(rule));
        let reason = holding.iter().find_map(Rule::reason);
        if let Some(reason) = reason.filter(|_| mode == Mode::Enforce) {
            self.guard.refused(&self.text, holding, now);
            return Decision { outcome: Outcome::Refused(reason), rules: holding.names(), sent: None };
        }
        let sent = Some(self.keep(!known));
        if !holding.is_empty() {
            return Decision { outcome: Outcome::Noted, rules: holding.names(), sent };
        }
        let rules =
            if broken.is_empty() { Vec::new() } else { vec![Rule::VerifiedBefore.as_str().to_owned()] };
        Decision { outcome: Outcome::Allowed, rules, sent }
    }

    /// Keeps the place for good, or takes one.
    fn keep(&mut self, counted: bool) -> Sent {
        let text = Sent { counted, ..self.text };
        self.guard.settle(&self.text, self.reserved, Some(&text));
        self.reserved = false;
        text
    }
}

impl Drop for Weighed<'_> {
    fn drop(&mut self) {
        if self.reserved {
            self.guard.settle(&self.text, true, None);
        }
    }
}

/// Whether a number that was verified then is known `at` a time.
pub(super) fn is_known(verified_at: Option<Timestamp>, at: Timestamp) -> bool {
    verified_at.is_some_and(|verified_at| at.since(verified_at) < KNOWN_FOR)
}
