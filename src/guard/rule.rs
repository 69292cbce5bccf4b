//! The rules by name: what a decision says of itself.

use crate::domain::{RefuseReason, TooMany};

/// Why a text was let pass, noted or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Rule {
    /// `GUARD_ALLOW` has the number: it passes.
    AllowList,
    /// It would have been refused, but the number was verified in the last 90 days.
    VerifiedBefore,
    /// A landline, which many countries cannot text to; noted only.
    FixedLine,
    /// The prefix was blocked by hand.
    Blocked,
    /// The kind of number is in `SMS_NUMBER_TYPES_DENY`.
    NumberKind,
    /// The country is not in `SMS_COUNTRIES`, or in `SMS_COUNTRIES_DENY`.
    CountryList,
    /// Nobody has linked the number, and `GUARD_UNLINKED=deny`.
    Unlinked,
    /// Too many numbers of the prefix were asked for and not verified.
    Prefix,
    /// Consecutive numbers were asked for and not verified.
    Run,
    /// Too many codes of the country were not verified, in the last hour.
    CountryHour,
    /// The same, in the last day.
    CountryDay,
    /// Too many codes to unlinked numbers of the country were not verified, in the last hour.
    UnlinkedHour,
    /// The same, in the last day.
    UnlinkedDay,
    /// Too many codes asked for from one address were not verified, in the last hour.
    AddressHour,
    /// The same, in the last day.
    AddressDay,
    /// `SMS_DAILY_LIMIT` is reached.
    DailyLimit,
    /// `SMS_DAILY_SPEND` is reached.
    DailySpend,
    /// The number's last text is too fresh.
    NumberPause,
    /// The number had enough texts in ten minutes.
    Number10Min,
    /// The number had enough texts in 24 hours.
    NumberDay,
}

impl Rule {
    /// Every rule, for metrics.
    pub const ALL: [Self; 20] = [
        Self::AllowList,
        Self::VerifiedBefore,
        Self::FixedLine,
        Self::Blocked,
        Self::NumberKind,
        Self::CountryList,
        Self::Unlinked,
        Self::Prefix,
        Self::Run,
        Self::CountryHour,
        Self::CountryDay,
        Self::UnlinkedHour,
        Self::UnlinkedDay,
        Self::AddressHour,
        Self::AddressDay,
        Self::DailyLimit,
        Self::DailySpend,
        Self::NumberPause,
        Self::Number10Min,
        Self::NumberDay,
    ];

    /// The name in records, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowList => "allow_list",
            Self::VerifiedBefore => "verified_before",
            Self::FixedLine => "fixed_line",
            Self::Blocked => "blocked",
            Self::NumberKind => "number_kind",
            Self::CountryList => "country_list",
            Self::Unlinked => "unlinked",
            Self::Prefix => "prefix",
            Self::Run => "run",
            Self::CountryHour => "country_hour",
            Self::CountryDay => "country_day",
            Self::UnlinkedHour => "unlinked_hour",
            Self::UnlinkedDay => "unlinked_day",
            Self::AddressHour => "address_hour",
            Self::AddressDay => "address_day",
            Self::DailyLimit => "daily_limit",
            Self::DailySpend => "daily_spend",
            Self::NumberPause => "number_pause",
            Self::Number10Min => "number_per_10_min",
            Self::NumberDay => "number_per_day",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }

    /// What Neon is told if the rule refuses; `None` for one that never does.
    pub const fn reason(self) -> Option<RefuseReason> {
        match self {
            Self::AllowList | Self::VerifiedBefore | Self::FixedLine => None,
            Self::CountryList => Some(RefuseReason::CountryNotAllowed),
            Self::Blocked | Self::NumberKind | Self::Unlinked | Self::Prefix | Self::Run => {
                Some(RefuseReason::NumberNotAllowed)
            }
            Self::CountryHour
            | Self::CountryDay
            | Self::UnlinkedHour
            | Self::UnlinkedDay
            | Self::AddressHour
            | Self::AddressDay
            | Self::NumberPause
            | Self::Number10Min
            | Self::NumberDay => Some(RefuseReason::TooManyCodes),
            Self::DailyLimit | Self::DailySpend => Some(RefuseReason::SpendLimit),
        }
    }

    /// Whether it is about how often one number is texted.
    pub const fn is_pace(self) -> bool {
        matches!(self, Self::NumberPause | Self::Number10Min | Self::NumberDay)
    }

    /// Whether it refuses numbers, too, that were verified in the last 90 days.
    pub const fn holds_for_all(self) -> bool {
        self.is_pace() || matches!(self, Self::Blocked | Self::NumberKind)
    }
}

impl From<TooMany> for Rule {
    fn from(rule: TooMany) -> Self {
        match rule {
            TooMany::Pause => Self::NumberPause,
            TooMany::Per10Min => Self::Number10Min,
            TooMany::PerDay => Self::NumberDay,
        }
    }
}

/// Some of the rules; costs no allocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RuleSet(u32);

impl RuleSet {
    pub(super) fn add(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u8;
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// By the order of [`Rule`], the one first that says most.
    pub(super) fn iter(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.into_iter().filter(move |rule| self.0 & (1 << *rule as u8) != 0)
    }

    pub(super) fn filtered(self, wanted: impl Fn(Rule) -> bool) -> Self {
        let mut kept = Self::default();
        self.iter().filter(|rule| wanted(*rule)).for_each(|rule| kept.add(rule));
        kept
    }

    pub(super) fn names(self) -> Vec<String> {
        self.iter().map(|rule| rule.as_str().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it_in_the_order_of_the_rules() {
        let mut set = RuleSet::default();
        assert!(set.is_empty());
        for rule in [Rule::NumberDay, Rule::AllowList, Rule::Run] {
            set.add(rule);
        }
        assert_eq!(set.names(), ["allow_list", "run", "number_per_day"]);
        assert_eq!(set.filtered(Rule::holds_for_all).names(), ["number_per_day"]);
    }

    #[test]
    fn no_refusal_makes_neon_try_again() {
        for reason in Rule::ALL.into_iter().filter_map(Rule::reason) {
            assert_eq!(reason.problem().status, 422, "{reason:?}");
        }
    }

    #[test]
    fn what_a_store_says_of_a_number_is_a_rule_of_that_name() {
        for part in TooMany::ALL {
            assert_eq!(Rule::from(part).as_str(), part.as_str());
        }
    }

    #[test]
    fn each_name_stands_for_one_rule() {
        for (at, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!((rule as usize, Rule::from_name(rule.as_str())), (at, Some(rule)));
            assert!(Rule::ALL[..at].iter().all(|other| other.as_str() != rule.as_str()));
        }
    }
}
