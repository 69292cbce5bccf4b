//! Where a number is from and of what kind it is, by Google's libphonenumber metadata behind one small type.
//!
//! The country follows from the whole number and not from its calling code: `+1` is 25 countries, `+7` two.
//! Metadata ages, so a range that it does not know is no reason to refuse a number: it counts for the main
//! country of its calling code. A length that no number of a country has, or a calling code that does not
//! exist, is.

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumberType, ValidationError};
use sms_providers::PhoneNumber;
use std::fmt;

/// A country or territory as ISO 3166-1 alpha-2 writes it, such as `DE`; also `XK` for Kosovo.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region([u8; 2]);

/// What a number is used for. A mobile number and one that may be either are both `Mobile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberKind {
    /// A mobile, or not to be told from one, as in North America.
    Mobile,
    /// A landline; some countries text to those too.
    FixedLine,
    /// The caller pays a third party.
    PremiumRate,
    /// The caller pays a part.
    SharedCost,
    /// The called party pays.
    TollFree,
    /// Internet telephony.
    Voip,
    /// Follows a person.
    Personal,
    /// A pager.
    Pager,
    /// A company's number for all its places.
    Uan,
    /// Somebody's voicemail.
    Voicemail,
    /// Of a range that the metadata does not know.
    Unknown,
}

/// What is known of a number from its digits alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The country; `None` for numbers of no country, such as `+800…`.
    pub region: Option<Region>,
    /// The kind.
    pub kind: NumberKind,
}

/// Why no such number can exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// No country has this calling code.
    #[error("it has no country's calling code")]
    CallingCode,
    /// No number of its country has so few digits, or so many.
    #[error("it has a length that no number of its country has")]
    Length,
}

impl Region {
    /// A region that has telephone numbers, from its two letters in either case.
    pub fn from_iso(letters: &str) -> Option<Self> {
        let bytes: [u8; 2] = letters.to_ascii_uppercase().into_bytes().try_into().ok()?;
        let region = rlibphonenumber::Region::from_code(letters).ok()?;
        PHONE_NUMBER_UTIL.get_country_code_for_region(region)?;
        Some(Self(bytes))
    }

    /// The two letters, in capitals.
    pub fn as_str(&self) -> &str {
        // Made of letters alone, so the fallback cannot occur.
        std::str::from_utf8(&self.0).unwrap_or("ZZ")
    }

    fn of(region: rlibphonenumber::Region) -> Option<Self> {
        Self::from_iso(&region.as_region_str())
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

impl Origin {
    /// Where the number is from, and what it is.
    ///
    /// # Errors
    /// If no such number can exist, whatever a country hands out next.
    pub fn of(number: &PhoneNumber) -> Result<Self, Impossible> {
        let parsed = PHONE_NUMBER_UTIL.parse(number.as_e164(), None).map_err(|error| match error {
            ParseError::InvalidCountryCode => Impossible::CallingCode,
            _ => Impossible::Length,
        })?;
        has_a_possible_length(&parsed)?;
        let known = PHONE_NUMBER_UTIL.get_region_for_number(&parsed);
        let main = || PHONE_NUMBER_UTIL.get_region_for_country_code(parsed.country_code);
        let kind = PHONE_NUMBER_UTIL.get_number_type(&parsed);
        Ok(Self { region: known.or_else(main).and_then(Region::of), kind: NumberKind::of(kind) })
    }
}

/// Whether such a number can exist: the question that is asked before each text.
///
/// # Errors
/// As of [`Origin::of`].
pub fn check_possible(number: &PhoneNumber) -> Result<(), Impossible> {
    // Lengths are kept in a table; everything else about a number is a search by patterns, at a hundred times the
    // cost. What the table does not know as it stands, such as `+4407…`, is looked at again with care.
    if in_parts(number).is_some_and(|parts| has_a_possible_length(&parts).is_ok()) {
        return Ok(());
    }
    Origin::of(number).map(drop)
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

impl NumberKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Mobile,
        Self::FixedLine,
        Self::PremiumRate,
        Self::SharedCost,
        Self::TollFree,
        Self::Voip,
        Self::Personal,
        Self::Pager,
        Self::Uan,
        Self::Voicemail,
        Self::Unknown,
    ];

    /// The name in settings and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::FixedLine => "fixed_line",
            Self::PremiumRate => "premium_rate",
            Self::SharedCost => "shared_cost",
            Self::TollFree => "toll_free",
            Self::Voip => "voip",
            Self::Personal => "personal",
            Self::Pager => "pager",
            Self::Uan => "uan",
            Self::Voicemail => "voicemail",
            Self::Unknown => "unknown",
        }
    }

    fn of(kind: PhoneNumberType) -> Self {
        match kind {
            PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile => Self::Mobile,
            PhoneNumberType::FixedLine => Self::FixedLine,
            PhoneNumberType::PremiumRate => Self::PremiumRate,
            PhoneNumberType::SharedCost => Self::SharedCost,
            PhoneNumberType::TollFree => Self::TollFree,
            PhoneNumberType::VoIP => Self::Voip,
            PhoneNumberType::PersonalNumber => Self::Personal,
            PhoneNumberType::Pager => Self::Pager,
            PhoneNumberType::UAN => Self::Uan,
            PhoneNumberType::VoiceMail => Self::Voicemail,
            PhoneNumberType::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn origin(number: &str) -> Result<(Option<String>, &'static str), Impossible> {
        let origin = Origin::of(&number.parse().unwrap())?;
        Ok((origin.region.map(|region| region.to_string()), origin.kind.as_str()))
    }

    #[test]
    fn the_country_follows_from_the_whole_number_and_not_from_the_calling_code() {
        for (number, region, kind) in [
            ("+12025550123", "US", "mobile"),
            ("+12684641234", "AG", "mobile"),
            ("+77011234567", "KZ", "mobile"),
            ("+79161234567", "RU", "mobile"),
            ("+447400123456", "GB", "mobile"),
            ("+447797712345", "JE", "mobile"),
            ("+4915112345678", "DE", "mobile"),
            ("+493012345678", "DE", "fixed_line"),
            ("+18005551234", "US", "toll_free"),
            ("+19002345678", "US", "premium_rate"),
        ] {
            assert_eq!(origin(number), Ok((Some(region.to_owned()), kind)), "{number}");
        }
    }

    #[test]
    fn a_range_that_the_metadata_does_not_know_counts_for_the_main_country_of_its_calling_code() {
        for (number, region) in [("+15551234567", "US"), ("+447700900123", "GB"), ("+39312345678", "IT")] {
            assert_eq!(origin(number), Ok((Some(region.to_owned()), "unknown")), "{number}");
        }
        assert_eq!(origin("+80012345678"), Ok((None, "toll_free")));
    }

    #[test]
    fn fresh_ranges_are_possible_and_lengths_that_do_not_exist_are_not() {
        for number in ["+2250712345678", "+2290161234567", "+6581234567"] {
            assert!(origin(number).is_ok(), "{number}");
        }
        for (number, expected) in [
            ("+1555", Impossible::Length),
            ("+155512345678", Impossible::Length),
            ("+5551234", Impossible::Length),
            ("+999123456789", Impossible::CallingCode),
            ("+210123456789", Impossible::CallingCode),
        ] {
            assert_eq!(origin(number), Err(expected), "{number}");
        }
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
        fn any_number_has_an_origin_or_is_impossible_whichever_way_it_is_asked(digits in "[1-9][0-9]{1,14}") {
            let number = format!("+{digits}").parse().unwrap();
            // The quick answer refuses what the thorough one refuses, and nothing else.
            prop_assert_eq!(check_possible(&number).is_ok(), Origin::of(&number).is_ok());
        }
    }
}
