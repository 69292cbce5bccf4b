//! What texting holds of numbers in this process, and how it forgets them: living codes, and numbers that the guard
//! compares with those beside them.

use super::Texting;
use crate::store::{Forgotten, StoreError};
use std::time::Duration;

/// How long the key of the hashes is waited for.
const KEY_TIMEOUT: Duration = Duration::from_secs(1);
/// As many numbers are hashed before others have their turn.
const HASHED_AT_ONCE: usize = 1000;

impl Texting {
    /// Whether any code may have to be sent again.
    pub fn holds_codes(&self) -> bool {
        !self.living.is_empty()
    }

    /// Whether the guard holds any number.
    pub fn holds_numbers(&self) -> bool {
        self.gate.holds_numbers()
    }

    /// Whether a text was asked for in the last seconds.
    pub fn is_active(&self) -> bool {
        !self.gate.is_idle()
    }

    /// Forgets numbers, as far as what is held of them came in time.
    ///
    /// # Errors
    /// If the store does not say the key that they are hashed under.
    pub async fn forget_numbers(&self, forgotten: &[Forgotten]) -> Result<(), StoreError> {
        for Forgotten { recipient_hash, until } in forgotten {
            self.living.erase(recipient_hash, *until);
            self.gate.forget_until(*until);
        }
        let key = self.ledger.key(KEY_TIMEOUT).await?;
        for numbers in self.gate.held().chunks(HASHED_AT_ONCE) {
            for number in numbers {
                let hash = key.recipient(number).hash;
                if forgotten.iter().any(|one| *one.recipient_hash == *hash) {
                    self.gate.forget(number);
                }
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
