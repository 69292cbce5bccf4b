//! Whole numbers that the guard holds in memory: last digits of runs, beside the digits before them.

use super::Guard;
use super::digits::Digits;
use sms_providers::PhoneNumber;

impl Guard {
    /// Whether it holds any number one by one.
    pub fn holds_numbers(&self) -> bool {
        self.state().ledger.prefixes.open().next().is_some()
    }

    /// The numbers that it holds one by one: those that were asked for within a day and not verified.
    pub fn held(&self) -> Vec<PhoneNumber> {
        let state = self.state();
        let held = state.ledger.prefixes.open();
        held.filter_map(|(prefix, last)| format!("+{}{last:04}", prefix.digits()).parse().ok()).collect()
    }

    /// Forgets such a number; what is counted of its prefix stays.
    pub fn forget(&self, number: &PhoneNumber) {
        let number = Digits::of(number);
        if let Some(prefix) = number.prefix() {
            self.state().ledger.prefixes.forget(prefix, number.last());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::guard::{Facts, GuardSettings, NumberHistory};

    #[test]
    fn a_number_that_was_asked_for_is_held_until_it_is_forgotten() {
        let guard = Guard::new(GuardSettings::default());
        let now = Timestamp::from_millis(1_770_000_000_000);
        let numbers: Vec<PhoneNumber> =
            ["+12025550007", "+447700900123"].map(|number| number.parse().unwrap()).into();
        for number in &numbers {
            let facts = Facts { number, origin: guard.origin(number), linked: false, address: None };
            guard.weigh(&facts, now).decide(&NumberHistory::default(), now);
        }
        let mut held = guard.held();
        held.sort_by_key(|number| number.as_e164().to_owned());
        assert!(held == numbers && guard.holds_numbers());
        guard.forget(&numbers[0]);
        assert_eq!(guard.held(), numbers[1..]);
        guard.forget(&numbers[1]);
        assert!(!guard.holds_numbers());
    }
}
