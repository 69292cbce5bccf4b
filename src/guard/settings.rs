//! What the operator decides about the guard.

use super::budget::BudgetRules;
use super::digits::Prefix;
use super::money::Prices;
use super::number::pace;
use crate::domain::{NumberKind, Pace, Region};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// What becomes of a decision (`GUARD`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// It holds.
    #[default]
    Enforce,
    /// It is noted, and every text is sent.
    Record,
    /// There is none.
    Off,
}

/// What numbers get that nobody has linked (`GUARD_UNLINKED`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unlinked {
    /// No text.
    Deny,
    /// A share of what their country gets, above 0 and at most 1.
    Share(f64),
}

/// `GUARD`, `GUARD_…`, `SMS_COUNTRIES`, `SMS_COUNTRIES_DENY`, `SMS_NUMBER_TYPES_DENY`, `SMS_DAILY_…` and
/// `SMS_PRICE…`.
#[derive(Debug, Clone)]
pub struct GuardSettings {
    /// Whether decisions hold.
    pub mode: Mode,
    /// The only countries that are sent to; `None` is all.
    pub countries: Option<HashSet<Region>>,
    /// Countries that are not sent to.
    pub countries_deny: HashSet<Region>,
    /// Kinds of numbers that are not sent to.
    pub kinds_deny: HashSet<NumberKind>,
    /// How often one number is texted.
    pub pace: Arc<Pace>,
    /// What unlinked numbers get.
    pub unlinked: Unlinked,
    /// Texts a day, by UTC.
    pub daily_limit: Option<u64>,
    /// Millionths of the prices' currency a day, by UTC.
    pub daily_spend: Option<i64>,
    /// What a text costs until its price is reported.
    pub prices: Option<Prices>,
    /// Numbers and prefixes that always pass.
    pub allow: Vec<Prefix>,
    /// Whether events name users' own addresses.
    pub by_address: bool,
    /// How budgets follow from what is verified.
    pub budgets: BudgetRules,
}

/// Kinds that nobody signs in with, and that cost most.
pub const KINDS_DENIED: [NumberKind; 6] = [
    NumberKind::PremiumRate,
    NumberKind::SharedCost,
    NumberKind::TollFree,
    NumberKind::Pager,
    NumberKind::Voicemail,
    NumberKind::Uan,
];

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            countries: None,
            countries_deny: HashSet::new(),
            kinds_deny: HashSet::from(KINDS_DENIED),
            pace: Arc::new(pace(Duration::from_secs(30), 5, 10)),
            unlinked: Unlinked::default(),
            daily_limit: None,
            daily_spend: None,
            prices: None,
            allow: Vec::new(),
            by_address: false,
            budgets: BudgetRules::default(),
        }
    }
}

impl Default for Unlinked {
    fn default() -> Self {
        Self::Share(0.25)
    }
}

impl Mode {
    /// The word in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Record => "record",
            Self::Off => "off",
        }
    }
}

impl GuardSettings {
    /// Whether a country is on the lists that let it pass; a number of no country is on none.
    pub(super) fn allows_country(&self, region: Option<Region>) -> bool {
        let listed = |list: &HashSet<Region>| region.is_some_and(|region| list.contains(&region));
        self.countries.as_ref().is_none_or(listed) && !listed(&self.countries_deny)
    }

    /// The share of the base that unlinked numbers live by.
    pub(super) fn unlinked_share(&self) -> f64 {
        match self.unlinked {
            Unlinked::Deny => 0.0,
            Unlinked::Share(share) => share,
        }
    }
}
