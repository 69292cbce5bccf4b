//! What this process holds of numbers that somebody had erased.
//!
//! A store that sleeps while nobody needs it is not woken for that: it is asked while codes are alive here, and what
//! is held beside them is forgotten with the next text.

use super::Relay;
use crate::domain::{Clock, Timestamp};
use crate::relay::once::in_time;
use crate::store::{Forgotten, StoreError};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// How often the store is asked; below what is promised by as much as it may take.
const EVERY: Duration = Duration::from_secs(3);
/// How long it is announced that a number was erased: as long as any memory of it may last.
const ANNOUNCED_FOR: Duration = Duration::from_secs(25 * 3600);

impl Relay {
    /// Forgets what was erased, for ever.
    pub async fn heed_erasures(self: Arc<Self>, clock: Arc<dyn Clock>) {
        let mut heard = HashSet::new();
        loop {
            tokio::time::sleep(EVERY).await;
            if !self.has_to_listen() {
                continue;
            }
            if let Err(error) = self.forget_erased(&mut heard, clock.now()).await {
                self.ledger.failed(&error);
            }
        }
    }

    fn has_to_listen(&self) -> bool {
        let may_ask = !self.ledger.store().sleeps() || self.texting.is_active();
        let holds_more = self.once.knows_numbers() || self.texting.holds_numbers();
        self.texting.holds_codes() || holds_more && may_ask
    }

    /// Forgets what was not `heard` of before; what may still come is heard of again.
    async fn forget_erased(&self, heard: &mut HashSet<Forgotten>, now: Timestamp) -> Result<(), StoreError> {
        let announced = in_time(self.ledger.store().forgotten()).await?;
        let new: Vec<_> = announced.iter().filter(|one| !heard.contains(*one)).cloned().collect();
        if !new.is_empty() {
            self.texting.forget_numbers(&new).await?;
            for Forgotten { recipient_hash, until } in &new {
                self.once.forget_number(recipient_hash, *until);
            }
        }
        *heard = announced.into_iter().filter(|one| one.until < now).collect();
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
