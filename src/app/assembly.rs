//! Settings → the rooms of the relay, and how they share the store, the clock and the tasks.

use super::providers::Senders;
use crate::config::{EndpointRule, RegionalSms, Settings, StoreFailureRule};
use crate::domain::{Clock, HashKey};
use crate::relay::Relay;
use crate::relay::forwarding::{Forwarder, Forwarding};
use crate::relay::once::{Ledger, Once, OnceSettings, Outage, StoreFailure};
use crate::relay::texting::{self, RegionalSettings, Texting, TextingSettings};
use crate::store::Store;
use crate::tasks::Tasks;
use crate::telemetry::metrics::Metrics;
use anyhow::Context;
use secrecy::ExposeSecret;
use sms_providers::{FailoverChain, ProviderName};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Answers are due this much before Neon stops listening.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

/// What every room is built on.
pub(super) struct Ground {
    pub store: Arc<dyn Store>,
    pub http: reqwest::Client,
    pub clock: Arc<dyn Clock>,
    pub tasks: Tasks,
    pub metrics: Metrics,
    /// How many run at once.
    pub deliveries: usize,
}

/// How long after a request's arrival it has to be answered.
pub(super) fn answer_within(settings: &Settings) -> Duration {
    settings.neon.timeout.saturating_sub(ANSWER_MARGIN)
}

/// What is sent, how often, and by whom first, where nothing else is said in this `order`.
pub(super) fn texting_settings(
    settings: &Settings,
    order: Vec<ProviderName>,
    callbacks: Option<Url>,
) -> anyhow::Result<TextingSettings> {
    Ok(TextingSettings {
        template: settings.sms.template.clone().context("SMS_TEMPLATE")?,
        regions: settings.sms.regions.iter().map(|(region, differs)| (*region, regional(differs))).collect(),
        providers: order,
        callbacks,
        max_sends: settings.sms.max_sends,
        resend_on_failure: settings.texting.resend_on_failure,
        resend_if_silent: settings.texting.resend_if_silent,
        adaptive: settings.texting.adaptive,
        test_numbers: settings.test_numbers.numbers.clone(),
    })
}

/// Builds the relay that sends through `senders`, and asks for reports below `callbacks`.
pub(super) fn relay(
    settings: &Settings,
    ground: &Ground,
    senders: Senders,
    callbacks: Option<Url>,
) -> anyhow::Result<Arc<Relay>> {
    let Ground { store, http, clock, tasks, metrics, deliveries } = ground;
    let key = settings.store.hash_key.as_ref().map(|key| HashKey::new(key.expose_secret().as_bytes()));
    let outage = Outage::new(metrics.clone());
    let ledger = Arc::new(Ledger::new(store.clone(), key, outage));
    let once = OnceSettings {
        answer_within: answer_within(settings),
        max_in_flight: *deliveries,
        on_store_failure: match settings.store.on_failure {
            StoreFailureRule::Send => StoreFailure::Send,
            StoreFailureRule::Refuse => StoreFailure::Refuse,
        },
    };
    let texting = texting_settings(settings, senders.order, callbacks)?;
    let texting_ground = texting::Ground {
        guard: settings.guard.settings.clone(),
        ledger: ledger.clone(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        tasks: tasks.clone(),
    };
    let forwarder = Forwarder::new(http.clone(), settings.forward.secret.clone(), clock.clone());
    Ok(Arc::new(Relay {
        once: Once::new(once, ledger.clone(), clock.clone(), tasks.clone(), metrics.clone()),
        texting: Arc::new(Texting::new(
            texting,
            FailoverChain::new(senders.chain),
            senders.listeners,
            texting_ground,
        )),
        forwarding: Arc::new(Forwarding::new(
            settings.forward.routing.clone(),
            match &settings.neon.endpoints {
                EndpointRule::Any => None,
                EndpointRule::Only(ids) => Some(ids.iter().cloned().collect()),
            },
            forwarder,
            ledger.clone(),
            clock.clone(),
            tasks.clone(),
            metrics.clone(),
        )),
        tasks: tasks.clone(),
        ledger,
    }))
}

fn regional(differs: &RegionalSms) -> RegionalSettings {
    RegionalSettings { template: differs.template.clone(), providers: differs.providers.clone() }
}
