//! What a number is used for, by Google's libphonenumber metadata.

use super::possible::parsed;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType};
use sms_providers::PhoneNumber;

/// What a number is used for. A mobile number and one that may be either are both `Mobile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberKind {
    /// A mobile, or not to be told from one, as in North America.
    Mobile,
    /// A landline; some countries text to those too.
    FixedLine,
    /// The caller pays a third party.
    PremiumRate,
    /// The caller pays a part.
    SharedCost,
    /// The called party pays.
    TollFree,
    /// Internet telephony.
    Voip,
    /// Follows a person.
    Personal,
    /// A pager.
    Pager,
    /// A company's number for all its places.
    Uan,
    /// Somebody's voicemail.
    Voicemail,
    /// Of a range that the metadata does not know.
    Unknown,
}

impl NumberKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Mobile,
        Self::FixedLine,
        Self::PremiumRate,
        Self::SharedCost,
        Self::TollFree,
        Self::Voip,
        Self::Personal,
        Self::Pager,
        Self::Uan,
        Self::Voicemail,
        Self::Unknown,
    ];

    /// What `number` is used for.
    pub fn of(number: &PhoneNumber) -> Self {
        let Ok(parsed) = parsed(number) else { return Self::Unknown };
        match PHONE_NUMBER_UTIL.get_number_type(&parsed) {
            PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile => Self::Mobile,
            PhoneNumberType::FixedLine => Self::FixedLine,
            PhoneNumberType::PremiumRate => Self::PremiumRate,
            PhoneNumberType::SharedCost => Self::SharedCost,
            PhoneNumberType::TollFree => Self::TollFree,
            PhoneNumberType::VoIP => Self::Voip,
            PhoneNumberType::PersonalNumber => Self::Personal,
            PhoneNumberType::Pager => Self::Pager,
            PhoneNumberType::UAN => Self::Uan,
            PhoneNumberType::VoiceMail => Self::Voicemail,
            PhoneNumberType::Unknown => Self::Unknown,
        }
    }

    /// The name in settings and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::FixedLine => "fixed_line",
            Self::PremiumRate => "premium_rate",
            Self::SharedCost => "shared_cost",
            Self::TollFree => "toll_free",
            Self::Voip => "voip",
            Self::Personal => "personal",
            Self::Pager => "pager",
            Self::Uan => "uan",
            Self::Voicemail => "voicemail",
            Self::Unknown => "unknown",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart_where_the_metadata_knows_the_range() {
        for (number, kind) in [
            ("+12025550123", "mobile"),
            ("+4915112345678", "mobile"),
            ("+493012345678", "fixed_line"),
            ("+18005551234", "toll_free"),
            ("+19002345678", "premium_rate"),
            ("+15551234567", "unknown"),
            ("+80012345678", "toll_free"),
        ] {
            assert_eq!(NumberKind::of(&number.parse().unwrap()).as_str(), kind, "{number}");
        }
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in NumberKind::ALL {
            assert_eq!(NumberKind::from_name(kind.as_str()), Some(kind));
        }
        assert_eq!(NumberKind::from_name("satellite"), None);
    }
}
