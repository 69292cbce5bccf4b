//! A phone number that is E.164 or does not exist.

use std::fmt;
use std::str::FromStr;

/// A phone number in E.164 form, `^\+[1-9]\d{1,14}$` (ITU-T E.164).
///
/// `Debug` and `Display` are masked (`+44…89`), so that a number cannot reach a log by accident;
/// [`as_e164`](Self::as_e164) is the one way to the whole number, for the wire.
///
/// ```
/// use sms_providers::PhoneNumber;
/// let number: PhoneNumber = "+447700900189".parse()?;
/// assert_eq!(number.to_string(), "+44…89");
/// # Ok::<(), sms_providers::PhoneNumberError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// The text is not an E.164 number. It never holds the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number in E.164 form, such as +15551234567")]
pub struct PhoneNumberError;

impl PhoneNumber {
    /// The whole number with its leading `+`, for a request to a provider.
    pub fn as_e164(&self) -> &str {
        &self.0
    }

    /// The whole number without the leading `+`, as classic MessageBird and Vonage want it.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// The last two digits: enough to recognise a number, too few to dial it.
    pub fn last_two(&self) -> &str {
        &self.0[self.0.len() - 2..]
    }
}

impl FromStr for PhoneNumber {
    type Err = PhoneNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('+').ok_or(PhoneNumberError)?;
        let well_formed = (2..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed { Ok(Self(text.to_owned())) } else { Err(PhoneNumberError) }
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of a number shorter than eight digits, four would be half of it.
        if self.digits().len() < 8 {
            return f.write_str("+…");
        }
        write!(f, "{}…{}", &self.0[..3], self.last_two())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_accepted_only_in_e164_form() {
        for good in ["+12", "+15551234567", "+123456789012345"] {
            assert!(good.parse::<PhoneNumber>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "+",
            "+1",
            "15551234567",
            "+05551234567",
            "+1234567890123456",
            "+1 555 1234567",
            "+1-555-1234567",
            "+1555123456x",
            "++15551234567",
            "+١٥٥٥١٢٣٤٥٦٧",
            "+15551234567\n",
        ] {
            assert!(bad.parse::<PhoneNumber>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_shown_number_keeps_at_least_half_of_its_digits_to_itself(digits in "[1-9][0-9]{1,14}") {
            let number: PhoneNumber = format!("+{digits}").parse()?;
            for shown in [format!("{number}"), format!("{number:?}")] {
                let visible = shown.chars().filter(char::is_ascii_digit).count();
                prop_assert!(visible * 2 <= digits.len(), "{shown}");
            }
        }

        #[test]
        fn any_text_is_parsed_or_refused_without_panic(text in "\\PC*") {
            if let Ok(number) = text.parse::<PhoneNumber>() {
                prop_assert_eq!(number.as_e164(), text);
            }
        }
    }
}
