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
    /// The provider holds the text for fraud; to pay another one for it would be the wrong answer.
    FraudHeld,
    /// This provider or this sender cannot reach the number or its country; surely not sent, and another one
    /// may.
    Unreachable,
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
    pub const ALL: [Self; 8] = [
        Self::BadRecipient,
        Self::OptedOut,
        Self::FraudHeld,
        Self::Unreachable,
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
            Self::FraudHeld => "fraud_held",
            Self::Unreachable => "unreachable",
            Self::Misconfigured => "misconfigured",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }

    /// Whether another provider may be tried.
    ///
    /// That a number is invalid is one provider's judgement, and its list of ranges may be older than the
    /// number; so it asks for a second opinion, see [`wants_a_second_opinion`](Self::wants_a_second_opinion).
    pub fn allows_next_provider(self) -> bool {
        match self {
            Self::OptedOut | Self::FraudHeld => false,
            Self::BadRecipient
            | Self::Unreachable
            | Self::Misconfigured
            | Self::Throttled
            | Self::Unavailable
            | Self::Unknown => true,
        }
    }

    /// Whether it is final once two providers say so.
    pub fn wants_a_second_opinion(self) -> bool {
        self == Self::BadRecipient
    }

    /// Whether the failure says that the provider itself is in trouble; a refusal says that it works.
    pub fn blames_the_provider(self) -> bool {
        match self {
            Self::Unavailable | Self::Unknown => true,
            Self::BadRecipient
            | Self::OptedOut
            | Self::FraudHeld
            | Self::Unreachable
            | Self::Misconfigured
            | Self::Throttled => false,
        }
    }

    /// Whether a text may have left in spite of the failure.
    pub fn may_have_sent(self) -> bool {
        match self {
            Self::Unknown => true,
            Self::BadRecipient
            | Self::OptedOut
            | Self::FraudHeld
            | Self::Unreachable
            | Self::Misconfigured
            | Self::Throttled
            | Self::Unavailable => false,
        }
    }

    /// What the operator can do about it where the vendor's code says no more.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::BadRecipient => "the number cannot receive texts; check how it is written",
            Self::OptedOut => {
                "the recipient replied STOP or is on a block list; only they can undo it, by START to the same sender"
            }
            Self::FraudHeld => "held as fraud; look at the vendor's fraud settings and at who asks for codes",
            Self::Unreachable => {
                "use a sender that is allowed in the number's country, or name another vendor in SMS_PROVIDER"
            }
            Self::Misconfigured => "look the vendor's code up in its documentation, and check its variables",
            Self::Throttled => "wait, or ask the vendor for a higher limit",
            Self::Unavailable => "check the network and the vendor's status page, and its …_BASE_URL if set",
            Self::Unknown => "the text may have left: look into the vendor's log before sending again",
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
    /// The HTTP status of the vendor's reply, if there was one.
    pub http_status: Option<u16>,
}

impl SendError {
    /// A failure of this kind and nothing else known.
    pub fn new(kind: FailureKind) -> Self {
        Self { kind, code: None, retry_after: None, hint: None, http_status: None }
    }

    /// Adds the vendor's code.
    pub fn with_code(mut self, code: impl fmt::Display) -> Self {
        self.code = VendorCode::new(code);
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
    fn every_kind_has_a_remedy_and_only_a_missing_verdict_may_have_sent() {
        for kind in FailureKind::ALL {
            assert!(!kind.remedy().is_empty());
            assert_eq!(kind.may_have_sent(), kind == FailureKind::Unknown, "{kind}");
        }
    }

    #[test]
    fn a_vendor_code_never_carries_a_number_or_a_sentence() {
        assert_eq!(VendorCode::new(21211).map(|code| code.to_string()), Some("21211".into()));
        assert_eq!(VendorCode::new("E01005").map(|code| code.to_string()), Some("E01005".into()));
        for unfit in ["", "447700900189", "123456", "invalid number +44 7700", "a/b", &"x".repeat(41)] {
            assert_eq!(VendorCode::new(unfit), None, "{unfit}");
        }
    }
}
