//! The seam for status callbacks: whoever implements it must verify.

use crate::StatusUpdate;
use std::time::SystemTime;
use url::Url;

/// A callback request as it came in, before anything of it is believed.
#[derive(Debug)]
pub struct RawCallback<'a> {
    /// The public URL that the provider was given, with the query that it sent; never from `Host`.
    pub url: &'a Url,
    /// Header names in lower case, and values.
    pub headers: &'a [(String, String)],
    /// The raw body.
    pub body: &'a [u8],
}

/// Why a callback was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The signature is missing.
    #[error("the callback is not signed")]
    Unsigned,
    /// The signature does not fit the request.
    #[error("the callback's signature is wrong")]
    WrongSignature,
    /// Signed too long ago, or in the future.
    #[error("the callback's signature is too old")]
    Stale,
    /// Signed, and yet not understood.
    #[error("the callback is malformed")]
    Malformed,
}

/// Verifies and reads the status callbacks of one provider.
///
/// There is no default body, so a provider that forgets to verify does not compile.
pub trait StatusCallback: Send + Sync {
    /// Checks the signature, then reads the status. `Ok(None)` is a report without news for us.
    fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<Option<StatusUpdate>, CallbackError>;
}
