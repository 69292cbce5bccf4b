//! Whether a text led to a verification, told to the vendor that sent it.
//!
//! Vendors choose their routes by it. Nobody waits for it: it is said in the background, once, and what becomes of
//! it is for a log.

use crate::client::VendorReply;
use crate::verdict::{Verdict, judge};
use crate::{ProviderName, SendError, SendReceipt};
use std::time::SystemTime;

/// A vendor that listens to what became of its texts.
#[async_trait::async_trait]
pub trait ConversionFeedback: Send + Sync {
    /// Whose texts these are.
    fn name(&self) -> ProviderName;

    /// Tells the vendor once.
    ///
    /// # Errors
    /// If the vendor does not take it. It says nothing about the text.
    async fn tell(&self, conversion: &Conversion) -> Result<(), SendError>;
}

/// What became of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The vendor's id of the text, as in its receipt.
    pub message_id: String,
    /// Whether the recipient got in with it.
    pub verified: bool,
    /// When they did, or when it was clear that they would not.
    pub at: SystemTime,
}

/// The verdict of a reply whose success says nothing more. What a refusal means is what it means after a send.
pub(crate) fn told(
    reply: &VendorReply,
    provider: ProviderName,
    read: impl FnOnce(&VendorReply) -> Verdict,
) -> Result<(), SendError> {
    let verdict = judge(reply, |reply| match reply.status.is_success() {
        true => Ok(SendReceipt::new(provider, None)),
        false => read(reply),
    });
    verdict.map(|_receipt| ())
}
