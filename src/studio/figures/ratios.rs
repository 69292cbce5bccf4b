//! How many first texts led to a verification, by vendor and country, by what the servers counted.

use crate::domain::{Region, Timestamp};
use crate::store::Tally;
use crate::studio::words;
use sms_providers::ProviderName;
use std::collections::{BTreeMap, BTreeSet};

/// What is of today.
const TODAY_HOURS: i64 = 24;

/// First texts whose codes are dead or typed, and those that were typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::studio) struct Count {
    /// All of them.
    pub ended: u64,
    /// That were typed.
    pub verified: u64,
}

impl Count {
    /// All that came to an end. A verification is told at once, the end of its code later.
    pub fn all(self) -> u64 {
        self.ended.max(self.verified)
    }

    /// The share that was typed.
    pub fn share(self) -> Option<f64> {
        words::share(self.verified, self.all())
    }

    fn plus(self, other: Self) -> Self {
        Self { ended: self.ended + other.ended, verified: self.verified + other.verified }
    }
}

/// Today, and the two weeks before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::studio) struct Ratio {
    /// The last two hours.
    pub lately: Count,
    /// The last 24 hours.
    pub today: Count,
    /// Before these.
    pub before: Count,
}

impl Ratio {
    fn plus(self, other: Self) -> Self {
        Self {
            lately: self.lately.plus(other.lately),
            today: self.today.plus(other.today),
            before: self.before.plus(other.before),
        }
    }

    /// By how much the share is below that of before; `None` where there is too little to compare.
    pub fn fall(now: Count, before: Count, at_least: u64) -> Option<f64> {
        let is_enough = now.all() >= at_least && before.all() >= at_least;
        Some(before.share()? - now.share()?).filter(|_| is_enough)
    }
}

/// All of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::studio) struct Ratios {
    cells: BTreeMap<(Option<Region>, ProviderName), Ratio>,
}

impl Ratios {
    pub(super) fn of(tallies: &[Tally], now: Timestamp) -> Self {
        let hour = Tally::hour_of(now);
        let mut cells: BTreeMap<_, Ratio> = BTreeMap::new();
        for tally in tallies {
            let provider = ProviderName::ALL.into_iter().find(|name| name.as_str() == tally.detail);
            let Some(provider) = provider else { continue };
            let count = u64::try_from(tally.count).unwrap_or_default();
            let counted = match tally.kind.as_str() {
                "first_ended" => Count { ended: count, verified: 0 },
                "first_verified" => Count { ended: 0, verified: count },
                _ => continue,
            };
            let cell = cells.entry((Region::from_iso(&tally.region), provider)).or_default();
            if tally.hour > hour - 2 {
                cell.lately = cell.lately.plus(counted);
            }
            let part = if tally.hour > hour - TODAY_HOURS { &mut cell.today } else { &mut cell.before };
            *part = part.plus(counted);
        }
        Self { cells }
    }

    /// The vendors, in the order of their names.
    pub fn vendors(&self) -> Vec<ProviderName> {
        let used = |name: &&ProviderName| self.cells.keys().any(|(_, provider)| provider == *name);
        ProviderName::ALL.iter().filter(used).copied().collect()
    }

    /// The countries, those with the most codes of today first.
    pub fn regions(&self) -> Vec<Option<Region>> {
        let all: BTreeSet<_> = self.cells.keys().map(|(region, _)| *region).collect();
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by_key(|region| std::cmp::Reverse(self.of_region(*region).today.all()));
        all
    }

    /// Of one vendor in one country.
    pub fn cell(&self, region: Option<Region>, vendor: ProviderName) -> Ratio {
        self.cells.get(&(region, vendor)).copied().unwrap_or_default()
    }

    /// Of a country, whoever sent.
    pub fn of_region(&self, region: Option<Region>) -> Ratio {
        self.sum(|(of, _)| *of == region)
    }

    /// Of a vendor, wherever to.
    pub fn of_vendor(&self, vendor: ProviderName) -> Ratio {
        self.sum(|(_, of)| *of == vendor)
    }

    fn sum(&self, is_meant: impl Fn(&(Option<Region>, ProviderName)) -> bool) -> Ratio {
        let meant = self.cells.iter().filter(|(key, _)| is_meant(key));
        meant.fold(Ratio::default(), |sum, (_, ratio)| sum.plus(*ratio))
    }
}
