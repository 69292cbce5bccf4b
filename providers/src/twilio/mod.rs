//! Twilio Programmable Messaging: one text is one `POST …/Messages.json`.
//!
//! Written on the HTTP client of this crate, since sending a code needs what a general client hides:
//! the error code, whether the request was written, and a base URL of one's own.

mod callback;
mod codes;
mod config;
mod feedback;
mod send;

pub use callback::TwilioCallback;
pub use codes::CODES;
pub use config::{Credentials, Sender, TwilioConfig};
pub use feedback::TwilioFeedback;
pub use send::TwilioProvider;
