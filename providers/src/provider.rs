//! The seam between the relay and the vendors.

use crate::{FailureKind, Price, SendError, SmsMessage};
use std::fmt;

/// Someone who can send an SMS: a vendor, a terminal, an inbox, a stub.
#[async_trait::async_trait]
pub trait SmsProvider: Send + Sync {
    /// Who this is, for logs, metrics and replies.
    fn name(&self) -> ProviderName;

    /// Sends one text and reports the vendor's verdict.
    ///
    /// A reply that is not understood is an error of kind `Unknown`, never a success. The caller may
    /// drop the future when its time is up; the text may have left by then.
    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError>;
}

/// The name of a provider, as in `SMS_PROVIDER` and in callback paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProviderName {
    /// Twilio Programmable Messaging.
    Twilio,
    /// MessageBird or Bird, whichever API.
    MessageBird,
    /// Vonage, whichever API.
    Vonage,
    /// Prints the text to the terminal.
    Log,
    /// Shows the text on the development inbox page.
    Inbox,
    /// Nobody: the code of a test number, which is kept to be read and never texted.
    Test,
    /// Scripted answers for tests. Stays the last one, see below.
    Stub,
}

// A name that is missing from `ALL` could be sent through and yet not be configured.
const _: () = assert!(ProviderName::ALL.len() == ProviderName::Stub as usize + 1);

impl ProviderName {
    /// Every name, for parsing and for metrics.
    pub const ALL: [Self; 7] =
        [Self::Twilio, Self::MessageBird, Self::Vonage, Self::Log, Self::Inbox, Self::Test, Self::Stub];

    /// The name as users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::MessageBird => "messagebird",
            Self::Vonage => "vonage",
            Self::Log => "log",
            Self::Inbox => "inbox",
            Self::Test => "test",
            Self::Stub => "stub",
        }
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A provider took the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendReceipt {
    /// Who took it.
    pub provider: ProviderName,
    /// The vendor's id of the message, reduced to `[A-Za-z0-9_.:-]` and at most 64 characters.
    pub message_id: Option<String>,
    /// How many segments the vendor makes of it, where the reply says so.
    pub segments: Option<u8>,
    /// What the whole text costs, where the reply says so.
    pub price: Option<Price>,
}

impl SendReceipt {
    /// A receipt with the vendor's id; an id that is not id-like is left out rather than repeated.
    pub fn new(provider: ProviderName, id: Option<&str>) -> Self {
        Self { provider, message_id: id_like(id), segments: None, price: None }
    }

    /// The same receipt with a number of segments, if it is one.
    pub(crate) fn with_segments(self, segments: Option<&str>) -> Self {
        Self { segments: segments.and_then(segment_count), ..self }
    }

    /// A receipt with the vendor's id. A success without one is not understood, and so may have been none.
    pub(crate) fn with_id(provider: ProviderName, id: Option<&str>) -> Result<Self, SendError> {
        let receipt = Self::new(provider, id);
        if receipt.message_id.is_some() { Ok(receipt) } else { Err(SendError::new(FailureKind::Unknown)) }
    }
}

/// An id of a vendor's as it may be kept and shown; one that is not id-like is left out rather than repeated.
pub(crate) fn id_like(id: Option<&str>) -> Option<String> {
    let is_id_like = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b))
    };
    id.filter(is_id_like).map(str::to_owned)
}

/// A number of segments; a vendor that has not counted yet says 0.
pub(crate) fn segment_count(count: &str) -> Option<u8> {
    count.parse().ok().filter(|count| *count > 0)
}
