//! What providers report of texts that they took.

use super::Texting;
use crate::domain::TextRef;
use crate::relay::once::in_time;
use crate::store::StoreError;
use crate::store::texts::{About, Again, Report, Reported, ReportedText};
use sms_providers::report::Subject;
use sms_providers::{DeliveryStatus, FailureKind, ProviderName, StatusUpdate};
use std::sync::Arc;
use std::time::Duration;

/// A report that names its text by the provider's id alone may come before the answer that told us the id. Then it
/// is looked at again after so long.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// No report waits longer for its turn at the store; then it is lost.
const PATIENCE: Duration = Duration::from_secs(2);

impl Texting {
    /// Records a verified report, and sees to it that a text which failed is made good. A report for a text that
    /// nobody knows is counted and dropped; a store that fails is logged where it failed.
    ///
    /// `address` is the text whose address the report came to.
    pub async fn reported(
        self: &Arc<Self>,
        provider: ProviderName,
        address: Option<TextRef>,
        report: sms_providers::Report,
    ) {
        let about = match (address, &report.about) {
            (Some(text), _) => About::Text(text, provider),
            (None, Subject::Reference(reference)) => match TextRef::parse(reference.as_str()) {
                Some(text) => About::Text(text, provider),
                None => return self.metrics.reported(provider, NOBODY),
            },
            (None, Subject::MessageId(id)) => About::Message(id.clone()),
            (None, Subject::Address) => return,
        };
        let update = report.update;
        let told = Report {
            status: update.as_ref().map(|update| update.status),
            word: update.is_none().then(|| report.word.map(|word| word.to_string())).flatten(),
            code: update.as_ref().and_then(|update| update.code.as_ref()).map(ToString::to_string),
            again: update.as_ref().and_then(again),
            segments: update.as_ref().and_then(|update| update.segments),
            price: update.as_ref().and_then(|update| update.price),
        };
        match (self.write_down(&about, &told).await, update) {
            (Ok(Reported::Raised(text)), Some(update)) => self.learn(provider, text, &update),
            (Ok(Reported::NotFound), Some(update)) if matches!(about, About::Message(_)) => {
                self.look_again(provider, about, told, update);
            }
            (Ok(Reported::NotFound), _) => self.metrics.reported(provider, NOBODY),
            (Ok(_), None) => self.metrics.reported(provider, UNKNOWN_WORD),
            (Ok(Reported::Unchanged), Some(_)) => {}
            (Err(_), _) => self.metrics.reported(provider, LOST),
        }
    }

    async fn write_down(&self, about: &About, report: &Report) -> Result<Reported, StoreError> {
        // A store that hangs must not let reports take up every connection.
        let turn = tokio::time::timeout(PATIENCE, self.reporting.acquire()).await;
        let _turn = turn.map_err(|_| StoreError::timed_out())?;
        let recorded = in_time(self.ledger.store().report(about, report, self.clock.now())).await;
        recorded.inspect_err(|error| self.ledger.failed(error))
    }

    /// Once more, for a text that is not written down yet; of others' texts in the same account nothing is ever
    /// found.
    fn look_again(
        self: &Arc<Self>,
        provider: ProviderName,
        about: About,
        report: Report,
        update: StatusUpdate,
    ) {
        let Ok(place) = self.early.clone().try_acquire_owned() else {
            return self.metrics.reported(provider, NOBODY);
        };
        let texting = self.clone();
        self.tasks.spawn_until_drain(async move {
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
            let found = texting.write_down(&about, &report).await;
            drop(place);
            match found {
                Ok(Reported::Raised(text)) => texting.learn(provider, text, &update),
                Ok(Reported::NotFound) => texting.metrics.reported(provider, NOBODY),
                Ok(Reported::Unchanged) | Err(_) => {}
            }
        });
    }

    /// Counts and tells what is new, and acts on it.
    fn learn(self: &Arc<Self>, provider: ProviderName, reported: ReportedText, update: &StatusUpdate) {
        let ReportedText { text, region, sent } = reported;
        let (status, kind) = (update.status, update.kind.map(FailureKind::as_str));
        let code = update.code.as_ref().map(ToString::to_string);
        self.metrics.reported(provider, status.as_str());
        if let Some(price) = update.price {
            self.book.price(self.clock.now(), region, provider, price);
            // Each report of a text may repeat its price; the last one is the one.
            if status.is_final() {
                self.priced(region, sent.map_or_else(|| self.clock.now(), |(_, at)| at), price);
            }
        }
        if let (DeliveryStatus::Delivered, Some((provider, at))) = (status, sent) {
            self.metrics.delivered(provider, region, self.clock.now().since(at));
        }
        match update.hint {
            Some(hint) => {
                tracing::error!(text.reference = %text, %provider, %status, kind, vendor.code = code, hint, "the provider reported a failure");
            }
            None => {
                tracing::info!(text.reference = %text, %provider, %status, kind, vendor.code = code, "the provider reported a status");
            }
        }
        match again(update) {
            Some(again) => {
                self.make_good(text, again);
            }
            None if status.is_final() => self.living.heard(&text, status == DeliveryStatus::Delivered),
            None => {}
        }
    }
}

/// The status label of a report for a text that nobody knows.
const NOBODY: &str = "for_nobody";
/// The status label of a report that could not be written down.
const LOST: &str = "lost";
/// The status label of a report whose word nobody knows.
const UNKNOWN_WORD: &str = "unknown_word";

/// What may make good the text of a report.
fn again(update: &StatusUpdate) -> Option<Again> {
    let transient = matches!(update.kind, Some(FailureKind::Throttled | FailureKind::Unavailable));
    Some(Again { life: update.worth_resending()?, transient })
}
