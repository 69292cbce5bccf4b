//! What a provider reports of a text that it took.

use super::Texting;
use crate::domain::DeliveryRef;
use crate::relay::once::in_time;
use crate::store::{StatusChange, StoreError};
use sms_providers::{FailureKind, StatusUpdate};

impl Texting {
    /// Records a verified status report; a report for a delivery that nobody knows is dropped.
    ///
    /// # Errors
    /// If the store fails; it is logged and counted by then.
    pub async fn record_status(
        &self,
        delivery: &DeliveryRef,
        update: &StatusUpdate,
    ) -> Result<StatusChange, StoreError> {
        let recorded = in_time(self.ledger.store().record_status(delivery, update)).await;
        let change = recorded.inspect_err(|error| self.ledger.failed(error))?;
        if let StatusChange::Raised(provider) = change {
            let provider = provider.map(sms_providers::ProviderName::as_str);
            let code = update.code.as_ref().map(ToString::to_string);
            let (status, kind) = (update.status, update.kind.map(FailureKind::as_str));
            self.metrics.reported(provider, status);
            match update.hint {
                Some(hint) => {
                    tracing::error!(delivery.reference = %delivery, provider, %status, kind, vendor.code = code, hint, "the provider reported a failure");
                }
                None => {
                    tracing::info!(delivery.reference = %delivery, provider, %status, kind, vendor.code = code, "the provider reported a status");
                }
            }
        }
        Ok(change)
    }
}
