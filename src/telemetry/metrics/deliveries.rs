//! Events of Neon's and their answers.

use super::roll::Roll;
use super::{Metrics, seconds, whole};
use crate::domain::{NeonEvent, Reply};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use std::time::Duration;

#[derive(Clone)]
pub(super) struct Deliveries {
    answered: Family<DeliveryLabels, Counter>,
    refused: Family<ReasonLabels, Counter>,
    time: Histogram,
    in_flight: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    event: &'static str,
    reply: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            refused: Family::default(),
            time: seconds(),
            in_flight: Gauge::default(),
        }
    }
}

impl Deliveries {
    pub(super) fn register(&self, roll: &mut Roll) {
        roll.add("deliveries", "Events answered, by event and reply", self.answered.clone());
        roll.add("requests_refused", "Requests that were not a delivery, by reason", self.refused.clone());
        roll.seconds("delivery", "Time from an event's arrival to its answer", self.time.clone());
        roll.add("deliveries_in_flight", "Deliveries running now", self.in_flight.clone());
    }
}

impl Metrics {
    /// An event was answered; `elapsed` runs from its arrival.
    pub fn answered(&self, event: &NeonEvent, reply: &Reply, elapsed: Duration) {
        let labels = DeliveryLabels { event: event.label(), reply: reply_label(reply) };
        self.deliveries.answered.get_or_create(&labels).inc();
        self.deliveries.time.observe(elapsed.as_secs_f64());
    }

    /// A request was refused before it became an event.
    pub fn refused(&self, reason: &'static str) {
        self.deliveries.refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// This many deliveries are running.
    pub fn in_flight(&self, count: usize) {
        self.deliveries.in_flight.set(whole(count as u64));
    }
}

fn reply_label(reply: &Reply) -> &'static str {
    match reply {
        Reply::Done(_) => "accepted",
        Reply::App { .. } => "app",
        Reply::Refused(reason) => reason.as_str(),
        Reply::TryAgain(reason) => reason.as_str(),
    }
}
