//! Who texts come from: a number, a short code or a name, as the vendors take them.

use super::fault::Faults;
use crate::domain::check_possible;
use sms_providers::PhoneNumber;

/// The longest name that a phone shows.
const LONGEST_NAME: usize = 11;
/// Longer than any short code, shorter than any number with its country code.
const LONGEST_SHORT_CODE: usize = 6;
/// No country's numbers are longer than ten digits and begin like another's with its code.
const SURELY_WITH_COUNTRY_CODE: usize = 11;

/// How a vendor writes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    /// With a `+`: without one, something may be missing.
    Needed,
    /// As digits alone: a number without a `+` is as it should be.
    Optional,
}

/// A sender whose form is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SenderForm {
    /// The digits of a number with its country code.
    Number(String),
    /// A short code, or a name.
    Other(String),
}

impl SenderForm {
    /// As E.164 has it.
    pub(super) fn with_plus(self) -> String {
        match self {
            Self::Number(digits) => format!("+{digits}"),
            Self::Other(text) => text,
        }
    }

    /// As vendors have it that take digits alone.
    pub(super) fn without_plus(self) -> String {
        match self {
            Self::Number(digits) | Self::Other(digits) => digits,
        }
    }
}

/// Reads a sender, puts right what is certain, and notes what is not.
pub(super) fn read(
    variable: &str,
    text: &str,
    plus: Plus,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> Option<SenderForm> {
    const NUMBER: &str = "write the number with + and country code and without blanks, such as +15005550006";
    let is_number_like = |letter: char| letter.is_ascii_digit() || " +()-./\u{a0}".contains(letter);
    if !text.chars().all(is_number_like) {
        return read_name(variable, text, faults);
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_bare = digits.len() == text.len();
    if is_bare && (3..=LONGEST_SHORT_CODE).contains(&digits.len()) {
        return Some(SenderForm::Other(digits));
    }
    let has_plus = text.trim_start_matches(['(', ' ']).starts_with('+');
    // `00` is how most of the world dials a `+`.
    let dialled = digits.strip_prefix("00").filter(|_| !has_plus);
    let number = dialled.unwrap_or(&digits).to_owned();
    let is_certain = has_plus || dialled.is_some() || number.len() >= SURELY_WITH_COUNTRY_CODE;
    if !can_exist(&number) || !(is_certain || (is_bare && plus == Plus::Optional)) {
        return faults.add(
            variable,
            "is not a whole phone number: its country code is missing, or digits are",
            NUMBER,
        );
    }
    if !has_plus && (plus == Plus::Needed || !is_certain) {
        warnings.push(format!(
            "{variable} is taken for a number with its country code; write it with + before it"
        ));
    }
    Some(SenderForm::Number(number))
}

fn can_exist(digits: &str) -> bool {
    let number: Option<PhoneNumber> = format!("+{digits}").parse().ok();
    number.is_some_and(|number| check_possible(&number).is_ok())
}

fn read_name(variable: &str, text: &str, faults: &mut Faults) -> Option<SenderForm> {
    const NAME: &str = "set a number with + and country code, or a name of at most 11 letters and digits";
    let name_like = |byte: u8| byte.is_ascii_alphanumeric() || b" -_&+.".contains(&byte);
    if text.contains(':') {
        return faults.add(variable, "names a channel that is not SMS", NAME);
    }
    if !text.bytes().all(name_like) || !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return faults.add(variable, "is neither a number nor a name of letters A to Z and digits", NAME);
    }
    if text.len() > LONGEST_NAME {
        return faults.add(
            variable,
            format!("is a name of {} characters, and phones take 11", text.len()),
            NAME,
        );
    }
    Some(SenderForm::Other(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender_of(text: &str, plus: Plus) -> (Option<SenderForm>, usize) {
        let (mut faults, mut warnings) = (Faults::default(), Vec::new());
        let read = read("VONAGE_FROM", text, plus, &mut faults, &mut warnings);
        let is_right = faults.into_result(()).is_ok();
        assert_eq!(read.is_some(), is_right, "{text}");
        (read, warnings.len())
    }

    fn sender(text: &str) -> (Option<SenderForm>, usize) {
        sender_of(text, Plus::Needed)
    }

    /// Field 10: senders as people write them.
    #[test]
    fn a_number_is_put_right_where_it_is_certain() {
        for (text, expected, warnings) in [
            ("+15005550006", "+15005550006", 0),
            ("+1 (500) 555-0006", "+15005550006", 0),
            ("+44 20 7946 0958", "+442079460958", 0),
            ("15005550006", "+15005550006", 1),
            ("0044 20 7946 0958", "+442079460958", 1),
            ("004512345678", "+4512345678", 1),
            ("447700900123", "+447700900123", 1),
        ] {
            let (read, told) = sender(text);
            assert_eq!((read.unwrap().with_plus().as_str(), told), (expected, warnings), "{text}");
        }
        assert_eq!(sender("+15005550006").0.unwrap().without_plus(), "15005550006");
    }

    /// Field 10: Vonage and MessageBird write numbers without a plus, also those of countries with short ones.
    #[test]
    fn digits_alone_are_a_number_where_the_vendor_writes_them_so() {
        for (text, warnings) in
            [("+15005550006", 0), ("15005550006", 0), ("4512345678", 1), ("004512345678", 0)]
        {
            let (read, told) = sender_of(text, Plus::Optional);
            assert_eq!((matches!(read, Some(SenderForm::Number(_))), told), (true, warnings), "{text}");
        }
        for text in ["020 7946 0958", "(500) 555-0006", "02079460958", "4512"] {
            let is_number = matches!(sender_of(text, Plus::Optional).0, Some(SenderForm::Number(_)));
            assert!(!is_number, "{text}");
        }
    }

    #[test]
    fn short_codes_and_names_are_left_as_they_are() {
        for text in ["729725", "24273", "Acme", "ACME 24", "1-800-ACME", "A&B"] {
            assert_eq!(sender(text), (Some(SenderForm::Other(text.to_owned())), 0), "{text}");
        }
    }

    /// Field 10: what no vendor can send from is said at start.
    #[test]
    fn what_no_vendor_takes_is_a_fault() {
        for text in [
            "(500) 555-0006",
            "5005550006",
            "020 7946 0958",
            "+1500",
            "+0015005550006",
            "12",
            "+",
            "+1234567890123456",
            "AcmeCorporations",
            "Äcme",
            "whatsapp:+15005550006",
            "---",
        ] {
            assert_eq!(sender(text), (None, 0), "{text}");
        }
    }
}
