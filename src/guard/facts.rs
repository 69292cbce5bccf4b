//! What is known of a code before it is sent.

use super::digits::Digits;
use crate::domain::{NumberKind, Region, Timestamp};
use sms_providers::PhoneNumber;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Ranges whose origin is remembered.
const RANGES: usize = 16_384;

/// Where a number is from, and what it is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Its country.
    pub region: Option<Region>,
    /// Its kind.
    pub kind: NumberKind,
}

/// What is known of a code before it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Whom it is for, in its [canonical](crate::domain::canonical) form.
    pub number: &'a PhoneNumber,
    /// Where that is from.
    pub origin: Origin,
    /// Whether the event names a user beside the number: then somebody has linked it.
    pub linked: bool,
    /// The address that the event names; looked at with `GUARD_IP=1` only.
    pub address: Option<IpAddr>,
}

/// What is kept of a text until something else becomes known of it.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub(super) number: Digits,
    pub(super) region: Option<Region>,
    pub(super) linked: bool,
    pub(super) address: Option<IpAddr>,
    pub(super) at: Timestamp,
    /// Whether it counts as unverified: not if the number was verified before, or always passes.
    pub(super) counted: bool,
}

/// Asks the metadata once for each range of a thousand numbers: an answer costs it some microseconds.
#[derive(Debug, Default)]
pub(super) struct Origins(Mutex<HashMap<(u64, u32), Origin>>);

impl Origins {
    pub(super) fn of(&self, number: &PhoneNumber) -> Origin {
        let asked = || Origin { region: Region::of(number), kind: NumberKind::of(number) };
        let Some(range) = Digits::of(number).range() else { return asked() };
        if let Some(origin) = self.ranges().get(&range) {
            return *origin;
        }
        let origin = asked();
        let mut ranges = self.ranges();
        if ranges.len() >= RANGES {
            ranges.clear();
        }
        ranges.insert(range, origin);
        origin
    }

    fn ranges(&self) -> std::sync::MutexGuard<'_, HashMap<(u64, u32), Origin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check_possible;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_thousand_numbers_in_a_row_are_of_one_country_and_kind(
            start in prop::sample::select(vec![
                "+1202555", "+1800555", "+1900234", "+4477", "+4470", "+4484", "+4915", "+49180", "+49900", "+3361",
                "+3389", "+2250", "+9198", "+911800", "+8613", "+6281", "+79", "+77", "+5511", "+3934", "+39899",
            ]),
            rest in "[0-9]{8}", last in 0_u32..1000,
        ) {
            for length in 8..=rest.len() + start.len() {
                let digits = format!("{start}{rest}");
                let Ok(number) = digits[..length].parse::<PhoneNumber>() else { continue };
                let Ok(other) = format!("{}{last:03}", &digits[..length - 3]).parse::<PhoneNumber>() else { continue };
                let origins = Origins::default();
                if [&number, &other].into_iter().any(|number| check_possible(number).is_err()) {
                    continue;
                }
                origins.of(&number);
                let asked = Origin { region: Region::of(&other), kind: NumberKind::of(&other) };
                prop_assert_eq!(origins.of(&other), asked, "{} digits of {}…", length, start);
            }
        }
    }
}
