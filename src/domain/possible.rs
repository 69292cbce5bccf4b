//! Whether a number can exist at all, by Google's libphonenumber metadata.
//!
//! Metadata ages, so a range that it does not know is no reason to refuse a number. A length that no number of its
//! country has, or a calling code that does not exist, is.

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumberFormat, ValidationError};
use sms_providers::PhoneNumber;

/// Why no such number can exist, whatever a country hands out next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// No country has this calling code.
    #[error("it has no country's calling code")]
    CallingCode,
    /// No number of its country has so few digits, or so many.
    #[error("it has a length that no number of its country has")]
    Length,
}

/// Whether such a number can exist: the question that is asked before each text.
///
/// # Errors
/// If it cannot.
pub fn check_possible(number: &PhoneNumber) -> Result<(), Impossible> {
    // Lengths are kept in a table; everything else about a number is a search by patterns, at a hundred times the
    // cost. What the table does not know as it stands, such as `+4407…`, is looked at again with care.
    if in_parts(number).is_some_and(|parts| has_a_possible_length(&parts).is_ok()) {
        return Ok(());
    }
    check_with_care(number)
}

fn check_with_care(number: &PhoneNumber) -> Result<(), Impossible> {
    has_a_possible_length(&parsed_with_care(number)?)
}

/// The one way in which a number is written: `+4407…` and `+447…` reach the same phone.
pub fn canonical(number: &PhoneNumber) -> PhoneNumber {
    if plain(number).is_some() {
        return number.clone();
    }
    let parsed = parsed_with_care(number).ok().filter(|parsed| has_a_possible_length(parsed).is_ok());
    let written = |parsed| PHONE_NUMBER_UTIL.format(&parsed, PhoneNumberFormat::E164).parse().ok();
    parsed.and_then(written).unwrap_or_else(|| number.clone())
}

/// A number as the metadata wants to be asked for it.
pub(super) fn parsed(number: &PhoneNumber) -> Result<rlibphonenumber::PhoneNumber, Impossible> {
    plain(number).map_or_else(|| parsed_with_care(number), Ok)
}

/// The parts of a number that can be written in no other way.
fn plain(number: &PhoneNumber) -> Option<rlibphonenumber::PhoneNumber> {
    in_parts(number)
        .filter(|parts| parts.italian_leading_zero.is_none() && has_a_possible_length(parts).is_ok())
}

fn parsed_with_care(number: &PhoneNumber) -> Result<rlibphonenumber::PhoneNumber, Impossible> {
    PHONE_NUMBER_UTIL.parse(number.as_e164(), None).map_err(|error| match error {
        ParseError::InvalidCountryCode => Impossible::CallingCode,
        _ => Impossible::Length,
    })
}

/// Calling code and national number; no calling code begins with another one.
fn in_parts(number: &PhoneNumber) -> Option<rlibphonenumber::PhoneNumber> {
    let digits = number.digits();
    let calling_code = |length: usize| {
        let code = digits.get(..length)?.parse().ok()?;
        PHONE_NUMBER_UTIL.get_region_for_country_code(code)?;
        Some((code, &digits[length..]))
    };
    let (country_code, national) = (1..=3).find_map(calling_code)?;
    // Italy's numbers may begin with zeros that count.
    let zeros = national.len() - national.trim_start_matches('0').len();
    Some(rlibphonenumber::PhoneNumber {
        country_code,
        national_number: national.parse().ok()?,
        italian_leading_zero: (zeros > 0).then_some(true),
        number_of_leading_zeros: i32::try_from(zeros).ok().filter(|zeros| *zeros > 1),
        ..Default::default()
    })
}

fn has_a_possible_length(number: &rlibphonenumber::PhoneNumber) -> Result<(), Impossible> {
    match PHONE_NUMBER_UTIL.is_possible_number_with_reason(number) {
        Ok(NumberLengthType::IsPossible) => Ok(()),
        Err(ValidationError::InvalidCountryCode) => Err(Impossible::CallingCode),
        // A number without its area code cannot be called from abroad.
        Ok(NumberLengthType::IsPossibleLocalOnly) | Err(_) => Err(Impossible::Length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fresh_and_unknown_ranges_are_possible() {
        for number in [
            "+2250712345678",
            "+2290161234567",
            "+6581234567",
            "+15551234567",
            "+447700900123",
            "+4407700900123",
            "+39312345678",
            "+390612345678",
            "+80012345678",
        ] {
            assert_eq!(check_possible(&number.parse().unwrap()), Ok(()), "{number}");
        }
    }

    #[test]
    fn lengths_and_calling_codes_that_do_not_exist_are_not() {
        for (number, expected) in [
            ("+1555", Impossible::Length),
            ("+155512345678", Impossible::Length),
            ("+5551234", Impossible::Length),
            ("+999123456789", Impossible::CallingCode),
            ("+210123456789", Impossible::CallingCode),
        ] {
            assert_eq!(check_possible(&number.parse().unwrap()), Err(expected), "{number}");
        }
    }

    #[test]
    fn a_number_with_a_prefix_that_is_only_dialled_at_home_is_the_same_number() {
        for (written, meant) in [
            ("+4407700900123", "+447700900123"),
            ("+49015112345678", "+4915112345678"),
            ("+115551234567", "+15551234567"),
            ("+390612345678", "+390612345678"),
            ("+2250712345678", "+2250712345678"),
            ("+447700900123", "+447700900123"),
        ] {
            assert_eq!(canonical(&written.parse().unwrap()).as_e164(), meant, "{written}");
        }
    }

    proptest! {
        #[test]
        fn a_possible_number_stays_possible_in_its_canonical_form(digits in "[1-9][0-9]{1,14}") {
            let number = format!("+{digits}").parse().unwrap();
            prop_assert_eq!(check_possible(&canonical(&number)), check_possible(&number));
        }

        #[test]
        fn the_quick_answer_refuses_what_the_careful_one_refuses_and_nothing_else(digits in "[1-9][0-9]{1,14}") {
            let number = format!("+{digits}").parse().unwrap();
            prop_assert_eq!(check_possible(&number), check_with_care(&number));
        }
    }
}
