//! Events of Neon's and their answers.

use super::roll::Roll;
use super::{Metrics, seconds, whole};
use crate::domain::{NeonEvent, RefuseReason, Reply, TryAgainReason};
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
    time: Family<AnswerLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    event: &'static str,
    reply: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    event: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

/// The label of codes.
const CODE: &str = "send_otp";
/// What codes come to where they are not even believed, or not read, and nobody but the relay is to blame.
const NOT_TAKEN: [&str; 2] = ["keys_unavailable", "overloaded"];

/// What people are woken for is there from the start: of a count that begins with its first event, nobody can say by
/// how much it rose.
impl Default for Deliveries {
    fn default() -> Self {
        let deliveries = Self {
            answered: Family::default(),
            refused: Family::default(),
            time: Family::new_with_constructor(seconds),
            in_flight: Gauge::default(),
        };
        let reasons = RefuseReason::ALL.into_iter().map(RefuseReason::as_str);
        let reasons = reasons.chain(TryAgainReason::ALL.into_iter().map(TryAgainReason::as_str));
        for reply in [Reply::ACCEPTED, Reply::OF_THE_APP].into_iter().chain(reasons) {
            let labels = DeliveryLabels { event: CODE, reply };
            drop(deliveries.answered.get_or_create(&labels));
        }
        for result in [RIGHT, WRONG] {
            drop(deliveries.time.get_or_create(&AnswerLabels { event: CODE, result }));
        }
        for reason in NOT_TAKEN {
            drop(deliveries.refused.get_or_create(&ReasonLabels { reason }));
        }
        deliveries
    }
}

impl Deliveries {
    pub(super) fn register(&self, roll: &mut Roll) {
        roll.add("deliveries", "Events answered, by event and reply", self.answered.clone());
        roll.add("requests_refused", "Requests that were not a delivery, by reason", self.refused.clone());
        roll.seconds(
            "delivery",
            "Time from an event's arrival to its answer, by event and whether it was answered right",
            self.time.clone(),
        );
        roll.add("deliveries_in_flight", "Deliveries running now", self.in_flight.clone());
    }
}

impl Metrics {
    /// An event was answered; `elapsed` runs from its arrival.
    pub fn answered(&self, event: &NeonEvent, reply: &Reply, elapsed: Duration) {
        let event = event.label();
        let result = if reply.is_right() { RIGHT } else { WRONG };
        self.deliveries.answered.get_or_create(&DeliveryLabels { event, reply: reply.label() }).inc();
        let time = self.deliveries.time.get_or_create(&AnswerLabels { event, result });
        time.observe(elapsed.as_secs_f64());
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

const RIGHT: &str = "right";
const WRONG: &str = "wrong";
