//! Twilio's error codes and what each means for the next step.
//!
//! <https://www.twilio.com/docs/api/errors>. The `3xxxx` codes usually come later, in a callback; in the
//! reply to a send they appear where Twilio fails a message while creating it.

use crate::FailureKind::{self, BadRecipient, Misconfigured, OptedOut, Throttled, Unavailable, Unknown};

pub(super) const ACCOUNT: &str = "Twilio: the account is suspended, closed or out of balance";
const CAMPAIGN: &str = "Twilio: the sender is not registered (toll-free verification or A2P 10DLC)";
const CREDENTIALS: &str = "Twilio: check the account SID and the auth token or API key, and their region";
const FILTERED: &str = "Twilio: carriers take this sender's texts for spam; check the wording and the sender";
const GEO: &str = "Twilio: allow the destination country under Messaging > Settings > Geo permissions";
const REACH: &str = "Twilio: this sender cannot reach the destination country; use another sender";
const SENDER: &str =
    "Twilio: check the sender number; it must belong to this account and be able to send SMS";
const SERVICE: &str = "Twilio: check the messaging service SID and that the service has a sender";
const STATUS_URL: &str = "Twilio: the status callback URL must be public and its host without underscore";
const TOO_LONG: &str = "Twilio: the text is longer than 1600 characters";
const TRIAL: &str = "Twilio: a trial account sends to verified numbers only; upgrade it";

/// The kind of a code, and a remedy where the operator has one; `None` for a code that is not listed.
pub(super) fn classify(code: u32) -> Option<(FailureKind, Option<&'static str>)> {
    Some(match code {
        // Not a number, not a mobile, a landline, or assigned to nobody.
        21211 | 21217 | 21614 | 21635 | 30005 | 30006 => (BadRecipient, None),
        // Held back as toll fraud on this number. To pay somebody else for it would be the wrong answer.
        30450 => (BadRecipient, None),
        // Replied STOP, or the carrier keeps the number on a do-not-disturb list.
        21610 | 30004 => (OptedOut, None),

        20003 | 20006 | 20008 | 20404 => (Misconfigured, Some(CREDENTIALS)),
        10001 | 20005 | 20403 | 30002 => (Misconfigured, Some(ACCOUNT)),
        21212 | 21601 | 21603 | 21606 | 21657 | 21659 => (Misconfigured, Some(SENDER)),
        21701..=21705 => (Misconfigured, Some(SERVICE)),
        // The destination is closed to this account or sender, not to another provider's.
        21408 => (Misconfigured, Some(GEO)),
        21612 => (Misconfigured, Some(REACH)),
        21608 => (Misconfigured, Some(TRIAL)),
        30007 => (Misconfigured, Some(FILTERED)),
        30032 | 30034 | 30035 => (Misconfigured, Some(CAMPAIGN)),
        21609 => (Misconfigured, Some(STATUS_URL)),
        21617 => (Misconfigured, Some(TOO_LONG)),
        // Recipient or text missing, validity out of range: ours to mend, and no fault of the recipient's.
        21602 | 21604 | 21619 | 21624 | 90007 => (Misconfigured, None),

        // Too many requests at once; too many texts between two numbers, of a sender, of a day.
        20429 | 14107 | 21611 | 63038 | 30001 | 30022 | 30023 | 30027 => (Throttled, None),

        // Expired in Twilio's queue, or failed on this route for a reason of the carrier's.
        30003 | 30008 | 30036 => (Unavailable, None),

        // Twilio does not repeat these itself, as the text may be on its way; nor does it say whether a
        // request that met 20503 was queued.
        20500 | 20503 | 20504 | 30410 | 30500 => (Unknown, None),
        _ => return None,
    })
}

/// What to do about a refusal of which only the HTTP status is known.
pub(super) fn hint_by_status(status: u16) -> Option<&'static str> {
    match status {
        401 => Some(CREDENTIALS),
        403 => Some(ACCOUNT),
        _ => None,
    }
}
