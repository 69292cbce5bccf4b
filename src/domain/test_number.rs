//! Numbers that are never texted: what a reviewer of an app store types, and what an end-to-end test does.

use super::{Timestamp, canonical};
use jiff::civil::Date;
use sms_providers::PhoneNumber;
use std::collections::HashMap;

/// The listed numbers, each with the end of its last day. However a number is written, it is one.
#[derive(Debug, Clone, Default)]
pub struct TestNumbers(HashMap<PhoneNumber, Timestamp>);

impl TestNumbers {
    /// Lists a number until this time; `false` if it was listed before, which stays.
    pub fn list(&mut self, number: &PhoneNumber, until: Timestamp) -> bool {
        let number = canonical(number);
        let is_new = !self.0.contains_key(&number);
        self.0.entry(number).or_insert(until);
        is_new
    }

    /// Whether nothing is to be texted to the number now.
    pub fn holds(&self, number: &PhoneNumber, now: Timestamp) -> bool {
        !self.0.is_empty() && self.0.get(&canonical(number)).is_some_and(|until| now < *until)
    }

    /// Whether no number is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of them are texted like any other by now.
    pub fn past(&self, now: Timestamp) -> usize {
        self.0.values().filter(|until| now >= **until).count()
    }
}

/// The end of a day in UTC, from its date as ISO 8601 has it: `2026-12-31`.
pub fn end_of_day(date: &str) -> Option<Timestamp> {
    let has_the_form = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let next: Date = date.parse::<Date>().ok().filter(|_| has_the_form)?.tomorrow().ok()?;
    Timestamp::from_rfc3339(&format!("{next}T00:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_number_is_listed_through_its_last_day_however_it_is_written() {
        let until = end_of_day("2026-12-31").unwrap();
        assert_eq!(until.to_rfc3339(), "2027-01-01T00:00:00.000Z");
        let mut numbers = TestNumbers::default();
        assert!(numbers.list(&"+447700900123".parse().unwrap(), until));
        assert!(!numbers.list(&"+4407700900123".parse().unwrap(), until), "it was listed before");
        let other_form = "+4407700900123".parse().unwrap();
        assert!(numbers.holds(&other_form, until.minus(Duration::from_millis(1))));
        assert!(!numbers.holds(&other_form, until));
        assert!(!numbers.holds(&"+447700900124".parse().unwrap(), until.minus(Duration::from_secs(9))));
        assert_eq!((numbers.past(until), numbers.past(until.minus(Duration::from_secs(1)))), (1, 0));
        assert!(!format!("{numbers:?}").contains("900123"), "{numbers:?}");
    }

    #[test]
    fn a_day_is_written_in_one_way() {
        for bad in
            ["", "2026-02-30", "20261231", "31.12.2026", "2026-12-31T00:00", "2026-12-3", "９026-12-31"]
        {
            assert_eq!(end_of_day(bad), None, "{bad}");
        }
        assert!(end_of_day("2028-02-29").is_some());
    }
}
