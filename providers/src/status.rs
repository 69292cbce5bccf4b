//! What became of a message after a provider took it.

use crate::{CodeTable, FailureKind, VendorCode};
use std::fmt;

/// The delivery status of a message, in the order in which it can only rise.
///
/// Reports come late, doubled and out of order, so a lower status never replaces a higher one, and
/// the first final status stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeliveryStatus {
    /// The provider has the message.
    Accepted,
    /// The message was handed to the carrier.
    Sent,
    /// The handset has the message. Final.
    Delivered,
    /// The carrier or the handset did not take it. Final.
    Undelivered,
    /// It never left, or nobody knows more. Final.
    Failed,
    /// Its validity was over before it could be delivered. Final.
    Expired,
}

impl DeliveryStatus {
    /// Every status, lowest first.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::Sent, Self::Delivered, Self::Undelivered, Self::Failed, Self::Expired];

    /// The name in logs, metrics and stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        match self {
            Self::Delivered | Self::Undelivered | Self::Failed | Self::Expired => true,
            Self::Accepted | Self::Sent => false,
        }
    }

    /// Whether `next` may replace this status.
    pub fn may_become(self, next: Self) -> bool {
        !self.is_final() && next > self
    }
}

impl fmt::Display for DeliveryStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One status report of a provider, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusUpdate {
    /// The new status.
    pub status: DeliveryStatus,
    /// The vendor's code of a failure.
    pub code: Option<VendorCode>,
    /// The class of the failure, where the code is listed: the same as in the reply to a send.
    pub kind: Option<FailureKind>,
    /// What the operator can do about it.
    pub hint: Option<&'static str>,
    /// Our reference of the text, where the signature covers what the report says and not where it was sent.
    /// Whoever takes reports must hold it against the address.
    pub reference: Option<String>,
}

impl StatusUpdate {
    /// A report of this status and nothing else.
    pub fn new(status: DeliveryStatus) -> Self {
        Self { status, code: None, kind: None, hint: None, reference: None }
    }

    /// A report with the vendor's code, if it has one, and what `table` says about it.
    pub fn with_code(self, code: Option<&str>, table: &CodeTable) -> Self {
        let row = code.and_then(|code| table.find(code));
        let code = code.and_then(VendorCode::new);
        Self { code, kind: row.map(|row| row.kind), hint: row.and_then(|row| row.hint), ..self }
    }

    /// A report about the text of this reference.
    pub fn about(self, reference: Option<String>) -> Self {
        Self { reference, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryStatus::{self, *};

    #[test]
    fn every_status_is_found_again_by_its_name() {
        for status in DeliveryStatus::ALL {
            assert_eq!(DeliveryStatus::from_name(status.as_str()), Some(status));
        }
    }

    #[test]
    fn a_late_lower_status_changes_nothing_and_the_first_final_one_stays() {
        assert!(Accepted.may_become(Sent) && Accepted.may_become(Failed) && Sent.may_become(Delivered));
        assert!(Sent.may_become(Undelivered) && Accepted.may_become(Expired));
        for (from, to) in [
            (Sent, Accepted),
            (Delivered, Sent),
            (Delivered, Failed),
            (Failed, Delivered),
            (Undelivered, Failed),
            (Failed, Expired),
            (Sent, Sent),
        ] {
            assert!(!from.may_become(to), "{from} → {to}");
        }
    }
}
