//! The seam for status callbacks: whoever implements it must verify.

use crate::Report;
use std::time::SystemTime;

/// A callback request as it came in, before anything of it is believed.
#[derive(Debug)]
pub struct RawCallback<'a> {
    /// The public URL that the provider was given, with the query as it came, byte for byte: signatures cover
    /// bytes, and a URL that is parsed and written again is another one. Never from `Host`.
    pub url: &'a str,
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
    /// The signature is missing, as happens to this vendor: it asks for a 5xx and then sends a signed one.
    #[error("the callback is not signed yet")]
    NotYetSigned,
    /// The signature does not fit the request.
    #[error("the callback's signature is wrong")]
    WrongSignature,
    /// Signed too long ago, or in the future.
    #[error("the callback's signature is too old")]
    Stale,
    /// More fields than any vendor sends; not looked at.
    #[error("the callback has too many fields")]
    TooManyFields,
    /// Signed, and yet not understood.
    #[error("the callback is malformed")]
    Malformed,
    /// Signed, and about another text than the one whose address it came to.
    #[error("the callback is about another text")]
    Foreign,
}

impl RawCallback<'_> {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str())
    }

    /// The query without its question mark; empty if there is none.
    pub(crate) fn query(&self) -> &str {
        let (url, _fragment) = self.url.split_once('#').unwrap_or((self.url, ""));
        url.split_once('?').map_or("", |(_, query)| query)
    }
}

/// Verifies and reads the status callbacks of one provider.
///
/// There is no default body, so a provider that forgets to verify does not compile.
pub trait StatusCallback: Send + Sync {
    /// Checks the signature, then reads the status. `Ok(None)` is a callback that is about none of our texts, such
    /// as one about a text that came in. Nothing but the
    /// signature is looked for before it is found, and only bounded work is done before it holds.
    ///
    /// # Errors
    /// If the callback cannot be believed, or not be understood.
    fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<Option<Report>, CallbackError>;
}
