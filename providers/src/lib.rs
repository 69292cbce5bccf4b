//! SMS through Twilio, MessageBird/Bird and Vonage behind one trait, with failover.
//!
//! This crate knows phone numbers, texts and vendors. It knows nothing of codes, events or Neon and
//! can be used alone.

mod breaker;
pub mod callback;
pub mod chain;
pub mod client;
pub mod encoding;
pub mod error;
pub mod log;
pub mod message;
pub mod messagebird;
pub mod phone;
pub mod provider;
pub mod status;
pub mod stub;
pub mod twilio;
pub mod vonage;

pub use callback::{CallbackError, RawCallback, StatusCallback};
pub use chain::{Attempt, ChainRun, FailoverChain, Step};
pub use encoding::{Encoding, Segments, segments};
pub use error::{FailureKind, SendError, VendorCode};
pub use log::LogProvider;
pub use message::{MessageRef, SmsBody, SmsMessage};
pub use phone::{PhoneNumber, PhoneNumberError};
pub use provider::{ProviderName, SendReceipt, SmsProvider};
pub use status::{DeliveryStatus, StatusUpdate};
pub use stub::StubProvider;
