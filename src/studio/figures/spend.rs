//! What texts cost, as far as vendors told their prices.

use crate::domain::Timestamp;
use crate::store::Tally;
use sms_providers::ProviderName;
use std::collections::BTreeMap;

/// What one vendor was paid in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::studio) struct Spend {
    /// Whom.
    pub vendor: ProviderName,
    /// In which currency.
    pub currency: String,
    /// Since midnight UTC, in millionths.
    pub today: i64,
    /// In the 24 hours, in millionths.
    pub day: i64,
    /// Texts of these 24 hours whose price is known.
    pub texts: u64,
}

/// Of the last 24 hours, by vendor and currency.
pub(super) fn of(tallies: &[Tally], now: Timestamp) -> Vec<Spend> {
    let hour = Tally::hour_of(now);
    let midnight = hour - hour.rem_euclid(24);
    let mut spends: BTreeMap<_, Spend> = BTreeMap::new();
    for tally in tallies.iter().filter(|tally| tally.hour > hour - 24) {
        let Some((name, currency)) = tally.detail.split_once(' ') else { continue };
        let Some(vendor) = ProviderName::ALL.into_iter().find(|vendor| vendor.as_str() == name) else {
            continue;
        };
        let is_price = tally.kind == "price";
        if !is_price && tally.kind != "priced" {
            continue;
        }
        let spend = spends.entry((vendor, currency)).or_insert_with(|| Spend {
            vendor,
            currency: currency.to_owned(),
            today: 0,
            day: 0,
            texts: 0,
        });
        if is_price {
            spend.day += tally.count;
            spend.today += if tally.hour >= midnight { tally.count } else { 0 };
        } else {
            spend.texts += u64::try_from(tally.count).unwrap_or_default();
        }
    }
    spends.into_values().collect()
}
