//! One text: a request to a provider, as callbacks, stores and people name it.

use super::DeliveryRef;
use sms_providers::DeliveryStatus;
use std::fmt;

/// Which text: the delivery that it belongs to and the number of the request, from 1. Written
/// `{delivery_ref}-{number}`, in callback URLs and in the providers' own reference fields.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextRef {
    /// The delivery.
    pub delivery: DeliveryRef,
    /// Which request about it.
    pub number: u8,
}

impl TextRef {
    /// Takes a reference from a URL or a report.
    pub fn parse(text: &str) -> Option<Self> {
        let (delivery, number) = text.rsplit_once('-')?;
        let written_plainly = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
        let number = number.parse().ok().filter(|_| written_plainly)?;
        Some(Self { delivery: DeliveryRef::parse(delivery)?, number })
    }
}

impl fmt::Display for TextRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.delivery, self.number)
    }
}

/// What is known of a text that may have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextStatus {
    /// What its provider said last.
    Reported(DeliveryStatus),
    /// Its user typed the code. Stands above all that a provider can say.
    Verified,
}

impl TextStatus {
    const VERIFIED: &'static str = "verified";

    /// The name in stores and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reported(status) => status.as_str(),
            Self::Verified => Self::VERIFIED,
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            Self::VERIFIED => Some(Self::Verified),
            name => DeliveryStatus::from_name(name).map(Self::Reported),
        }
    }

    /// Whether a report of `next` changes anything.
    pub fn may_become(self, next: DeliveryStatus) -> bool {
        match self {
            Self::Reported(status) => status.may_become(next),
            Self::Verified => false,
        }
    }

    /// Whether nothing else is to be heard of the text.
    pub fn is_final(self) -> bool {
        match self {
            Self::Reported(status) => status.is_final(),
            Self::Verified => true,
        }
    }

    /// Whether the text is known not to have arrived.
    pub fn is_failure(self) -> bool {
        match self {
            Self::Reported(status) => status.is_final() && status != DeliveryStatus::Delivered,
            Self::Verified => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_as_it_is_written_and_in_no_other_way() {
        let text =
            TextRef { delivery: DeliveryRef::new(crate::domain::Timestamp::from_millis(0)), number: 2 };
        assert_eq!(TextRef::parse(&text.to_string()), Some(text.clone()));
        for bad in ["", "2", "-", "-02", "-0", "-+2", "-256", "-1-1", "-２"] {
            assert_eq!(TextRef::parse(&format!("{}{bad}", text.delivery)), None, "{bad}");
        }
        assert_eq!(TextRef::parse("../../etc/passwd-1"), None);
    }

    #[test]
    fn a_verification_stands_above_all_reports_and_every_status_is_found_by_its_name() {
        let reported = DeliveryStatus::ALL.map(TextStatus::Reported);
        for status in reported.into_iter().chain([TextStatus::Verified]) {
            assert_eq!(TextStatus::from_name(status.as_str()), Some(status));
            assert!(!TextStatus::Verified.may_become(DeliveryStatus::Failed));
        }
    }
}
