//! What became of a message after a provider took it.

use crate::codes::Resend;
use crate::provider::segment_count;
use crate::{CodeRow, CodeTable, FailureKind, Price, VendorCode};
use std::fmt;
use std::time::Duration;

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
    /// What the code says about another try, beyond its class.
    pub resend: Resend,
    /// How many segments were sent, where the vendor says so.
    pub segments: Option<u8>,
    /// What the whole text cost, where the vendor says so.
    pub price: Option<Price>,
}

impl StatusUpdate {
    /// A report of this status and nothing else.
    pub fn new(status: DeliveryStatus) -> Self {
        let (code, kind, hint, resend) = (None, None, None, Resend::default());
        Self { status, code, kind, hint, resend, segments: None, price: None }
    }

    /// A report with the vendor's code, if it has one, and what `table` says about it.
    pub fn with_code(self, code: Option<&str>, table: &CodeTable) -> Self {
        self.with_row(code, code.and_then(|code| table.find(code)))
    }

    /// A report with the vendor's code, if it has one, and with what its line says.
    pub(crate) fn with_row(self, code: Option<&str>, row: Option<&CodeRow>) -> Self {
        let code = code.and_then(VendorCode::new);
        let (kind, hint) = (row.map(|row| row.kind), row.and_then(|row| row.hint));
        Self { code, kind, hint, resend: row.map(|row| row.resend).unwrap_or_default(), ..self }
    }

    /// The same with the number of segments and the price, if they are such.
    pub(crate) fn with_bill(self, segments: Option<&str>, price: Option<Price>) -> Self {
        Self { segments: segments.and_then(segment_count), price, ..self }
    }

    /// How much of the code's life has to be left for a text through another provider to be of use; `None` if
    /// it never is: nothing failed, the text was too late, or the number, its owner or fraud is the cause.
    pub fn worth_resending(&self) -> Option<Duration> {
        let has_failed = matches!(self.status, DeliveryStatus::Undelivered | DeliveryStatus::Failed);
        let anybody_else_may = match self.kind {
            Some(FailureKind::BadRecipient | FailureKind::OptedOut | FailureKind::FraudHeld) => false,
            Some(
                FailureKind::Unreachable
                | FailureKind::Misconfigured
                | FailureKind::Throttled
                | FailureKind::Unavailable
                | FailureKind::Unknown,
            )
            | None => true,
        };
        let life = match self.resend {
            Resend::ByClass => Some(Duration::from_secs(30)),
            Resend::Patiently => Some(Duration::from_secs(60)),
            Resend::Never => None,
        };
        life.filter(|_| has_failed && anybody_else_may)
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryStatus::{self, *};
    use super::StatusUpdate;
    use crate::codes::CodeTable;
    use crate::{messagebird, twilio, vonage};

    #[test]
    fn a_text_that_failed_is_worth_another_one_where_another_provider_can_do_better() {
        let seconds = |status, code: &str, table: &CodeTable| {
            let code = Some(code).filter(|code| !code.is_empty());
            let update = StatusUpdate::new(status).with_code(code, table);
            update.worth_resending().map(|life| life.as_secs())
        };
        let holds = |table: &CodeTable, expected: [(&str, Option<u64>); 3]| {
            for (codes, life) in expected {
                for code in codes.split(' ') {
                    assert_eq!(seconds(Undelivered, code, table), life, "{} {code}", table.title);
                }
            }
        };
        let again = "30001 30003 30006 30007 30008 30017 30020 30021 30022 30023 30024 30034 30410 30500";
        holds(
            &twilio::CODES,
            [(again, Some(30)), ("", Some(30)), ("30004 21610 30630 30005 21614 21635 30450 30485", None)],
        );
        holds(
            &vonage::SMS_REPORT_CODES,
            [("1 6 8 10 11 12 14 50 51 52 53 54 99", Some(30)), ("2 7", Some(60)), ("3 4 9 13 15", None)],
        );
        holds(
            &vonage::MESSAGES_CODES,
            [("", Some(30)), ("1260 1030", Some(30)), ("1190 1240 1170 1470 1320 1490", None)],
        );
        holds(
            &messagebird::CLASSIC_REPORT_CODES,
            [("0 34", Some(30)), ("8 26 27 31", Some(60)), ("1 2 3 5 9 10 11 12", None)],
        );
        for status in [Accepted, Sent, Delivered, Expired] {
            assert_eq!(seconds(status, "", &twilio::CODES), None, "{status}");
        }
    }

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
