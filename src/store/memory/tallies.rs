//! Tallies in memory.

use super::{MemoryStore, StoreError};
use crate::store::{Batch, Tallies, Tally};
use std::collections::{BTreeMap, HashMap};
use std::sync::{MutexGuard, PoisonError};

/// What was counted.
#[derive(Default)]
pub(super) struct Counts {
    /// By hour, kind, region and detail.
    counts: BTreeMap<(i64, String, String, String), i64>,
    /// The last batch of each writer, and its hour.
    written: HashMap<String, (i64, i64)>,
}

impl MemoryStore {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl Tallies for MemoryStore {
    async fn tally(&self, tallies: &[Tally], batch: &Batch) -> Result<(), StoreError> {
        let Counts { counts, written } = &mut *self.counts();
        let before = written.get(&batch.writer).map(|(number, _)| *number);
        if before.is_some_and(|number| number >= batch.number) {
            return Ok(());
        }
        written.insert(batch.writer.clone(), (batch.number, batch.hour));
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
        Ok(self.counts().counts.range(first..).map(tally).collect())
    }

    async fn forget_tallies(&self, before_hour: i64, kind: Option<&str>) -> Result<(), StoreError> {
        let Counts { counts, written } = &mut *self.counts();
        counts.retain(|(hour, of, ..), _| *hour >= before_hour || kind.is_some_and(|kind| kind != of));
        if kind.is_none() {
            written.retain(|_, (_, hour)| *hour >= before_hour);
        }
        Ok(())
    }
}
