//! Prefixes that get no text: closed by a rule for a while, or blocked by hand.

use super::digits::{ByPrefix, Digits, Prefix};
use super::rule::Rule;
use crate::domain::Timestamp;
use std::time::Duration;

/// How long a rule closes a prefix.
pub const CLOSED_FOR: Duration = Duration::from_secs(12 * 3600);
/// A prolongation by less is not worth a statement to the store.
const WORTH_WRITING: Duration = Duration::from_secs(10 * 60);

/// A prefix that gets no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// What the numbers begin with.
    pub prefix: Prefix,
    /// Why: [`Rule::Prefix`], [`Rule::Run`] or [`Rule::Blocked`].
    pub reason: Rule,
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None` until somebody opens it.
    pub until: Option<Timestamp>,
    /// Who closed it: `guard`, or who ran the command.
    pub by: String,
}

/// What has to be written to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClosingChange {
    /// It was closed, or stays closed for longer.
    Closed(Closing),
    /// It was opened.
    Opened(Prefix),
}

/// All that is closed.
#[derive(Debug, Default)]
pub(super) struct Closings {
    set: ByPrefix<Closing>,
    changes: Vec<ClosingChange>,
}

impl Closing {
    fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Whether a rule closed it, so that a rule, or a verification, may open it.
    fn is_by_rule(&self) -> bool {
        self.reason != Rule::Blocked
    }
}

impl Closings {
    /// Why a number gets no text: what was blocked by hand before what a rule closed.
    pub(super) fn broken(&self, number: Digits, now: Timestamp) -> Option<Rule> {
        self.set
            .matching(number)
            .map(|(_, closing)| closing)
            .filter(|closing| closing.holds(now))
            .map(|closing| closing.reason)
            .min()
    }

    /// A rule closes a prefix, or keeps it closed.
    pub(super) fn close(&mut self, prefix: Prefix, reason: Rule, now: Timestamp) {
        let until = now.plus(CLOSED_FOR);
        match self.set.get_mut(prefix) {
            Some(closing) if !closing.is_by_rule() && closing.holds(now) => return,
            Some(closing) if closing.holds(now) => {
                if closing.until.is_none_or(|old| until.since(old) < WORTH_WRITING) {
                    return;
                }
                closing.until = Some(until);
            }
            _ => {
                let by = "guard".to_owned();
                self.set.insert(prefix, Closing { prefix, reason, since: now, until: Some(until), by });
            }
        }
        self.changes.extend(self.set.get(prefix).cloned().map(ClosingChange::Closed));
    }

    /// A number of the prefix was verified, so it is no attacker's.
    pub(super) fn open(&mut self, prefix: Prefix) -> bool {
        let is_by_rule = self.set.get(prefix).is_some_and(Closing::is_by_rule);
        if is_by_rule {
            self.set.remove(prefix);
            self.changes.push(ClosingChange::Opened(prefix));
        }
        is_by_rule
    }

    /// What changed since it was last asked for.
    pub(super) fn drain(&mut self) -> Vec<ClosingChange> {
        std::mem::take(&mut self.changes)
    }

    /// Changes that could not be written come back; later ones win.
    pub(super) fn give_back(&mut self, mut changes: Vec<ClosingChange>) {
        changes.append(&mut self.changes);
        self.changes = changes;
    }

    /// Takes over all that the store has, less what was changed here in the meantime; returns what somebody opened.
    pub(super) fn absorb(&mut self, stored: &[Closing], now: Timestamp) -> Vec<Prefix> {
        let mut set = ByPrefix::default();
        for closing in stored.iter().filter(|closing| closing.holds(now)) {
            set.insert(closing.prefix, closing.clone());
        }
        for change in &self.changes {
            match change {
                ClosingChange::Closed(closing) => set.insert(closing.prefix, closing.clone()),
                ClosingChange::Opened(prefix) => drop(set.remove(*prefix)),
            }
        }
        let before = std::mem::replace(&mut self.set, set);
        let gone = before.iter().filter(|(_, closing)| closing.holds(now));
        gone.map(|(prefix, _)| prefix).filter(|prefix| self.set.get(*prefix).is_none()).collect()
    }

    /// What is closed now.
    pub(super) fn all(&self, now: Timestamp) -> Vec<Closing> {
        let mut all: Vec<_> = self
            .set
            .iter()
            .map(|(_, closing)| closing)
            .filter(|closing| closing.holds(now))
            .cloned()
            .collect();
        all.sort_by_key(|closing| closing.prefix);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_millis(0).plus(Duration::from_secs(60 * minutes))
    }

    fn number() -> Digits {
        Digits::of(&"+2250700123456".parse().unwrap())
    }

    fn prefix(digits: &str) -> Prefix {
        Prefix::parse(digits).unwrap()
    }

    fn blocked(digits: &str) -> Closing {
        Closing {
            prefix: prefix(digits),
            reason: Rule::Blocked,
            since: at(0),
            until: None,
            by: "ann".to_owned(),
        }
    }

    #[test]
    fn a_rule_closes_for_twelve_hours_and_longer_while_it_goes_on() {
        let mut closings = Closings::default();
        closings.close(prefix("225070012"), Rule::Prefix, at(0));
        assert_eq!(closings.broken(number(), at(719)), Some(Rule::Prefix));
        assert_eq!(closings.broken(number(), at(720)), None);
        closings.close(prefix("225070012"), Rule::Prefix, at(5));
        assert_eq!(closings.broken(number(), at(721)), None, "five minutes are not worth a statement");
        closings.close(prefix("225070012"), Rule::Prefix, at(60));
        assert_eq!(closings.broken(number(), at(779)), Some(Rule::Prefix));
        assert_eq!(closings.drain().len(), 2);
    }

    #[test]
    fn what_was_blocked_by_hand_is_opened_by_hand_alone() {
        let mut closings = Closings::default();
        closings.absorb(&[blocked("225")], at(0));
        closings.close(prefix("225070012"), Rule::Run, at(0));
        assert_eq!(closings.broken(number(), at(0)), Some(Rule::Blocked));
        assert!(!closings.open(prefix("225")) && closings.open(prefix("225070012")));
        assert_eq!(closings.broken(number(), at(0)), Some(Rule::Blocked));
        closings.drain();
        assert_eq!(closings.absorb(&[], at(1)), [prefix("225")]);
        assert_eq!(closings.broken(number(), at(1)), None);
    }

    #[test]
    fn what_was_closed_here_and_is_not_written_yet_outlives_what_the_store_says() {
        let mut closings = Closings::default();
        closings.close(prefix("225070012"), Rule::Prefix, at(0));
        assert_eq!(closings.absorb(&[], at(0)), []);
        assert_eq!(closings.broken(number(), at(0)), Some(Rule::Prefix));
        let changes = closings.drain();
        closings.give_back(changes);
        closings.absorb(&[], at(0));
        assert_eq!(closings.broken(number(), at(0)), Some(Rule::Prefix));
    }
}
