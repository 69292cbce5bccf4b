//! The process itself.

use super::Metrics;
use super::roll::Roll;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::info::Info;

#[derive(Clone, Default)]
pub(super) struct Process {
    log_lines_dropped: Counter,
    task_restarts: Family<TaskLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabels {
    task: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

impl Process {
    pub(super) fn register(&self, roll: &mut Roll) {
        roll.add(
            "log_lines_dropped",
            "Log lines that were not read in time, or could not be written",
            self.log_lines_dropped.clone(),
        );
        roll.add(
            "task_restarts",
            "Panics of tasks that run for ever, after which they were started again",
            self.task_restarts.clone(),
        );
        let version = BuildLabels { version: env!("CARGO_PKG_VERSION") };
        roll.add("build", "The version that runs", Info::new(version));
    }
}

impl Metrics {
    /// A task that runs for ever has panicked, and is started again.
    pub fn task_panicked(&self, task: &'static str) {
        self.process.task_restarts.get_or_create(&TaskLabels { task }).inc();
    }

    /// What counts lines that were logged and not written.
    pub(in crate::telemetry) fn log_lines_dropped(&self) -> Counter {
        self.process.log_lines_dropped.clone()
    }
}
