//! Codes that are texted to nobody: those of test numbers, which whoever has the token may read.
//!
//! They are kept sealed in the store, so that any instance can say them; no provider hears of them, and nothing that
//! is learnt of texts is learnt from them.

use super::Texting;
use crate::domain::{Accepted, Event, OtpCode, Reply, Timestamp, TryAgainReason};
use crate::relay::once::in_time;
use crate::store::{KeptCode, Lease, Outcome, StoreError, Text};
use sms_providers::{PhoneNumber, ProviderName};
use std::time::Duration;

/// No code waits longer for the key of the hashes.
const KEY_TIMEOUT: Duration = Duration::from_secs(1);

/// The code of a test number.
pub struct TestCode {
    /// The code.
    pub code: OtpCode,
    /// When it dies.
    pub expires_at: Timestamp,
}

impl Texting {
    /// Whether the number is never texted, as of now.
    pub fn is_test_number(&self, number: &PhoneNumber) -> bool {
        self.sending().settings.test_numbers.holds(number, self.clock.now())
    }

    /// The living code of a test number, if there is one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn test_code(&self, number: &PhoneNumber) -> Result<Option<TestCode>, TryAgainReason> {
        if !self.is_test_number(number) {
            return Ok(None);
        }
        let found = async {
            let key = self.ledger.key(KEY_TIMEOUT).await?;
            let hash = key.recipient(number).hash;
            let kept = in_time(self.ledger.store().test_code(&hash, self.clock.now())).await?;
            let Some(KeptCode { event, sealed, expires_at, .. }) = kept else { return Ok(None) };
            let digits = key.open(&event, &sealed).and_then(|digits| String::from_utf8(digits).ok());
            let code = digits.and_then(|digits| OtpCode::new(&digits)).ok_or(StoreError::Corrupt)?;
            Ok(Some(TestCode { code, expires_at }))
        };
        found.await.map_err(|error: StoreError| {
            self.ledger.failed(&error);
            TryAgainReason::StoreUnavailable
        })
    }

    /// Forgets codes that are dead.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forget_test_codes(&self) -> Result<(), StoreError> {
        self.ledger.store().forget_test_codes(self.clock.now()).await
    }

    /// Keeps the code of a test number in the place of texting it.
    pub(super) async fn keep_test_code(
        &self,
        event: &Event,
        to: &PhoneNumber,
        code: &OtpCode,
        expires_in: Duration,
        lease: &Lease,
    ) -> Outcome {
        let now = self.clock.now();
        let kept = async {
            let key = self.ledger.key(KEY_TIMEOUT).await?;
            let recipient = key.recipient(to);
            // One of the time before it was listed is void by now.
            self.living.forget_number(&recipient.hash);
            let kept = KeptCode {
                recipient_hash: recipient.hash.to_string(),
                event: event.id.clone(),
                sealed: key.seal(&event.id, code.expose().as_bytes()).ok_or(StoreError::Corrupt)?,
                came_at: lease.first_claimed_at,
                expires_at: now.plus(expires_in),
            };
            in_time(self.ledger.store().keep_test_code(&kept)).await?;
            Ok(recipient)
        };
        match kept.await {
            Ok(recipient) => {
                tracing::info!(
                    event.id = %event.id, recipient.hash = &*recipient.hash, recipient.last_two = recipient.last_two,
                    "the code of a test number was kept and texted to nobody"
                );
                let accepted = Accepted { provider: ProviderName::Test, message_id: None };
                let texts = vec![text(lease.next_number, now)];
                Outcome { texts, ..Outcome::of(Reply::Done(Some(accepted))) }
            }
            Err(error) => {
                self.ledger.failed(&error);
                Outcome::of(Reply::TryAgain(TryAgainReason::StoreUnavailable))
            }
        }
    }
}

/// What an operator sees in the place of a text.
fn text(number: u8, at: Timestamp) -> Text {
    Text {
        number,
        provider: ProviderName::Test,
        verdict: Text::ACCEPTED.to_owned(),
        code: None,
        message_id: None,
        sent_at: at,
        elapsed_ms: 0,
        segments: None,
        price: None,
    }
}
