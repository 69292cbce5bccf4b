//! What this process knows of numbers: by this it decides while the store does not answer, so that whoever floods the
//! store, or meets it down, gets no second round of texts. In memory alone, so it needs no key of the store.

use crate::domain::pace::{DAY, TEN_MINUTES};
use crate::domain::{Pace, Timestamp, canonical};
use crate::guard::Rule;
use sms_providers::PhoneNumber;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Numbers that are remembered; when there are more, those are forgotten that were asked for longest ago.
const NUMBERS: usize = 32_768;
/// How many of them are forgotten at a time.
const FORGOTTEN: usize = NUMBERS / 8;

/// Numbers, by a hash under a key of the process.
#[derive(Default)]
pub(super) struct Numbers {
    key: RandomState,
    known: Mutex<HashMap<u64, Known>>,
}

#[derive(Default)]
struct Known {
    /// When it was texted since it was last verified, the oldest first.
    recent: Vec<Timestamp>,
    verified_at: Option<Timestamp>,
    /// What the store said of its pace, and when: it may know of texts that others sent.
    refused: Option<(Rule, Timestamp)>,
    asked_at: Option<Timestamp>,
}

impl Numbers {
    /// A text is sent to a number that was last verified then.
    pub fn texted(&self, number: &PhoneNumber, verified_at: Option<Timestamp>, pace: &Pace, now: Timestamp) {
        self.change(number, now, |known| {
            known.recent.retain(|at| now.since(*at) < DAY);
            known.recent.push(now);
            let forgettable = known.recent.len().saturating_sub(pace.memory());
            known.recent.drain(..forgettable);
            (known.verified_at, known.refused) = (verified_at.max(known.verified_at), None);
        });
    }

    /// The store says that its pace forbids a text.
    pub fn refused(&self, number: &PhoneNumber, rule: Rule, now: Timestamp) {
        self.change(number, now, |known| known.refused = Some((rule, now)));
    }

    /// It was verified: whatever was sent before counts no more.
    pub fn verified(&self, number: &PhoneNumber, now: Timestamp) {
        self.change(number, now, |known| *known = Known { verified_at: Some(now), ..Known::default() });
    }

    /// Whether any number is known.
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    /// Forgets every number that was not asked for since: which one somebody had erased cannot be found here.
    pub fn forget_until(&self, until: Timestamp) {
        self.all().retain(|_, known| known.asked_at.is_some_and(|asked_at| asked_at > until));
    }

    /// When it was verified, as far as is known here, and why it gets no text now.
    pub fn history(
        &self,
        number: &PhoneNumber,
        pace: &Pace,
        now: Timestamp,
    ) -> (Option<Timestamp>, Option<Rule>) {
        let numbers = self.all();
        let Some(known) = numbers.get(&self.hash(number)) else { return (None, None) };
        let still = |(rule, at): (Rule, Timestamp)| {
            let lasts = match rule {
                Rule::NumberPause => pace.pauses.first().copied().unwrap_or_default(),
                _ => TEN_MINUTES,
            };
            (now.since(at) < lasts).then_some(rule)
        };
        let by_its_own = pace.forbids(&known.recent, now).map(Rule::from);
        (known.verified_at, by_its_own.or(known.refused.and_then(still)))
    }

    fn change(&self, number: &PhoneNumber, now: Timestamp, change: impl FnOnce(&mut Known)) {
        let (hash, mut numbers) = (self.hash(number), self.all());
        if numbers.len() >= NUMBERS && !numbers.contains_key(&hash) {
            let mut times: Vec<_> = numbers.values().map(|known| known.asked_at).collect();
            let (_, latest, _) = times.select_nth_unstable(FORGOTTEN);
            let latest = *latest;
            numbers.retain(|_, known| known.asked_at > latest);
        }
        let known = numbers.entry(hash).or_default();
        change(known);
        known.asked_at = Some(now);
    }

    fn hash(&self, number: &PhoneNumber) -> u64 {
        self.key.hash_one(canonical(number).as_e164())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<u64, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::pace;
    use std::time::Duration;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_770_000_000_000).plus(Duration::from_secs(seconds))
    }

    fn number(index: usize) -> PhoneNumber {
        format!("+49151{index:08}").parse().unwrap()
    }

    #[test]
    fn what_was_sent_here_or_refused_by_the_store_is_remembered_until_a_verification() {
        let (numbers, pace, one) = (Numbers::default(), pace(Duration::from_secs(30), 5, 10), number(1));
        let refused = |seconds| numbers.history(&one, &pace, at(seconds)).1;
        assert_eq!(refused(0), None);
        numbers.texted(&one, None, &pace, at(0));
        assert_eq!((refused(29), refused(30)), (Some(Rule::NumberPause), None));
        numbers.refused(&one, Rule::Number10Min, at(40));
        assert_eq!((refused(639), refused(640)), (Some(Rule::Number10Min), None));
        numbers.refused(&one, Rule::NumberDay, at(700));
        numbers.verified(&one, at(701));
        assert_eq!(numbers.history(&one, &pace, at(701)), (Some(at(701)), None));
        assert_eq!(numbers.history(&number(2), &pace, at(701)), (None, None));
    }

    #[test]
    fn however_many_numbers_are_asked_for_the_latest_are_remembered() {
        let (numbers, pace) = (Numbers::default(), pace(Duration::from_secs(30), 5, 10));
        (0..2 * NUMBERS).for_each(|index| numbers.texted(&number(index), None, &pace, at(index as u64)));
        let last = 2 * NUMBERS - 1;
        assert_eq!(numbers.history(&number(last), &pace, at(last as u64)).1, Some(Rule::NumberPause));
        assert!((NUMBERS - FORGOTTEN..=NUMBERS).contains(&numbers.all().len()));
    }

    #[test]
    fn what_was_asked_for_until_a_time_is_forgotten_together() {
        let (numbers, pace) = (Numbers::default(), pace(Duration::from_secs(30), 5, 10));
        (0..3).for_each(|index| numbers.texted(&number(index), None, &pace, at(index as u64)));
        numbers.forget_until(at(1));
        let known = |index| numbers.history(&number(index), &pace, at(3)).1.is_some();
        assert_eq!([0, 1, 2].map(known), [false, false, true]);
        numbers.forget_until(at(2));
        assert!(numbers.is_empty());
    }

    #[test]
    fn all_of_them_at_the_same_moment_are_no_more_either() {
        let (numbers, pace) = (Numbers::default(), pace(Duration::from_secs(30), 5, 10));
        (0..NUMBERS + 9).for_each(|index| numbers.texted(&number(index), None, &pace, at(0)));
        assert!(numbers.all().len() <= NUMBERS);
    }
}
