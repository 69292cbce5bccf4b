//! The guard: what it decided, and how much is left.

use super::Metrics;
use super::roll::Roll;
use crate::domain::Region;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::atomic::AtomicU64;

#[derive(Clone, Default)]
pub(super) struct Guard {
    decisions: Family<DecisionLabels, Counter>,
    budgets: Family<BudgetLabels, Gauge<f64, AtomicU64>>,
    spend: Family<SpendLabels, Gauge<f64, AtomicU64>>,
    alone: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    outcome: &'static str,
    rule: String,
    region: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabels {
    region: String,
    window: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SpendLabels {
    currency: String,
}

impl Guard {
    pub(super) fn register(&self, roll: &mut Roll) {
        roll.add(
            "guard_decisions",
            "Decisions of the guard, by the first rule that led to them",
            self.decisions.clone(),
        );
        roll.add("budget_fill_ratio", "What is used of a budget, 1 if all is", self.budgets.clone());
        roll.add(
            "spend_today",
            "What texts cost since midnight of UTC, estimates included",
            self.spend.clone(),
        );
        roll.add(
            "guard_decisions_alone",
            "Decisions that went by what this process remembers, since the store was down",
            self.alone.clone(),
        );
    }
}

/// In the place of a country, for what concerns all of them.
const ALL: &str = "all";

fn name(region: Option<Region>) -> String {
    region.map_or_else(|| "none".to_owned(), |region| region.to_string())
}

impl Metrics {
    /// A decision, by its first rule; `none` if nothing spoke for or against the text.
    pub fn guard_decided(&self, outcome: &'static str, rules: &[String], region: Option<Region>) {
        let rule = rules.first().map_or_else(|| "none".to_owned(), Clone::clone);
        self.guard.decisions.get_or_create(&DecisionLabels { outcome, rule, region: name(region) }).inc();
    }

    /// A decision that was made without the store.
    pub fn guard_was_alone(&self) {
        self.guard.alone.inc();
    }

    /// How full the budget of a country is.
    pub fn budget_filled(&self, region: Option<Region>, window: &'static str, ratio: f64) {
        self.guard.budgets.get_or_create(&BudgetLabels { region: name(region), window }).set(ratio);
    }

    /// How full a budget is that all countries share.
    pub fn shared_budget_filled(&self, window: &'static str, ratio: f64) {
        let labels = BudgetLabels { region: ALL.to_owned(), window };
        self.guard.budgets.get_or_create(&labels).set(ratio);
    }

    /// What was spent today, in millionths of a currency.
    pub fn spent_today(&self, currency: &str, millionths: i64) {
        let labels = SpendLabels { currency: currency.to_owned() };
        self.guard.spend.get_or_create(&labels).set(millionths as f64 / 1e6);
    }
}
