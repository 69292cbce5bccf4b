//! Vonage, by either of its two APIs: the SMS API ([`VonageSms`]) and the Messages API v1
//! ([`VonageMessages`]), which Vonage recommends for new work.
//!
//! They share the account and nothing else: other hosts, other encodings, other units of time, other
//! errors, other signatures.

mod codes;
mod config;
mod feedback;
mod messages;
mod messages_callback;
mod signature;
mod sms;
mod sms_callback;

use crate::{CallbackError, window};
use std::time::{Duration, SystemTime};

pub use codes::{MESSAGES_CODES, SMS_CODES, SMS_REPORT_CODES};
pub use config::{ApplicationKey, ApplicationKeyError, MessagesAuth, MessagesConfig, SmsAuth, SmsConfig};
pub use feedback::VonageFeedback;
pub use messages::VonageMessages;
pub use messages_callback::VonageMessagesCallback;
pub use signature::{Signature, SignatureMethod};
pub use sms::VonageSms;
pub use sms_callback::VonageSmsCallback;

/// Checks the time of a report's signature. Vonage repeats a report that it could not hand over for a day, with the
/// time of its first try.
fn is_fresh(signed_at: u64, now: SystemTime) -> Result<(), CallbackError> {
    window::check(signed_at, Duration::from_secs(24 * 60 * 60), now)
}
