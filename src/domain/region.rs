//! Where a number is from, by Google's libphonenumber metadata behind one small type.
//!
//! The country follows from the whole number and not from its calling code: `+1` is 25 countries, `+7` two.
//! Metadata ages, so a range that it does not know counts for the main country of its calling code.

use super::possible::parsed;
use rlibphonenumber::PHONE_NUMBER_UTIL;
use sms_providers::PhoneNumber;
use std::fmt;

/// A country or territory as ISO 3166-1 alpha-2 writes it, such as `DE`; also `XK` for Kosovo.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region([u8; 2]);

impl Region {
    /// A region that has telephone numbers, from its two letters in either case.
    pub fn from_iso(letters: &str) -> Option<Self> {
        let bytes: [u8; 2] = letters.to_ascii_uppercase().into_bytes().try_into().ok()?;
        let region = rlibphonenumber::Region::from_code(letters).ok()?;
        PHONE_NUMBER_UTIL.get_country_code_for_region(region)?;
        Some(Self(bytes))
    }

    /// Where `number` is from; `None` for numbers of no country, such as `+800…`.
    pub fn of(number: &PhoneNumber) -> Option<Self> {
        let parsed = parsed(number).ok()?;
        let known = PHONE_NUMBER_UTIL.get_region_for_number(&parsed);
        let main = || PHONE_NUMBER_UTIL.get_region_for_country_code(parsed.country_code);
        Self::from_iso(&known.or_else(main)?.as_region_str())
    }

    /// The two letters, in capitals.
    pub fn as_str(&self) -> &str {
        // Made of letters alone, so the fallback cannot occur.
        std::str::from_utf8(&self.0).unwrap_or("ZZ")
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn region(number: &str) -> Option<String> {
        Region::of(&number.parse().unwrap()).map(|region| region.to_string())
    }

    #[test]
    fn the_country_follows_from_the_whole_number_and_not_from_the_calling_code() {
        for (number, expected) in [
            ("+12025550123", "US"),
            ("+12684641234", "AG"),
            ("+77011234567", "KZ"),
            ("+79161234567", "RU"),
            ("+447400123456", "GB"),
            ("+4407400123456", "GB"),
            ("+447797712345", "JE"),
            ("+4915112345678", "DE"),
            ("+493012345678", "DE"),
        ] {
            assert_eq!(region(number).as_deref(), Some(expected), "{number}");
        }
    }

    #[test]
    fn a_range_that_the_metadata_does_not_know_counts_for_the_main_country_of_its_calling_code() {
        for (number, expected) in [("+15551234567", "US"), ("+447700900123", "GB"), ("+39312345678", "IT")] {
            assert_eq!(region(number).as_deref(), Some(expected), "{number}");
        }
        assert_eq!(region("+80012345678"), None);
    }

    #[test]
    fn only_regions_with_telephones_are_regions() {
        assert_eq!(Region::from_iso("de").map(|region| region.to_string()), Some("DE".to_owned()));
        for letters in ["XX", "ZZ", "UK", "D", "DEU", "001", "", "ÄÖ"] {
            assert_eq!(Region::from_iso(letters), None, "{letters}");
        }
    }

    proptest! {
        #[test]
        fn any_number_has_a_region_or_none(digits in "[1-9][0-9]{1,14}") {
            let _ = Region::of(&format!("+{digits}").parse().unwrap());
        }
    }
}
