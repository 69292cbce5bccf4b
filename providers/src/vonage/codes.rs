//! Vonage's error codes and what each means for the next step.
//!
//! <https://developer.vonage.com/en/api-errors/sms>, <https://developer.vonage.com/en/api-errors/messages> and
//! <https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts>

use crate::FailureKind::{
    BadRecipient, FraudHeld, Misconfigured, OptedOut, Throttled, Unavailable, Unknown, Unreachable,
};
use crate::codes::{CodeTable, Resend, row};

const ACCOUNT: &str = "Vonage: the account is barred, not provisioned for this, or set to another API";
pub(super) const BALANCE: &str = "Vonage: the account has no credit, or its quota is used up";
const BLOCKED: &str =
    "Vonage: blocked on the way, by the sender, the content or the recipient's plan; use a registered sender";
const CREDENTIALS: &str =
    "Vonage: check the credentials: API key, signature and its method, or application and private key";
const DELAYED: &str = "Vonage: the text waited longer than the code lives; look at the account's throughput";
const DEMO: &str = "Vonage: a demo account sends to its allow-list only; add credit to it";
const FRAUD: &str = "Vonage: held by Fraud Defender; look at its rules, and at who asks for codes";
const REACH: &str = "Vonage: no route to this number or country; use another sender or another vendor";
const REGISTER: &str =
    "Vonage: the country wants the sender, the template or the consent registered (India: DLT)";
const SENDER: &str = "Vonage: check the sender (VONAGE_FROM); the destination country may not allow it";
const SPAM: &str = "Vonage: the text was taken for spam; check the wording and the sender";
const TOO_LONG: &str = "Vonage: the text is too long; shorten SMS_TEMPLATE";

/// Statuses of a reply of the SMS API.
pub static SMS_CODES: CodeTable = CodeTable {
    title: "Vonage, SMS API",
    note: "`status` of a reply. `3/to` is status 3 that names the recipient.",
    rows: &[
        row(BadRecipient, "3/to 33", "not a number", None),
        row(OptedOut, "7", "barred: replied STOP or is on a block list; Vonage does not say which", None),
        row(Unreachable, "6", "no route", Some(REACH)),
        row(Unreachable, "15", "the sender is not allowed there", Some(SENDER)),
        row(Unreachable, "17", "blocked by a carrier or by Vonage", Some(BLOCKED)),
        row(Misconfigured, "2 3 22 23", "a parameter is missing or invalid; ours to mend", None),
        row(Misconfigured, "12", "the text is too long", Some(TOO_LONG)),
        row(Misconfigured, "4 14 32", "credentials or signature", Some(CREDENTIALS)),
        row(Misconfigured, "8 11", "the account", Some(ACCOUNT)),
        row(Misconfigured, "9", "no credit", Some(BALANCE)),
        row(Misconfigured, "29", "a demo account's limits", Some(DEMO)),
        row(Throttled, "1 10", "too many requests or connections", None),
        // An internal error that is reported is a message that was not taken.
        row(Unavailable, "5", "failed inside Vonage", None),
    ],
};

/// Codes of the SMS API's delivery receipts.
pub static SMS_REPORT_CODES: CodeTable = CodeTable {
    title: "Vonage, receipts of the SMS API",
    note: "`err-code`.",
    rows: &[
        row(BadRecipient, "3 9", "gone for good, or not a number", None),
        row(BadRecipient, "4 13 15", "barred by the subscriber's own settings, age or prepaid credit", None),
        row(Unreachable, "5 11 12", "no route, or ported elsewhere", Some(REACH)),
        row(Unreachable, "6", "taken for spam", Some(SPAM)),
        row(Unreachable, "10 14", "blocked by the carrier", Some(BLOCKED)),
        row(Unreachable, "50 51 52 53 54", "against the country's rules", Some(REGISTER)),
        row(Unavailable, "2 7", "the handset is away or busy", None).resend(Resend::Patiently),
        row(Unavailable, "1 8 99", "failed at the carrier", None),
    ],
};

/// Codes of the Messages API, in replies and in the reports of rejected texts.
pub static MESSAGES_CODES: CodeTable = CodeTable {
    title: "Vonage, Messages API",
    note: "The fragment of a problem's `type`, or a numeric `title`; in reports of `error`. \
           `/422` where HTTP 422 comes with it, whose numbers Vonage also uses in another sense.",
    rows: &[
        row(
            BadRecipient,
            "1050 1170 1190 1290 1300 1310 1430 1431 110",
            "not a number, barred, or gone for good",
            None,
        ),
        row(OptedOut, "1240", "opted out", None),
        row(FraudHeld, "1470 1472 1473 1474 1475 2001", "held by Fraud Defender", Some(FRAUD)),
        row(Unreachable, "1040 1200 1250 1251 1260 1270 1481 unavailable-legal", "no route", Some(REACH)),
        row(Unreachable, "1120", "the sender is not allowed there", Some(SENDER)),
        row(Unreachable, "1210", "taken for spam", Some(SPAM)),
        row(Unreachable, "1280 1282", "blocked on the way", Some(BLOCKED)),
        row(
            Misconfigured,
            "1010 1020 1021 1022 1130 1150",
            "a parameter is missing or invalid; ours to mend",
            None,
        ),
        row(
            Misconfigured,
            "1060/422 1100/422 1110/422 1140/422 1150/422",
            "the request is wrong; ours to mend",
            None,
        ),
        row(Misconfigured, "1090", "the text is too long", Some(TOO_LONG)),
        row(
            Misconfigured,
            "1060 1080 1140 1242 1400 1410 1420 1440 1450 1451 1476",
            "the account",
            Some(ACCOUNT),
        ),
        row(Misconfigured, "1070", "the quota is used up", Some(BALANCE)),
        row(Misconfigured, "1160", "a demo account's limits", Some(DEMO)),
        row(
            Misconfigured,
            "1480 1482 1483 1484",
            "sender, template or entity is not registered",
            Some(REGISTER),
        ),
        row(Throttled, "1000 1241 1460 1461", "too many requests, or too many texts to this number", None),
        row(
            Unavailable,
            "1030 1100 1180 1220 1230 1330 1331",
            "failed inside Vonage or at the carrier",
            None,
        ),
        row(Unavailable, "1360", "expired on the way", Some(DELAYED)),
        row(Unknown, "1320", "the same message was sent already", None).resend(Resend::Never),
        row(Unknown, "1490", "some of the segments were delivered", None).resend(Resend::Never),
    ],
};

/// What to do about a refusal of which only the HTTP status is known.
pub(super) fn hint_by_status(status: u16) -> Option<&'static str> {
    match status {
        401 | 403 => Some(CREDENTIALS),
        402 => Some(BALANCE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::tests::assert_lists;

    #[test]
    fn every_status_of_the_sms_api_has_its_class() {
        assert_lists(
            &SMS_CODES,
            &[
                (BadRecipient, "3/to 33"),
                (OptedOut, "7"),
                (Unreachable, "6 15 17"),
                (Misconfigured, "2 3 12 22 23 4 14 32 8 11 9 29"),
                (Throttled, "1 10"),
                (Unavailable, "5"),
            ],
        );
    }

    #[test]
    fn every_code_of_a_receipt_has_its_class() {
        assert_lists(
            &SMS_REPORT_CODES,
            &[
                (BadRecipient, "3 4 9 13 15"),
                (Unreachable, "5 6 10 11 12 14 50 51 52 53 54"),
                (Unavailable, "1 2 7 8 99"),
            ],
        );
    }

    #[test]
    fn every_code_of_the_messages_api_has_its_class() {
        assert_lists(
            &MESSAGES_CODES,
            &[
                (BadRecipient, "1050 1170 1190 1290 1300 1310 1430 1431 110"),
                (OptedOut, "1240"),
                (FraudHeld, "1470 1472 1473 1474 1475 2001"),
                (Unreachable, "1040 1120 1200 1210 1250 1251 1260 1270 1280 1282 1481 unavailable-legal"),
                (
                    Misconfigured,
                    "1010 1020 1021 1022 1060 1070 1080 1090 1130 1140 1150 1160 1242 1400 1410 1420",
                ),
                (Misconfigured, "1440 1450 1451 1476 1480 1482 1483 1484"),
                (Misconfigured, "1060/422 1100/422 1110/422 1140/422 1150/422"),
                (Throttled, "1000 1241 1460 1461"),
                (Unavailable, "1030 1100 1180 1220 1230 1330 1331 1360"),
                (Unknown, "1320 1490"),
            ],
        );
    }
}
