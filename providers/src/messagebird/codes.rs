//! The codes of the three APIs and what each means for the next step.
//!
//! <https://developers.messagebird.com/api/#api-errors>,
//! <https://docs.bird.com/api/channels-api/message-status-and-interactions/message-failure-codes> and Bird's own
//! SDKs.

use crate::FailureKind::{
    BadRecipient, Misconfigured, OptedOut, Throttled, Unavailable, Unknown, Unreachable,
};
use crate::codes::{CodeTable, Resend, row};

const BLOCKED: &str =
    "Bird: the carrier or the country refuses the sender or the text; use a registered sender";
const CLASSIC_BALANCE: &str = "MessageBird: the account has no balance left";
const CUSTOMER: &str = "Bird: the failure is on the recipient's or the account's side; look its code up under message failure codes";
const ORIGINATOR: &str =
    "MessageBird: check MESSAGEBIRD_ORIGINATOR; the destination country may not allow it";
const PAIR: &str =
    "Bird: this channel's sender may not send to this destination; use another channel or vendor";
const SENDER: &str = "Bird: check MESSAGEBIRD_ORIGINATOR; it must be a sender of this account that is registered for the country";
const TRIAL: &str = "MessageBird: a trial account sends to the number that asked for its credit and to nobody else; add balance";
pub(super) const V1_BALANCE: &str = "Bird: the account has no balance left";
pub(super) const V1_CREDENTIALS: &str = "Bird: check the API key (bk_…), its region and its permissions; a classic MessageBird key does not work here";
const VALIDATION: &str =
    "Bird: it refuses the request or the receiver; look its code up under message failure codes";
pub(super) const WRONG_KEY: &str = "MessageBird: the classic API does not know this access key. A Bird key does not work there: \
     set MESSAGEBIRD_API to channels or v1, or use a key of the classic dashboard";

/// Codes of the classic API's errors.
pub static CLASSIC_CODES: CodeTable = CodeTable {
    title: "MessageBird, classic API",
    note: "`errors[0].code`; behind the stroke the `parameter`, or `trial` where the sentence names the test period.",
    rows: &[
        row(Misconfigured, "9/trial", "a trial account's limits, not the number", Some(TRIAL)),
        row(BadRecipient, "9/recipient 9/recipients 10/recipient 10/recipients", "not a number", None),
        row(Misconfigured, "9/originator 10/originator", "the sender", Some(ORIGINATOR)),
        row(Misconfigured, "2", "the access key", Some(WRONG_KEY)),
        row(Misconfigured, "25", "no balance", Some(CLASSIC_BALANCE)),
        row(Misconfigured, "9 10 20 21 98", "a parameter or the address is wrong; ours to mend", None),
        row(Unknown, "99", "failed inside MessageBird, perhaps after it was sent", None),
    ],
};

/// Codes of the classic API's status reports.
pub static CLASSIC_REPORT_CODES: CodeTable = CodeTable {
    title: "MessageBird, reports of the classic API",
    note: "`statusErrorCode`.",
    rows: &[
        row(BadRecipient, "1 2 3 5 9 10 11 12", "an unknown subscriber, or one that takes no texts", None),
        row(Unavailable, "8 26 27 31", "the handset is away or busy", None).resend(Resend::Patiently),
        row(Unavailable, "0 34", "failed at the carrier", None),
    ],
};

/// Failure codes of the Channels API.
pub static CHANNELS_CODES: CodeTable = CodeTable {
    title: "Bird, Channels API",
    note: "`failure.code` of a message that failed at once, and of a report. The first line that covers a code counts. \
           Where `failure.source` has the carrier's code, the table of the classic API's reports goes first.",
    rows: &[
        row(BadRecipient, "15005", "an unknown subscriber", None),
        row(Unreachable, "12003", "the sender may not send to the destination", Some(PAIR)),
        row(Misconfigured, "12002", "the channel does not take texts", Some(VALIDATION)),
        row(Misconfigured, "11000-11999", "the request or the receiver fails validation", Some(VALIDATION)),
        // "Customers' actions": to Bird the customer may be us, and which code is which is not published.
        row(Misconfigured, "14000-14999", "on the recipient's or the account's side", Some(CUSTOMER)),
        row(Unavailable, "12000-12999 15000-15999", "failed inside Bird or at the carrier", None),
    ],
};

/// Names of errors of the platform's v1, and the reasons of its messages that failed.
pub static V1_CODES: CodeTable = CodeTable {
    title: "Bird, platform v1",
    note: "`error.name` of a refusal, `last_error.code` of a message that failed at once, `error.code` of a report.",
    rows: &[
        row(
            BadRecipient,
            "SMSInvalidRecipient invalid_destination landline_unreachable",
            "not a number, or a landline",
            None,
        ),
        row(
            OptedOut,
            "SMSRecipientOptedOut recipient_opted_out blocked_by_recipient",
            "opted out from this sender",
            None,
        ),
        row(
            Unreachable,
            "sender_unregistered content_rejected blocked_by_carrier",
            "refused for sender or content",
            Some(BLOCKED),
        ),
        row(Misconfigured, "SMSNoEligibleSender", "the sender", Some(SENDER)),
        row(Misconfigured, "insufficient_balance", "no balance", Some(V1_BALANCE)),
        row(Misconfigured, "SMSUnsupportedFeature", "a parameter that is not offered; ours to mend", None),
        row(
            Unavailable,
            "provider_unavailable unreachable unknown",
            "failed on this route, or the handset is away",
            None,
        ),
    ],
};

/// Types of errors of the platform's v1, where the name is not known.
pub static V1_TYPES: CodeTable = CodeTable {
    title: "Bird, platform v1, types",
    note: "`error.type`, where `error.name` is not listed.",
    rows: &[
        row(Misconfigured, "auth_error permission_error", "credentials", Some(V1_CREDENTIALS)),
        row(Misconfigured, "billing_error", "no balance", Some(V1_BALANCE)),
        row(Misconfigured, "validation_error", "the request is wrong; ours to mend", None),
        row(Throttled, "rate_limit_error", "too many requests", None),
        // An earlier request with this key is running, or was carried out with an older text: it may be that
        // one that arrives.
        row(Unknown, "conflict_error too_early_error", "met an earlier request of its own", None),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::tests::assert_lists;

    #[test]
    fn every_code_of_the_classic_api_has_its_class() {
        assert_lists(
            &CLASSIC_CODES,
            &[
                (BadRecipient, "9/recipient 9/recipients 10/recipient 10/recipients"),
                (Misconfigured, "9/trial 9/originator 10/originator 2 9 10 20 21 25 98"),
                (Unknown, "99"),
            ],
        );
        assert_lists(
            &CLASSIC_REPORT_CODES,
            &[(BadRecipient, "1 2 3 5 9 10 11 12"), (Unavailable, "0 8 26 27 31 34")],
        );
    }

    #[test]
    fn every_code_of_channels_has_its_class_and_the_narrow_ones_go_first() {
        for (code, kind) in [
            ("11000", Misconfigured),
            ("12001", Unavailable),
            ("12002", Misconfigured),
            ("12003", Unreachable),
            ("14000", Misconfigured),
            ("14999", Misconfigured),
            ("15000", Unavailable),
            ("15005", BadRecipient),
        ] {
            assert_eq!(CHANNELS_CODES.find(code).map(|row| row.kind), Some(kind), "{code}");
        }
        assert_eq!(CHANNELS_CODES.find("99001"), None);
    }

    #[test]
    fn every_name_of_the_platform_has_its_class() {
        assert_lists(
            &V1_CODES,
            &[
                (BadRecipient, "SMSInvalidRecipient invalid_destination landline_unreachable"),
                (OptedOut, "SMSRecipientOptedOut recipient_opted_out blocked_by_recipient"),
                (Unreachable, "sender_unregistered content_rejected blocked_by_carrier"),
                (Misconfigured, "SMSNoEligibleSender insufficient_balance SMSUnsupportedFeature"),
                (Unavailable, "unreachable provider_unavailable unknown"),
            ],
        );
        assert_lists(
            &V1_TYPES,
            &[
                (Misconfigured, "auth_error permission_error billing_error validation_error"),
                (Throttled, "rate_limit_error"),
                (Unknown, "conflict_error too_early_error"),
            ],
        );
    }
}
