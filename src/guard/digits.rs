//! Numbers and prefixes as the guard looks at them: digits that are compared and never shown.

use sms_providers::PhoneNumber;
use std::collections::HashMap;
use std::fmt;

/// The last digits of a number, which a prefix leaves out.
pub const OPEN_DIGITS: u32 = 4;
/// Shorter numbers may differ in kind by their last three digits.
const SHORTEST_OF_A_RANGE: u32 = 10;

/// A whole number. `Debug` shows how many digits it has.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digits {
    value: u64,
    length: u32,
}

/// The first digits of numbers, such as `+2250700`. At least four digits of what it stands for are open if it was made
/// from a number, so it may be stored and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix(u64);

impl Digits {
    pub(super) fn of(number: &PhoneNumber) -> Self {
        // At most fifteen digits, by the type.
        let value = number.digits().parse().unwrap_or(0);
        Self { value, length: u32::try_from(number.digits().len()).unwrap_or(0) }
    }

    /// The number less its last four digits; `None` if there is next to nothing left.
    pub(super) fn prefix(self) -> Option<Prefix> {
        (self.length > OPEN_DIGITS + 1).then_some(Prefix(self.value / 10_u64.pow(OPEN_DIGITS)))
    }

    /// The last four digits, as a number.
    pub(super) fn last(self) -> u16 {
        u16::try_from(self.value % 10_u64.pow(OPEN_DIGITS)).unwrap_or(0)
    }

    /// What the number begins with, and its length: numbers that agree in both are of one country and kind, unless they
    /// are short.
    pub(super) fn range(self) -> Option<(u64, u32)> {
        (self.length >= SHORTEST_OF_A_RANGE).then_some((self.value / 1_000, self.length))
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digits({})", self.length)
    }
}

impl Prefix {
    /// Reads `+2250700` or `2250700`: one to fifteen digits, no zero in front.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let well_formed = (1..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        well_formed.then(|| digits.parse().ok()).flatten().map(Self)
    }

    #[cfg(test)]
    pub(super) fn from_value(value: u64) -> Option<Self> {
        Self::parse(&value.to_string())
    }

    fn length(self) -> u32 {
        self.0.checked_ilog10().unwrap_or(0) + 1
    }

    /// All digits, without a `+`, as a store keeps them.
    pub fn digits(self) -> String {
        self.0.to_string()
    }

    /// Whether it may be somebody's whole number, which is neither to be stored nor shown.
    pub fn is_whole(self) -> bool {
        self.length() > 10
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole() {
            return write!(f, "+{}…", self.0 / 10_u64.pow(OPEN_DIGITS));
        }
        write!(f, "+{}", self.0)
    }
}

/// Something for each of several prefixes, found by a number that begins with one.
#[derive(Debug, Clone)]
pub(super) struct ByPrefix<T> {
    entries: HashMap<Prefix, T>,
    /// How many entries have so many digits.
    lengths: [usize; 16],
}

impl<T> Default for ByPrefix<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), lengths: [0; 16] }
    }
}

impl<T> ByPrefix<T> {
    pub(super) fn insert(&mut self, prefix: Prefix, entry: T) {
        if self.entries.insert(prefix, entry).is_none() {
            self.lengths[prefix.length() as usize] += 1;
        }
    }

    pub(super) fn remove(&mut self, prefix: Prefix) -> Option<T> {
        let removed = self.entries.remove(&prefix)?;
        self.lengths[prefix.length() as usize] -= 1;
        Some(removed)
    }

    pub(super) fn get(&self, prefix: Prefix) -> Option<&T> {
        self.entries.get(&prefix)
    }

    pub(super) fn get_mut(&mut self, prefix: Prefix) -> Option<&mut T> {
        self.entries.get_mut(&prefix)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Prefix, &T)> {
        self.entries.iter().map(|(prefix, entry)| (*prefix, entry))
    }

    /// The entries of every prefix that the number begins with, the shortest first.
    pub(super) fn matching(&self, number: Digits) -> impl Iterator<Item = (Prefix, &T)> {
        let used = (1..=number.length).filter(|length| self.lengths[*length as usize] > 0);
        let prefixes = used.map(move |length| Prefix(number.value / 10_u64.pow(number.length - length)));
        prefixes.filter_map(|prefix| self.entries.get(&prefix).map(|entry| (prefix, entry)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digits(number: &str) -> Digits {
        Digits::of(&number.parse().unwrap())
    }

    #[test]
    fn a_number_is_its_prefix_and_four_digits_more_and_shows_neither() {
        let number = digits("+2250700123456");
        assert_eq!(number.prefix(), Prefix::parse("+225070012"));
        assert_eq!(number.last(), 3456);
        assert_eq!(format!("{number:?}"), "Digits(13)");
        assert_eq!(digits("+29012").prefix(), None);
    }

    #[test]
    fn a_prefix_is_digits_with_or_without_a_plus() {
        assert_eq!(Prefix::parse("+2250700"), Prefix::parse("2250700"));
        for bad in ["", "+", "+0225", "22x", "+1234567890123456", "٢٢٥"] {
            assert_eq!(Prefix::parse(bad), None, "{bad}");
        }
        assert_eq!(Prefix::parse("+2250700").map(|prefix| prefix.to_string()), Some("+2250700".to_owned()));
    }

    #[test]
    fn what_may_be_somebodys_whole_number_is_not_shown_whole() {
        let whole = Prefix::parse("+4915112345678").unwrap();
        assert_eq!(whole.to_string(), "+491511234…");
    }

    proptest! {
        #[test]
        fn a_number_finds_exactly_the_prefixes_that_it_begins_with(
            number in "[1-9][0-9]{4,14}", prefixes in proptest::collection::vec("[1-9][0-9]{0,5}", 0..20),
        ) {
            let mut by_prefix = ByPrefix::default();
            for prefix in &prefixes {
                by_prefix.insert(Prefix::parse(prefix).unwrap(), prefix.clone());
            }
            let mut expected: Vec<_> = prefixes.into_iter().filter(|prefix| number.starts_with(prefix.as_str())).collect();
            expected.sort_by_key(String::len);
            expected.dedup();
            let found: Vec<_> = by_prefix.matching(digits(&format!("+{number}"))).map(|(_, found)| found.clone()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
