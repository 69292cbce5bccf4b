//! What the relay does not deliver itself: asked of the user's app while Neon waits, or brought to it later.
//!
//! Knows nothing of texts and providers.

mod ask;
mod forward;
mod outbox;
mod slots;
mod unhandled;

pub use forward::{ATTEMPT, Forwarder};

use crate::domain::{Clock, EndpointId, Routing};
use crate::relay::once::Ledger;
use crate::tasks::Tasks;
use crate::telemetry::OnceAMinute;
use crate::telemetry::metrics::Metrics;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// Brings events to the user's app.
pub struct Forwarding {
    routing: Routing,
    /// The branches whose events are brought to the app from the outbox; `None` is any.
    serves: Option<Vec<EndpointId>>,
    forwarder: Forwarder,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    tasks: Tasks,
    metrics: Metrics,
    /// What is said about an app that is down.
    app_failures: OnceAMinute,
    /// Whether the outbox may have changed since it was tended.
    stirred: AtomicBool,
    /// The names of events that came and that nobody handles.
    unhandled: Mutex<BTreeSet<String>>,
}

impl Forwarding {
    /// Nothing has been forwarded yet.
    pub fn new(
        routing: Routing,
        serves: Option<Vec<EndpointId>>,
        forwarder: Forwarder,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        tasks: Tasks,
        metrics: Metrics,
    ) -> Self {
        let (app_failures, unhandled) = Default::default();
        let stirred = AtomicBool::new(true);
        Self { routing, serves, forwarder, ledger, clock, tasks, metrics, app_failures, stirred, unhandled }
    }

    /// Whoever calls the app.
    pub fn forwarder(&self) -> &Forwarder {
        &self.forwarder
    }

    /// What happens to events that are not for SMS.
    pub fn routing(&self) -> &Routing {
        &self.routing
    }
}
