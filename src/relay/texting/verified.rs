//! The user's success: the only proof that a code arrived.

use super::Texting;
use super::tallies::Kind;
use crate::domain::{Destination, Event, NeonEvent};
use crate::relay::once::in_time;
use crate::store::texts::Verified;
use sms_providers::{Conversion, ProviderName};
use std::sync::Arc;
use std::time::Duration;

/// Neon tells of a verification within so long, retries included.
const TOLD_WITHIN: Duration = Duration::from_secs(15);
/// No code is kept waiting for the key of the hashes.
const KEY_TIMEOUT: Duration = Duration::from_secs(1);

impl Texting {
    /// Finds the text that led to a verification, and lets everybody know who wants to. A store that fails is
    /// logged; the event is acknowledged all the same, since nobody could do anything about it.
    pub async fn verified(self: &Arc<Self>, event: &Event) {
        let NeonEvent::PhoneVerified(Destination::Number(number)) = &event.kind else { return };
        let now = self.clock.now();
        let found = async {
            let hash = self.ledger.key(KEY_TIMEOUT).await?.recipient(number).hash;
            self.living.forget_number(&hash);
            in_time(self.ledger.store().verified(&hash, now.minus(TOLD_WITHIN), now)).await
        };
        match found.await {
            Ok(Some(Verified { provider: ProviderName::Test, text, .. })) => {
                tracing::info!(event.id = %event.id, text.reference = %text, "somebody got in with a test number");
            }
            Ok(Some(verified)) => {
                self.trust(event, number, &verified);
                self.succeeded(event, verified);
            }
            Ok(None) => {}
            Err(error) => self.ledger.failed(&error),
        }
    }

    fn succeeded(self: &Arc<Self>, event: &Event, verified: Verified) {
        let Verified { text, provider, message_id, region, sent_at, first_sent_at, alone, .. } = verified;
        let now = self.clock.now();
        let took = now.since(first_sent_at);
        self.metrics.verified(provider, region, now.since(sent_at));
        self.book.count(now, Kind::Verified, region, provider);
        if alone {
            // Whoever is asked second gets the hard numbers, so only first texts tell anything.
            self.book.count(now, Kind::FirstVerified, region, provider);
        }
        tracing::info!(
            event.id = %event.id, text.reference = %text, %provider, elapsed_ms = took.as_millis(),
            "the user got in"
        );
        let listener = self.sending().listeners.iter().find(|listener| listener.name() == provider).cloned();
        let (Some(listener), Some(message_id)) = (listener, message_id) else { return };
        let Ok(place) = self.telling.clone().try_acquire_owned() else { return };
        self.tasks.spawn_until_drain(async move {
            let _place = place;
            let conversion = Conversion { message_id, verified: true, at: now.to_system_time() };
            if let Err(error) = listener.tell(&conversion).await {
                tracing::warn!(%provider, %error, hint = error.hint, "the provider was not told of a verification");
            }
        });
    }
}
