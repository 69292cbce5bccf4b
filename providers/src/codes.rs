//! What the vendors' codes mean, as tables: one for each API, and where they differ one for its reports.
//!
//! The adapters decide by them, and the page for operators is written from them, so that neither can say what
//! the other does not.

use crate::{FailureKind, SendError, messagebird, twilio, vonage};

/// The codes of one API.
#[derive(Debug)]
pub struct CodeTable {
    /// Whose codes these are.
    pub title: &'static str,
    /// Where they stand in a reply or a report, and how the entries are to be read.
    pub note: &'static str,
    /// The lines; the first that covers a code counts.
    pub rows: &'static [CodeRow],
}

/// Codes that mean the same for the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRow {
    /// The class.
    pub kind: FailureKind,
    /// The codes, separated by blanks. `14000-14999` is every number between; `9/recipient` is code 9 about
    /// that alone, and goes before a plain 9.
    pub codes: &'static str,
    /// What they say, in our own words.
    pub meaning: &'static str,
    /// What the operator can do about it.
    pub hint: Option<&'static str>,
    /// Whether another provider is worth asking when a report says so.
    pub resend: Resend,
}

/// Whether a text that failed after it was taken is worth another one through another provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resend {
    /// As the class says.
    #[default]
    ByClass,
    /// The handset is away or busy: only if there is time for it to come back.
    Patiently,
    /// Some of it, or another one like it, has arrived.
    Never,
}

/// All tables, in the order of the page for operators.
pub const TABLES: [&CodeTable; 9] = [
    &twilio::CODES,
    &vonage::SMS_CODES,
    &vonage::SMS_REPORT_CODES,
    &vonage::MESSAGES_CODES,
    &messagebird::CLASSIC_CODES,
    &messagebird::CLASSIC_REPORT_CODES,
    &messagebird::CHANNELS_CODES,
    &messagebird::V1_CODES,
    &messagebird::V1_TYPES,
];

impl CodeTable {
    /// The line of a code; `None` for one that is not listed.
    pub fn find(&self, code: &str) -> Option<&'static CodeRow> {
        self.rows.iter().find(|row| row.entries().any(|entry| covers(entry, code)))
    }

    /// The line of a code about `subject`, or of the code whatever it is about.
    pub fn find_about(&self, code: &str, subject: Option<&str>) -> Option<&'static CodeRow> {
        let narrow = subject.and_then(|subject| self.find(&format!("{code}/{subject}")));
        narrow.or_else(|| self.find(code))
    }
}

impl CodeRow {
    /// The codes one by one, as they are written.
    pub fn entries(&self) -> impl Iterator<Item = &'static str> {
        self.codes.split(' ')
    }

    /// Whether it covers a code, perhaps about one subject alone.
    pub fn is_about(&self, code: &str) -> bool {
        let about = |entry: &str| entry.split_once('/').is_some_and(|(entry, _)| entry == code);
        self.entries().any(|entry| covers(entry, code) || about(entry))
    }

    /// The same line, for codes whose class does not say whether another provider is worth asking.
    pub(crate) const fn resend(self, resend: Resend) -> Self {
        Self { resend, ..self }
    }

    /// The failure that a reply with such a code is.
    pub(crate) fn failure(&self) -> SendError {
        SendError { hint: self.hint, ..SendError::new(self.kind) }
    }
}

/// A line of a table.
pub(crate) const fn row(
    kind: FailureKind,
    codes: &'static str,
    meaning: &'static str,
    hint: Option<&'static str>,
) -> CodeRow {
    CodeRow { kind, codes, meaning, hint, resend: Resend::ByClass }
}

fn covers(entry: &str, code: &str) -> bool {
    let range = || {
        let (first, last) = entry.split_once('-')?;
        let (first, last, code): (u32, u32, u32) =
            (first.parse().ok()?, last.parse().ok()?, code.parse().ok()?);
        Some((first..=last).contains(&code))
    };
    entry == code || range().unwrap_or(false)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Holds a table to a list of its codes by class, complete in both directions.
    pub(crate) fn assert_lists(table: &CodeTable, expected: &[(FailureKind, &str)]) {
        let listed = |rows: &mut dyn Iterator<Item = (FailureKind, &'static str)>| -> BTreeSet<String> {
            rows.flat_map(|(kind, codes)| codes.split(' ').map(move |code| format!("{code} {kind}")))
                .collect()
        };
        let found = listed(&mut table.rows.iter().map(|row| (row.kind, row.codes)));
        let expected: BTreeSet<String> = expected
            .iter()
            .flat_map(|(kind, codes)| codes.split_whitespace().map(move |code| format!("{code} {kind}")))
            .collect();
        let missing: Vec<_> = expected.difference(&found).collect();
        let surplus: Vec<_> = found.difference(&expected).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:?}, surplus {surplus:?}");
    }

    #[test]
    fn every_code_of_a_table_is_in_one_line_and_says_what_it_means() {
        for table in TABLES {
            let entries: Vec<_> = table.rows.iter().flat_map(CodeRow::entries).collect();
            let once: BTreeSet<_> = entries.iter().collect();
            assert_eq!(once.len(), entries.len(), "{}", table.title);
            for row in table.rows {
                assert!(!row.meaning.is_empty() && row.entries().all(|entry| !entry.is_empty()), "{row:?}");
            }
        }
    }

    #[test]
    fn what_somebody_else_might_deliver_or_holds_for_fraud_always_comes_with_a_remedy() {
        for row in TABLES.iter().flat_map(|table| table.rows) {
            if matches!(row.kind, FailureKind::Unreachable | FailureKind::FraudHeld) {
                assert!(row.hint.is_some(), "{row:?}");
            }
        }
    }

    #[test]
    fn a_range_covers_what_lies_between_and_a_subject_goes_before_the_plain_code() {
        assert!(covers("14000-14999", "14000") && covers("14000-14999", "14999"));
        assert!(
            !covers("14000-14999", "15000") && !covers("14000-14999", "140001") && !covers("14000", "1400")
        );
        let kind = |code, subject| messagebird::CLASSIC_CODES.find_about(code, subject).map(|row| row.kind);
        assert_eq!(kind("9", Some("recipient")), Some(FailureKind::BadRecipient));
        assert_eq!(kind("9", Some("gateway")), Some(FailureKind::Misconfigured));
        assert_eq!(kind("9", None), Some(FailureKind::Misconfigured));
    }
}
