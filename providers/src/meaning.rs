//! What a provider's code means, from the tables by which the adapters decide.

use crate::{CodeRow, CodeTable, FailureKind, ProviderName, messagebird, twilio, vonage};

/// What the code of an answer says, and what can be done about it. The store does not know which of a provider's
/// APIs it was: where two of them use a code, or one of them in two senses, the verdict decides.
pub fn of_answer(provider: ProviderName, code: &str, verdict: &str) -> Option<&'static CodeRow> {
    let tables: &[&'static CodeTable] = match provider {
        ProviderName::Twilio => &[&twilio::CODES],
        ProviderName::Vonage => &[&vonage::SMS_CODES, &vonage::MESSAGES_CODES],
        ProviderName::MessageBird => &[
            &messagebird::CLASSIC_CODES,
            &messagebird::CHANNELS_CODES,
            &messagebird::V1_CODES,
            &messagebird::V1_TYPES,
        ],
        ProviderName::Log | ProviderName::Inbox | ProviderName::Test | ProviderName::Stub => &[],
    };
    let mut rows = tables.iter().flat_map(|table| table.rows);
    rows.find(|row| row.kind.as_str() == verdict && row.is_about(code)).or_else(|| find(tables, code))
}

/// What the code of a report says.
pub fn of_report(provider: ProviderName, code: &str) -> Option<&'static CodeRow> {
    let tables: &[&'static CodeTable] = match provider {
        ProviderName::Twilio => &[&twilio::CODES],
        ProviderName::Vonage => &[&vonage::SMS_REPORT_CODES, &vonage::MESSAGES_CODES],
        ProviderName::MessageBird => {
            &[&messagebird::CLASSIC_REPORT_CODES, &messagebird::CHANNELS_CODES, &messagebird::V1_CODES]
        }
        ProviderName::Log | ProviderName::Inbox | ProviderName::Test | ProviderName::Stub => &[],
    };
    find(tables, code)
}

/// What can be done about a text that was not taken.
pub fn remedy(verdict: &str) -> Option<&'static str> {
    FailureKind::ALL.into_iter().find(|kind| kind.as_str() == verdict).map(FailureKind::remedy)
}

fn find(tables: &[&'static CodeTable], code: &str) -> Option<&'static CodeRow> {
    tables.iter().find_map(|table| table.find(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_two_senses_is_explained_in_the_one_of_its_verdict() {
        let said = |verdict| of_answer(ProviderName::Vonage, "3", verdict).map(|row| row.meaning);
        assert_eq!(said("bad_recipient"), Some("not a number"));
        assert_ne!(said("misconfigured"), said("bad_recipient"));
        assert_eq!(said("throttled"), said("misconfigured"), "its plain sense, whatever came with it");
        let report = of_report(ProviderName::Vonage, "3").unwrap().meaning;
        assert!(report.contains("gone for good"), "{report}");
        assert_eq!(of_report(ProviderName::Twilio, "0"), None);
        assert_eq!(of_answer(ProviderName::Stub, "30006", "unreachable"), None);
    }
}
