//! Vonage's error codes and what each means for the next step.
//!
//! <https://developer.vonage.com/en/api-errors/sms> and
//! <https://developer.vonage.com/en/api-errors/messages>

use crate::FailureKind::{self, BadRecipient, Misconfigured, OptedOut, Throttled, Unavailable};

const BALANCE: &str = "Vonage: the account has no credit, or its quota is used up";
const CREDENTIALS: &str =
    "Vonage: check the credentials: API key, signature and its method, or application and private key";
const DEMO: &str = "Vonage: a demo account sends to its allow-list only; add credit to it";
const ACCOUNT: &str = "Vonage: the account is barred, or not provisioned for SMS";
const SENDER: &str = "Vonage: check the sender (VONAGE_FROM); the destination country may not allow it";
const SPAM: &str = "Vonage: the text was taken for spam; check the wording and the sender";

type Verdict = (FailureKind, Option<&'static str>);

/// The kind of an SMS API status, and a remedy where the operator has one; `None` for one not listed.
pub(super) fn classify_sms(status: &str) -> Option<Verdict> {
    Some(match status {
        "1" | "10" => (Throttled, None),
        // Parameters missing or invalid, text too long, bad network code or callback: ours to mend.
        "2" | "3" | "12" | "22" | "23" => (Misconfigured, None),
        "4" | "14" | "32" => (Misconfigured, Some(CREDENTIALS)),
        "8" | "11" => (Misconfigured, Some(ACCOUNT)),
        "9" => (Misconfigured, Some(BALANCE)),
        "15" => (Misconfigured, Some(SENDER)),
        "29" => (Misconfigured, Some(DEMO)),
        // An internal error that is reported is a message that was not taken.
        "5" => (Unavailable, None),
        // No route of Vonage's; another provider may have one.
        "6" => (Unavailable, None),
        "7" | "33" => (BadRecipient, None),
        _ => return None,
    })
}

/// The kind of a Messages API code, and a remedy where the operator has one; `None` for one not listed.
pub(super) fn classify_messages(code: u32) -> Option<Verdict> {
    Some(match code {
        1000 | 1241 => (Throttled, None),
        1010 | 1020 | 1090 | 1130 => (Misconfigured, None),
        1060 | 1080 | 1140 => (Misconfigured, Some(ACCOUNT)),
        1070 => (Misconfigured, Some(BALANCE)),
        1120 => (Misconfigured, Some(SENDER)),
        1160 => (Misconfigured, Some(DEMO)),
        1210 | 1280 => (Unavailable, Some(SPAM)),
        1040 | 1050 | 1170 | 1190 | 1260 => (BadRecipient, None),
        1240 => (OptedOut, None),
        1030 | 1100 | 1180 | 1220 | 1230 | 1250 | 1330 | 1331 | 1360 => (Unavailable, None),
        _ => return None,
    })
}

/// What to do about a refusal of which only the HTTP status is known.
pub(super) fn hint_by_status(status: u16) -> Option<&'static str> {
    match status {
        401 | 403 => Some(CREDENTIALS),
        402 => Some(BALANCE),
        _ => None,
    }
}
