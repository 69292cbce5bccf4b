//! Tallies in memory.

use super::{MemoryStore, StoreError};
use crate::store::{Tallies, Tally};
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

/// The counts by hour, kind, region and detail.
pub(super) type Counts = BTreeMap<(i64, String, String, String), i64>;

impl MemoryStore {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl Tallies for MemoryStore {
    async fn tally(&self, tallies: &[Tally]) -> Result<(), StoreError> {
        let mut counts = self.counts();
        for Tally { hour, kind, region, detail, count } in tallies.iter().cloned() {
            *counts.entry((hour, kind, region, detail)).or_default() += count;
        }
        Ok(())
    }

    async fn tallies(&self, since_hour: i64) -> Result<Vec<Tally>, StoreError> {
        let first = (since_hour, String::new(), String::new(), String::new());
        let tally = |((hour, kind, region, detail), count): (&(i64, String, String, String), &i64)| Tally {
            hour: *hour,
            kind: kind.clone(),
            region: region.clone(),
            detail: detail.clone(),
            count: *count,
        };
        Ok(self.counts().range(first..).map(tally).collect())
    }

    async fn forget_tallies(&self, before_hour: i64) -> Result<(), StoreError> {
        self.counts().retain(|(hour, ..), _| *hour >= before_hour);
        Ok(())
    }
}
