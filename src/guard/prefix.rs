//! What became of the codes for numbers that begin alike: an attacker is paid for a range, users are spread.

use super::counts::{hour, minute};
use super::digits::{Digits, Prefix};
use super::ring::Ring;
use super::rule::Rule;
use crate::domain::Timestamp;
use std::collections::HashMap;

/// Unverified codes of one prefix in an hour that close it, if under one in ten was verified.
pub const PREFIX_LIMIT: i64 = 10;
/// Consecutive numbers that were asked for and not verified in a day close a prefix, too.
pub const RUN_LIMIT: usize = 5;
/// How far apart the first and the last of them may be.
pub const RUN_SPAN: u16 = 9;
/// How long a number has to be unverified before it belongs to a run, in minutes.
const RUN_AFTER: i64 = 5;
const RUN_MEMORY: i64 = 24 * 60;
/// Unverified numbers that are remembered for each prefix.
const RUN_NUMBERS: usize = 32;
/// Prefixes that are remembered.
const PREFIXES: usize = 65_536;

/// What is known of prefixes.
#[derive(Debug, Default)]
pub(super) struct Prefixes(HashMap<Prefix, Numbers>);

#[derive(Debug)]
struct Numbers {
    unverified: Ring<i32, 4>,
    verified: Ring<i32, 4>,
    refused: Ring<i32, 4>,
    /// Last digits of unverified numbers, and the minute of their text.
    open: Vec<(u16, i64)>,
}

impl Numbers {
    fn new() -> Self {
        Self { unverified: Ring::new(), verified: Ring::new(), refused: Ring::new(), open: Vec::new() }
    }

    fn is_of_use(&self, now: Timestamp) -> bool {
        let recent = self.unverified.sum(hour(now) - 1, hour(now) + 1) > 0;
        recent || self.open.iter().any(|(_, sent)| minute(now) - sent < RUN_MEMORY)
    }
}

/// The current hour and the one before: at least an hour, at most two.
fn recent(ring: &Ring<i32, 4>, now: Timestamp) -> i64 {
    ring.sum(hour(now) - 1, hour(now) + 1)
}

impl Prefixes {
    /// The rule by which the prefix has to be closed before this number is texted.
    pub(super) fn broken(&self, prefix: Prefix, number: Digits, now: Timestamp) -> Option<Rule> {
        let numbers = self.0.get(&prefix)?;
        let (unverified, verified) = (recent(&numbers.unverified, now), recent(&numbers.verified, now));
        if unverified >= PREFIX_LIMIT && verified * 10 < unverified + verified {
            return Some(Rule::Prefix);
        }
        let waited = |sent: i64| (RUN_AFTER..RUN_MEMORY).contains(&(minute(now) - sent));
        let mut run = [0_u16; RUN_NUMBERS + 1];
        let mut length = 0;
        for (last, _) in numbers.open.iter().filter(|(last, sent)| *last != number.last() && waited(*sent)) {
            run[length] = *last;
            length += 1;
        }
        run[length] = number.last();
        let run = &mut run[..=length];
        run.sort_unstable();
        let holds_this = |window: &[u16]| window.contains(&number.last());
        let close = |window: &[u16]| window[RUN_LIMIT - 1] - window[0] <= RUN_SPAN;
        run.windows(RUN_LIMIT).any(|window| holds_this(window) && close(window)).then_some(Rule::Run)
    }

    /// Adds to one of the two counts of an hour.
    pub(super) fn add(&mut self, prefix: Prefix, verified: bool, hour: i64, by: i64, now: Timestamp) {
        let Some(numbers) = self.numbers(prefix, now) else { return };
        let ring = if verified { &mut numbers.verified } else { &mut numbers.unverified };
        ring.add(hour, by);
    }

    pub(super) fn at(&self, prefix: Prefix, verified: bool, hour: i64) -> i64 {
        let ring = |numbers: &Numbers| {
            if verified { numbers.verified.at(hour) } else { numbers.unverified.at(hour) }
        };
        self.0.get(&prefix).map_or(0, ring)
    }

    /// A number was texted that was not verified before.
    pub(super) fn opened(&mut self, prefix: Prefix, last: u16, now: Timestamp) {
        let Some(numbers) = self.numbers(prefix, now) else { return };
        numbers.open.retain(|(other, sent)| *other != last && minute(now) - sent < RUN_MEMORY);
        if numbers.open.len() == RUN_NUMBERS {
            numbers.open.remove(0);
        }
        numbers.open.push((last, minute(now)));
    }

    /// The numbers that are remembered one by one, in two parts.
    pub(super) fn open(&self) -> impl Iterator<Item = (Prefix, u16)> {
        self.0.iter().flat_map(|(prefix, numbers)| numbers.open.iter().map(|(last, _)| (*prefix, *last)))
    }

    /// A number was verified, or is to be forgotten.
    pub(super) fn forget(&mut self, prefix: Prefix, last: u16) {
        if let Some(numbers) = self.0.get_mut(&prefix) {
            numbers.open.retain(|(other, _)| *other != last);
        }
    }

    /// A number of a closed prefix was asked for; whether that was often enough of late for it to stay closed longer.
    pub(super) fn refused(&mut self, prefix: Prefix, now: Timestamp) -> bool {
        let Some(numbers) = self.numbers(prefix, now) else { return false };
        numbers.refused.add(hour(now), 1);
        recent(&numbers.refused, now) >= PREFIX_LIMIT
    }

    /// Starts anew with a prefix.
    pub(super) fn pardon(&mut self, prefix: Prefix) {
        self.0.remove(&prefix);
    }

    fn numbers(&mut self, prefix: Prefix, now: Timestamp) -> Option<&mut Numbers> {
        if self.0.len() >= PREFIXES && !self.0.contains_key(&prefix) {
            self.0.retain(|_, numbers| numbers.is_of_use(now));
            if self.0.len() >= PREFIXES {
                return None;
            }
        }
        Some(self.0.entry(prefix).or_insert_with(Numbers::new))
    }
}
