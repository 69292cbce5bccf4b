//! What one instance counted and closed is written to the store, and what all did is read from it.
//!
//! A batch of counts whose answer was lost may have been added or not. It is written again as it is, under its number,
//! before anything else is written or read.

use super::kept::stored;
use crate::domain::Timestamp;
use crate::guard::{Closing, ClosingChange};
use crate::relay::once::in_time;
use crate::relay::texting::Texting;
use crate::relay::texting::tallies::WINDOW_HOURS;
use crate::store::{Batch, StoreError, Tally};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// No text waits longer for what others have closed.
const REFRESH_WITHIN: Duration = Duration::from_millis(500);

/// How far this instance and the store know each other.
pub(super) struct Exchange {
    /// Since which hour all tallies are known.
    known_since: Option<i64>,
    /// Of the batch that was put together last.
    batch: Batch,
    /// What is in it, until it is surely written.
    unwritten: Vec<Tally>,
}

impl Default for Exchange {
    fn default() -> Self {
        let batch = Batch { writer: Uuid::new_v4().to_string(), number: 0, hour: 0 };
        Self { known_since: None, batch, unwritten: Vec::new() }
    }
}

impl Texting {
    /// Reads what others counted and closed; a store that fails or is slow keeps no text waiting.
    pub(super) async fn refresh(&self) {
        let read = async {
            let mut exchange = self.gate.exchange.lock().await;
            if !self.gate.is_stale() {
                return Ok(());
            }
            self.write_batch(&mut exchange).await?;
            self.read_all(&mut exchange.known_since).await
        };
        let read = tokio::time::timeout(REFRESH_WITHIN, read).await;
        self.gate.watch().read_at = Some(Instant::now());
        if let Err(error) = read.unwrap_or_else(|_| Err(StoreError::timed_out())) {
            self.ledger.failed(&error);
        }
    }

    /// Writes what was counted and closed here, reads what all did, and tells of it.
    pub(in crate::relay::texting) async fn exchange(&self) -> Result<(), StoreError> {
        let mut exchange = self.gate.exchange.lock().await;
        let exchanged = async {
            self.write_batch(&mut exchange).await?;
            exchange.unwritten = self.take_counts();
            exchange.batch.number += 1;
            exchange.batch.hour = Tally::hour_of(self.clock.now());
            self.write_batch(&mut exchange).await?;
            if !self.gate.is_off() {
                self.write_closings().await?;
            }
            if self.gate.is_off() && !self.sending().settings.adaptive {
                return Ok(());
            }
            self.read_all(&mut exchange.known_since).await
        };
        let exchanged = exchanged.await;
        self.gate.watch().read_at = Some(Instant::now());
        self.tell();
        exchanged
    }

    async fn write_batch(&self, exchange: &mut Exchange) -> Result<(), StoreError> {
        if !exchange.unwritten.is_empty() {
            in_time(self.ledger.store().tally(&exchange.unwritten, &exchange.batch)).await?;
            exchange.unwritten.clear();
        }
        Ok(())
    }

    /// Whether what others have learnt is wanted and not known yet.
    pub(in crate::relay::texting) async fn is_ignorant(&self) -> bool {
        self.sending().settings.adaptive && self.gate.exchange.lock().await.known_since.is_none()
    }

    async fn read_all(&self, known_since: &mut Option<i64>) -> Result<(), StoreError> {
        let (now, store) = (self.clock.now(), self.ledger.store());
        let hour = Tally::hour_of(now);
        // The first time all of it, and then what may have changed: this hour and the one before.
        let since = known_since.map_or(hour - WINDOW_HOURS, |known: i64| known - 1);
        let tallies = in_time(store.tallies(since)).await?;
        for (region, provider, chance) in self.odds.learn(&tallies, since, hour - WINDOW_HOURS) {
            self.metrics.provider_chance(provider, region, chance);
        }
        if !self.gate.is_off() {
            self.gate.absorb(&tallies, now);
            self.gate.absorb_closings(&in_time(store.closings()).await?, now);
        }
        *known_since = Some(hour);
        self.gate.watch().read_at = Some(Instant::now());
        Ok(())
    }

    async fn write_closings(&self) -> Result<(), StoreError> {
        let store = self.ledger.store();
        let mut changes = self.gate.guard.drain_closings().into_iter();
        while let Some(change) = changes.next() {
            let done = match &change {
                ClosingChange::Closed(closing) => in_time(store.close(&stored(closing))).await,
                ClosingChange::Opened(prefix) => in_time(store.open(&prefix.digits())).await.map(drop),
            };
            if let Err(error) = done {
                self.gate.guard.give_back_closings(std::iter::once(change).chain(changes).collect());
                return Err(error);
            }
            if let ClosingChange::Closed(Closing { prefix, reason, until, .. }) = &change {
                let (rule, until) = (reason.as_str(), until.map(Timestamp::to_rfc3339));
                tracing::warn!(
                    %prefix, rule, until, "codes to a prefix are asked for and not verified; it gets none for a while"
                );
            }
        }
        Ok(())
    }
}
