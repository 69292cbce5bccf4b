//! What a caller brings along: a command that sends elsewhere, or a test that holds the time.

use crate::domain::Clock;
use crate::http::connection::Limits;
use crate::store::Store;
use crate::tasks::Trip;
use crate::telemetry::metrics::Metrics;
use sms_providers::{ProviderName, SmsProvider, StatusCallback};
use std::net::TcpListener;
use std::sync::Arc;
use url::Url;

/// Parts that a caller brings in place of the configured ones.
#[derive(Default)]
pub struct Parts {
    /// Who sends, in place of `SMS_PROVIDER`.
    pub providers: Option<Vec<Arc<dyn SmsProvider>>>,
    /// How one of them reports.
    pub reporting: Option<Reporting>,
    /// What is remembered, in place of `STORE_URL`.
    pub store: Option<Arc<dyn Store>>,
    /// The time, in place of the machine's.
    pub clock: Option<Arc<dyn Clock>>,
    /// The public socket, in place of one at `HOST` and `PORT`.
    pub listener: Option<TcpListener>,
    /// What is counted, where something is counted already.
    pub metrics: Metrics,
    /// Makes tasks that run for ever panic.
    pub trip: Option<Arc<Trip>>,
    /// What each connection may take.
    pub limits: Limits,
    /// How many file descriptors there are; `None` is as many as may be needed.
    pub descriptors: Option<u64>,
    /// What `/livez` calls this process, so that it is known again from outside.
    pub instance: Option<String>,
}

/// How a provider that is brought along reports what became of its texts.
pub struct Reporting {
    /// The provider.
    pub provider: ProviderName,
    /// What `/callbacks/…` stands below, in place of `PUBLIC_URL`.
    pub base: Url,
    /// Tells its reports from anybody's.
    pub verifier: Arc<dyn StatusCallback>,
}
