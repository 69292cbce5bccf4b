//! Vonage, by either of its two APIs: the SMS API ([`VonageSms`]) and the Messages API v1
//! ([`VonageMessages`]), which Vonage recommends for new work.
//!
//! They share the account and nothing else: other hosts, other encodings, other units of time, other
//! errors, other signatures.

mod codes;
mod config;
mod messages;
mod messages_callback;
mod signature;
mod sms;
mod sms_callback;
mod window;

pub use codes::{MESSAGES_CODES, SMS_CODES, SMS_REPORT_CODES};
pub use config::{ApplicationKey, ApplicationKeyError, MessagesAuth, MessagesConfig, SmsAuth, SmsConfig};
pub use messages::VonageMessages;
pub use messages_callback::VonageMessagesCallback;
pub use signature::{Signature, SignatureMethod};
pub use sms::VonageSms;
pub use sms_callback::VonageSmsCallback;
