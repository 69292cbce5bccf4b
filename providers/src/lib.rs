//! SMS through Twilio, MessageBird/Bird and Vonage behind one trait, with failover.
//!
//! This crate knows phone numbers, texts and vendors. It knows nothing of codes, events or Neon and
//! can be used alone.
//!
//! ```
//! use sms_providers::*;
//! use std::{sync::Arc, time::Duration};
//! use tokio::time::Instant;
//!
//! # async fn send(message: SmsMessage) {
//! // Any `SmsProvider` will do: `twilio::TwilioProvider` for a real text.
//! let chain = FailoverChain::new(vec![Arc::new(StubProvider::new(ProviderName::Stub))]);
//!
//! let mut run = chain.start(&message, Instant::now() + Duration::from_secs(12), 2);
//! let outcome = loop {
//!     if let Step::Done(outcome) = run.next().await {
//!         break outcome;
//!     }
//! };
//! for attempt in run.attempts() {
//!     println!("{}: {} after {:?}", attempt.provider, attempt.verdict(), attempt.elapsed);
//! }
//! # let _ = outcome;
//! # }
//! ```
//!
//! # Add a provider in five steps
//!
//! Take [`twilio`] for a model; say the new vendor is Acme.
//!
//! 1. **Name it.** A variant of [`ProviderName`] before `Stub`. From here on the compiler names what is
//!    forgotten: its word in `as_str`, its place in `ALL`, and in the program that uses this crate every
//!    match over the names, such as the one that reads the provider's settings.
//! 2. **Say what it needs.** `acme/config.rs`: a struct with secrets as `SecretString` and the base URL as
//!    a field, so that regions and mocks are reachable. It reads no environment.
//! 3. **Send.** `acme/send.rs` implements [`SmsProvider`]. [`client::exchange`] does the request and tells
//!    "surely not sent" from "perhaps sent"; `verdict::judge` says what the HTTP status decides alone; you read
//!    the rest. Find a [`FailureKind`] for every documented error code in one [`CodeTable`] and add it to
//!    [`codes::TABLES`], fall back on [`client::VendorReply::kind_by_status`], and call nothing a success that
//!    does not carry the vendor's message id. Put no text of the vendor's into the error: a code, and a hint in
//!    your own words. A method `check` asks the vendor about the credentials without sending, where it offers
//!    that (see [`check`]).
//! 4. **Believe its reports.** `acme/callback.rs` implements [`StatusCallback`]: the signature first, in
//!    constant time, then the status word; an unknown word is a [`Report`] that changes nothing. Say in its
//!    [`Subject`] which text the signature vouches for. A vendor without callbacks leaves this step out.
//! 5. **Hold it to the contract.** `tests/contract/acme.rs`: a `Vendor` with the vendor's answers from
//!    `fixtures/acme/`, and `contract!(ACME)`. The compiler asks for each answer; the cases, and one
//!    snapshot of the request byte for byte, come for free.

mod breaker;
pub mod callback;
pub mod cause;
pub mod chain;
pub mod check;
pub mod client;
pub mod codes;
pub mod country;
pub mod encoding;
pub mod error;
pub mod feedback;
mod form;
pub mod log;
pub mod meaning;
pub mod message;
pub mod messagebird;
pub mod network;
pub mod phone;
pub mod price;
pub mod provider;
pub mod report;
pub mod status;
pub mod stub;
pub mod twilio;
mod verdict;
pub mod vonage;
mod window;

pub use callback::{CallbackError, RawCallback, StatusCallback};
pub use cause::NetworkCause;
pub use chain::{Attempt, ChainRun, FailoverChain, Step};
pub use check::Checked;
pub use codes::{CodeRow, CodeTable, Resend};
pub use country::{Country, CountryError};
pub use encoding::{Encoding, Segments, segments};
pub use error::{FailureKind, SendError, VendorCode};
pub use feedback::{Conversion, ConversionFeedback};
pub use log::LogProvider;
pub use message::{MessageRef, SmsBody, SmsMessage};
pub use phone::{PhoneNumber, PhoneNumberError};
pub use price::Price;
pub use provider::{ProviderName, SendReceipt, SmsProvider};
pub use report::{Report, Subject};
pub use status::{DeliveryStatus, StatusUpdate};
pub use stub::StubProvider;
