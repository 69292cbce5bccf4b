//! What became of a message after a provider took it.

use crate::VendorCode;
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
    /// It never will have. Final.
    Failed,
}

impl DeliveryStatus {
    /// The name in logs, metrics and stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Accepted, Self::Sent, Self::Delivered, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == name)
    }

    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        match self {
            Self::Delivered | Self::Failed => true,
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
}

#[cfg(test)]
mod tests {
    use super::DeliveryStatus::*;

    #[test]
    fn a_late_lower_status_changes_nothing_and_the_first_final_one_stays() {
        assert!(Accepted.may_become(Sent) && Accepted.may_become(Failed) && Sent.may_become(Delivered));
        for (from, to) in
            [(Sent, Accepted), (Delivered, Sent), (Delivered, Failed), (Failed, Delivered), (Sent, Sent)]
        {
            assert!(!from.may_become(to), "{from} → {to}");
        }
    }
}
