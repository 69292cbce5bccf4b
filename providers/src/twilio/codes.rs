//! Twilio's error codes and what each means for the next step.
//!
//! <https://www.twilio.com/docs/api/errors>. The `3xxxx` codes usually come later, in a callback; in the
//! reply to a send they appear where Twilio fails a message while creating it.

use super::Sender;
use crate::FailureKind::{
    BadRecipient, FraudHeld, Misconfigured, OptedOut, Throttled, Unavailable, Unknown, Unreachable,
};
use crate::codes::{CodeRow, CodeTable, row};
use serde_json::Value;

pub(super) const ACCOUNT: &str = "Twilio: the account is suspended, closed, disabled or out of balance";
const COMPLIANCE: &str =
    "Twilio: the account's compliance profile is not approved; finish it in the Console under Trust Hub";
const CREDENTIALS: &str = "Twilio: check the account SID and the auth token or API key, and their region";
const DELAYED: &str = "Twilio: the text waited longer than the code lives; look at the sender's throughput";
const FILTERED: &str = "Twilio: carriers take this sender's texts for spam; check the wording and the sender";
const FRAUD: &str = "Twilio: held as SMS pumping, or a premium number; such a block ends after minutes or hours. Look at Messaging > Settings > SMS pumping protection";
const GEO: &str = "Twilio: allow the destination country under Messaging > Settings > Geo permissions";
const QUIET: &str = "Twilio: local quiet hours; register the sender for authentication texts";
const REACH: &str =
    "Twilio: this sender cannot reach the destination; use a sender of another type or country";
const REDACTION: &str = "Twilio: message redaction is asked for and not set up on the account";
const REGISTER: &str =
    "Twilio: register the sender (toll-free verification, A2P 10DLC, or a sender ID of the country)";
const SENDER: &str =
    "Twilio: check the sender number; it must belong to this account and be able to send SMS";
const SENDERLESS: &str = "Twilio: the messaging service has no sender for this destination; add one to it";
const SERVICE: &str = "Twilio: check the messaging service SID and that the service has a sender";
const SHORT_CODE: &str =
    "Twilio: a short code reaches its own country only; use a messaging service with a number";
pub(super) const STATUS_URL: &str =
    "Twilio: the status callback URL must be public and its host without underscore; check PUBLIC_URL";
const TOO_LONG: &str = "Twilio: the text is longer than 1600 characters; shorten SMS_TEMPLATE";
const TRIAL: &str = "Twilio: a trial account, or one without an approved compliance profile, sends to verified numbers only; upgrade it, or finish the profile";
const VERSION: &str = "Twilio: this API is gone; update the relay, or check TWILIO_BASE_URL";

/// Codes of the Message resource and of its status callbacks.
pub static CODES: CodeTable = CodeTable {
    title: "Twilio",
    note: "`code` of an error, `error_code` of a message that failed at once, `ErrorCode` of a report. \
           `/short-code` where `TWILIO_FROM_NUMBER` is a short code, `/compliance` where Twilio's sentence names the compliance profile.",
    rows: ROWS,
};

const ROWS: &[CodeRow] = &[
    row(BadRecipient, "21211 21217 21265 21266", "not a number, a short code, or the sender itself", None),
    row(BadRecipient, "21614 21635", "not a mobile, or a landline", None),
    row(BadRecipient, "30005", "unknown or no longer in service", None),
    row(
        FraudHeld,
        "21268 30450 30453 30485",
        "held for fraud on the number, its range or its country",
        Some(FRAUD),
    ),
    row(OptedOut, "21610 30630", "replied STOP to this sender", None),
    row(OptedOut, "30004", "blocked by the carrier or the handset; counts as a wish", None),
    row(Unreachable, "21408", "the country is closed to this account", Some(GEO)),
    row(
        Unreachable,
        "21612 30006 30024 30041 30042 30043",
        "this type of sender does not reach it",
        Some(REACH),
    ),
    row(
        Unreachable,
        "21606/short-code 21659/short-code",
        "the short code does not reach this country",
        Some(SHORT_CODE),
    ),
    row(Unreachable, "21703", "the service has no number that fits the destination", Some(SENDERLESS)),
    row(Unreachable, "21618 30007", "refused or filtered for its content", Some(FILTERED)),
    row(
        Unreachable,
        "30018 30032 30033 30034 30035 30040",
        "the sender is not registered for the destination",
        Some(REGISTER),
    ),
    row(Unreachable, "30610 30615 30620", "local rules forbid the text now", Some(QUIET)),
    row(Misconfigured, "20003 20006 20008 20404", "credentials or their rights", Some(CREDENTIALS)),
    row(Misconfigured, "20003/compliance", "the compliance profile is not approved", Some(COMPLIANCE)),
    row(Misconfigured, "10001 20005 20010 20403 30002 30037", "the account", Some(ACCOUNT)),
    row(Misconfigured, "10002 21267 21608 30044 30454", "a trial account's limits", Some(TRIAL)),
    row(
        Misconfigured,
        "21212 21601 21603 21606 21616 21657 21659 21660 21661 21709",
        "the sender",
        Some(SENDER),
    ),
    row(Misconfigured, "21701 21702 21704 21705 21708 21711", "the messaging service", Some(SERVICE)),
    row(Misconfigured, "21609", "the callback URL; the text is then sent without one", Some(STATUS_URL)),
    row(Misconfigured, "21617", "the text is too long", Some(TOO_LONG)),
    row(Misconfigured, "20410", "the API is gone", Some(VERSION)),
    row(Misconfigured, "30029 30030", "redaction", Some(REDACTION)),
    row(
        Misconfigured,
        "21602 21604 21619 21624 90007",
        "a parameter is missing or invalid; ours to mend",
        None,
    ),
    row(
        Throttled,
        "14107 20429 21611 63038",
        "too many requests, or the sender's queue or the day's limit is full",
        None,
    ),
    row(Throttled, "30001 30017 30022 30023 30027", "too many texts for the sender or the carrier", None),
    row(Unavailable, "30003 30008", "failed on this route, or the handset is away", None),
    row(Unavailable, "30036", "expired in Twilio's queue", Some(DELAYED)),
    row(Unavailable, "21730 30020 30021", "failed inside Twilio", None),
    // Twilio does not repeat these itself, as the text may be on its way; nor does it say whether a request
    // that met 20503 was queued.
    row(Unknown, "20500 20503 20504 30410 30500", "failed inside Twilio, perhaps after it was sent", None),
];

/// The line of a code in a reply, which for some depends on what it is about.
pub(super) fn classify(code: &str, sender: &Sender, sentence: &Value) -> Option<&'static CodeRow> {
    let subject = match sender {
        Sender::Number(from) if is_short_code(from) => Some("short-code"),
        _ if names_the_compliance_profile(sentence) => Some("compliance"),
        _ => None,
    };
    CODES.find_about(code, subject)
}

/// Code 20003 is for wrong credentials, and for right ones of an account that is not approved yet.
pub(super) fn names_the_compliance_profile(sentence: &Value) -> bool {
    sentence.as_str().is_some_and(|sentence| sentence.to_ascii_lowercase().contains("compliance profile"))
}

fn is_short_code(from: &str) -> bool {
    (3..=6).contains(&from.len()) && from.bytes().all(|byte| byte.is_ascii_digit())
}

/// What to do about a refusal of which only the HTTP status is known.
pub(super) fn hint_by_status(status: u16) -> Option<&'static str> {
    match status {
        401 => Some(CREDENTIALS),
        403 => Some(ACCOUNT),
        _ => None,
    }
}
