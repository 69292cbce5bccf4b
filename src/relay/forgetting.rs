//! What this process holds of numbers that somebody had erased.
//!
//! A store that sleeps while nobody needs it is asked only while codes are alive here; what is held beside them is
//! forgotten with the next of them.

use super::Relay;
use crate::domain::Timestamp;
use crate::relay::once::in_time;
use crate::store::{Forgotten, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How often the store is asked; below what is promised by as much as it may take.
const EVERY: Duration = Duration::from_secs(3);
/// How long it is announced that a number was erased: as long as any memory of it may last.
const ANNOUNCED_FOR: Duration = Duration::from_secs(25 * 3600);

impl Relay {
    /// Forgets what was erased, for ever.
    pub async fn heed_erasures(self: Arc<Self>) {
        loop {
            tokio::time::sleep(EVERY).await;
            if !self.texting.holds_codes() && !self.once.knows_numbers() {
                continue;
            }
            if let Err(error) = self.forget_erased().await {
                self.ledger.failed(&error);
            }
        }
    }

    async fn forget_erased(&self) -> Result<(), StoreError> {
        for Forgotten { recipient_hash, until } in in_time(self.ledger.store().forgotten()).await? {
            self.texting.forget_number(&recipient_hash, until);
            self.once.forget_number(&recipient_hash, until);
        }
        Ok(())
    }

    /// Ends announcements that everybody has heard.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forget_announcements(&self, now: Timestamp) -> Result<(), StoreError> {
        self.ledger.store().forget_announcements(now.minus(ANNOUNCED_FOR)).await
    }
}
