//! Providers that keep failing: seen in the metrics, and told once when it begins and once when it is over.

use crate::telemetry::metrics::Metrics;
use sms_providers::{FailureKind, ProviderName};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Who is asked last now.
#[derive(Default)]
pub(super) struct Troubled(Mutex<BTreeSet<ProviderName>>);

impl Troubled {
    /// Takes note of who is asked last, of all that there are.
    pub fn look(&self, breakers: impl Iterator<Item = (ProviderName, bool)>, metrics: &Metrics) {
        for (provider, is_open) in breakers {
            metrics.breaker(provider, is_open);
            if is_open && self.begins(provider) {
                let remedy = FailureKind::Unavailable.remedy();
                tracing::warn!(%provider, remedy, "a provider keeps failing, and is asked last from now on");
            } else if !is_open && self.ends(provider) {
                tracing::info!(%provider, "a provider answers again, and is asked in its turn");
            }
        }
    }

    fn begins(&self, provider: ProviderName) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(provider)
    }

    fn ends(&self, provider: ProviderName) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&provider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_of_when_it_begins_and_when_it_is_over_and_not_in_between() {
        let troubled = Troubled::default();
        assert!(!troubled.ends(ProviderName::Twilio), "it was well");
        assert!(troubled.begins(ProviderName::Twilio) && !troubled.begins(ProviderName::Twilio));
        assert!(troubled.begins(ProviderName::Vonage), "another one");
        assert!(troubled.ends(ProviderName::Twilio) && !troubled.ends(ProviderName::Twilio));
    }
}
