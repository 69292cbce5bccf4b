//! Why a send failed, in the few classes that decide what happens next.

use std::fmt;
use std::time::Duration;

/// The classes of failure that a caller acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The number cannot receive this text, whoever sends it.
    BadRecipient,
    /// The recipient opted out; sending through another provider would breach that wish.
    OptedOut,
    /// The provider refuses because of our account: credentials, sender, balance, request shape.
    Misconfigured,
    /// The provider refuses for now because of a limit; surely not sent.
    Throttled,
    /// The provider could not be reached or is down; surely not sent.
    Unavailable,
    /// The request was written and no verdict came back: it may have been sent.
    Unknown,
}

impl FailureKind {
    /// Every kind, for tables and metrics.
    pub const ALL: [Self; 6] = [
        Self::BadRecipient,
        Self::OptedOut,
        Self::Misconfigured,
        Self::Throttled,
        Self::Unavailable,
        Self::Unknown,
    ];

    /// The name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRecipient => "bad_recipient",
            Self::OptedOut => "opted_out",
            Self::Misconfigured => "misconfigured",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }

    /// Whether another provider may be tried: everywhere but where the recipient is the cause.
    pub fn allows_next_provider(self) -> bool {
        match self {
            Self::BadRecipient | Self::OptedOut => false,
            Self::Misconfigured | Self::Throttled | Self::Unavailable | Self::Unknown => true,
        }
    }

    /// Whether the failure says that the provider itself is in trouble; a refusal says that it works.
    pub fn blames_the_provider(self) -> bool {
        match self {
            Self::Unavailable | Self::Unknown => true,
            Self::BadRecipient | Self::OptedOut | Self::Misconfigured | Self::Throttled => false,
        }
    }

    /// Whether a text may have left in spite of the failure.
    pub fn may_have_sent(self) -> bool {
        match self {
            Self::Unknown => true,
            Self::BadRecipient
            | Self::OptedOut
            | Self::Misconfigured
            | Self::Throttled
            | Self::Unavailable => false,
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failed send. It holds no text of the vendor's: those repeat numbers, and sometimes the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{}", .code.as_ref().map(|code| format!(" (vendor code {code})")).unwrap_or_default())]
pub struct SendError {
    /// The class.
    pub kind: FailureKind,
    /// The vendor's own error code, for the operator to look up.
    pub code: Option<VendorCode>,
    /// How long the vendor asks us to wait.
    pub retry_after: Option<Duration>,
    /// What the operator can do about it, in our own words.
    pub hint: Option<&'static str>,
}

impl SendError {
    /// A failure of this kind and nothing else known.
    pub fn new(kind: FailureKind) -> Self {
        Self { kind, code: None, retry_after: None, hint: None }
    }

    /// Adds the vendor's code.
    pub fn with_code(mut self, code: impl fmt::Display) -> Self {
        self.code = VendorCode::new(code);
        self
    }

    /// Adds the wait that the vendor asked for.
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Adds a remedy for the operator.
    pub fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// A vendor's error code or name, reduced to what cannot carry a number or a text.
///
/// At most 40 characters of `[A-Za-z0-9_.:-]` and never more than five digits in a row, so a vendor
/// that answers with a phone number in place of a code does not bring it into a log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VendorCode(String);

impl VendorCode {
    /// Takes a code from a reply; `None` if it is empty or not code-like.
    pub fn new(code: impl fmt::Display) -> Option<Self> {
        let code = code.to_string();
        let longest_digit_run = code.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
        let code_like = (1..=40).contains(&code.len())
            && longest_digit_run <= 5
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b));
        code_like.then_some(Self(code))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VendorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_code_never_carries_a_number_or_a_sentence() {
        assert_eq!(VendorCode::new(21211).map(|code| code.to_string()), Some("21211".into()));
        assert_eq!(VendorCode::new("E01005").map(|code| code.to_string()), Some("E01005".into()));
        for unfit in ["", "447700900189", "123456", "invalid number +44 7700", "a/b", &"x".repeat(41)] {
            assert_eq!(VendorCode::new(unfit), None, "{unfit}");
        }
    }
}
