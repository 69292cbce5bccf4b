//! What is believed of providers now, for somebody who looks and sends nothing.

use super::odds::{Chance, Odds};
use super::tallies::WINDOW_HOURS;
use crate::domain::{Region, Timestamp};
use crate::store::{StoreError, Tallies, Tally};
use sms_providers::ProviderName;

/// What all instances that share a store have learnt.
pub struct Standing(Odds);

impl Standing {
    /// Reads it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn read(store: &(impl Tallies + ?Sized), now: Timestamp) -> Result<Self, StoreError> {
        let oldest = Tally::hour_of(now) - WINDOW_HOURS;
        let odds = Odds::default();
        odds.learn(&store.tallies(oldest).await?, oldest, oldest);
        Ok(Self(odds))
    }

    /// Where anything is known; `None` stands for numbers of no country.
    pub fn regions(&self) -> Vec<Option<Region>> {
        self.0.regions()
    }

    /// What speaks for each of these in a country; the best one first.
    pub fn chances(&self, region: Option<Region>, providers: &[ProviderName]) -> Vec<Chance> {
        self.0.chances(region, providers)
    }
}
