//! Providers that are put last for a while, since they keep failing.

use super::Metrics;
use super::roll::Roll;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use sms_providers::ProviderName;

#[derive(Clone, Default)]
pub(super) struct Breakers {
    open: Family<ProviderLabels, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: &'static str,
}

impl Breakers {
    pub(super) fn register(&self, roll: &mut Roll) {
        roll.add("breaker_open", "1 while a provider keeps failing and is asked last", self.open.clone());
    }
}

impl Metrics {
    /// Whether a provider is put last.
    pub fn breaker(&self, provider: ProviderName, is_open: bool) {
        let labels = ProviderLabels { provider: ProviderName::as_str(provider) };
        self.breakers.open.get_or_create(&labels).set(i64::from(is_open));
    }
}
