//! What became of a message after a provider took it.

use crate::codes::Resend;
use crate::provider::segment_count;
use crate::{CodeRow, CodeTable, FailureKind, Price, VendorCode};
use std::fmt;
use std::time::Duration;

/// The delivery status of a message, in the order in which it can only rise.
///
/// Reports come late, doubled and out of order, so a lower status never replaces a higher one, and
/// the first final status stays, unless the handset turns out to have the message after all.
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
        match (self, next) {
            (Self::Delivered, _) => false,
            // A carrier that gives up may be overtaken by the handset.
            (_, Self::Delivered) => true,
            _ => !self.is_final() && next > self,
        }
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
    use crate::codes::{CodeRow, CodeTable};
    use crate::{messagebird, twilio, vonage};

    /// How much life a failure has to leave for another text to be of use, by its code; in seconds.
    fn life(status: DeliveryStatus, code: Option<&str>, table: &CodeTable) -> Option<u64> {
        StatusUpdate::new(status).with_code(code, table).worth_resending().map(|life| life.as_secs())
    }

    /// Holds every code of a table to one of three answers: never, only if a minute is left, or at once.
    fn holds(table: &CodeTable, never: &str, patiently: &str) {
        let entries = || table.rows.iter().flat_map(CodeRow::entries);
        for listed in never.split_whitespace().chain(patiently.split_whitespace()) {
            assert!(entries().any(|entry| entry == listed), "{} has no {listed}", table.title);
        }
        for entry in entries() {
            let is_in = |codes: &str| codes.split_whitespace().any(|code| code == entry);
            let expected = match (is_in(never), is_in(patiently)) {
                (true, _) => None,
                (_, true) => Some(60),
                _ => Some(30),
            };
            // A range is asked by its first code, one about a subject by its code and subject.
            let code = entry.split_once('-').filter(|(first, _)| first.parse::<u32>().is_ok());
            let code = code.map_or(entry, |(first, _)| first);
            for status in [Undelivered, Failed] {
                assert_eq!(life(status, Some(code), table), expected, "{} {entry}", table.title);
            }
            for status in [Accepted, Sent, Delivered, Expired] {
                assert_eq!(life(status, Some(code), table), None, "{} {entry} {status}", table.title);
            }
        }
        assert_eq!(life(Undelivered, None, table), Some(30), "{}: no code", table.title);
        assert_eq!(life(Undelivered, Some("news"), table), Some(30), "{}: a code of tomorrow", table.title);
    }

    #[test]
    fn a_text_that_twilio_lost_is_worth_another_one_unless_the_number_its_owner_or_fraud_is_the_cause() {
        let (numbers, owners) = ("21211 21217 21265 21266 21614 21635 30005", "21610 30630 30004");
        holds(&twilio::CODES, &format!("{numbers} {owners} 21268 30450 30453 30485"), "");
    }

    #[test]
    fn a_text_that_vonage_lost_is_worth_another_one_unless_the_number_its_owner_or_fraud_is_the_cause() {
        holds(&vonage::SMS_REPORT_CODES, "3 9 4 13 15", "2 7");
        let numbers = "1050 1170 1190 1290 1300 1310 1430 1431 110";
        let arrived = "1320 1490";
        holds(
            &vonage::MESSAGES_CODES,
            &format!("{numbers} 1240 1470 1472 1473 1474 1475 2001 {arrived}"),
            "",
        );
    }

    #[test]
    fn a_text_that_bird_lost_is_worth_another_one_unless_the_number_or_its_owner_is_the_cause() {
        holds(&messagebird::CLASSIC_REPORT_CODES, "1 2 3 5 9 10 11 12", "8 26 27 31");
        holds(&messagebird::CHANNELS_CODES, "15005", "");
        let numbers = "SMSInvalidRecipient invalid_destination landline_unreachable";
        let owners = "SMSRecipientOptedOut recipient_opted_out blocked_by_recipient";
        holds(&messagebird::V1_CODES, &format!("{numbers} {owners}"), "");
    }

    #[test]
    fn every_status_is_found_again_by_its_name() {
        for status in DeliveryStatus::ALL {
            assert_eq!(DeliveryStatus::from_name(status.as_str()), Some(status));
        }
    }

    #[test]
    fn a_late_lower_status_changes_nothing_and_the_first_final_one_stays_unless_it_arrived_after_all() {
        assert!(Accepted.may_become(Sent) && Accepted.may_become(Failed) && Sent.may_become(Delivered));
        assert!(Sent.may_become(Undelivered) && Accepted.may_become(Expired));
        assert!([Failed, Undelivered, Expired].iter().all(|failure| failure.may_become(Delivered)));
        for (from, to) in [
            (Sent, Accepted),
            (Delivered, Sent),
            (Delivered, Failed),
            (Delivered, Delivered),
            (Failed, Sent),
            (Undelivered, Failed),
            (Failed, Expired),
            (Sent, Sent),
        ] {
            assert!(!from.may_become(to), "{from} → {to}");
        }
    }
}
