//! Requests of strangers that were refused: each is counted, and none has a log line of its own.
//!
//! The first one of its kind is told at once, those that follow are summed up in one line a second, and no count
//! is lost: what is not told yet is told by the next tick, or by the end of the server.

use super::metrics::Metrics;
use crate::domain::{Problem, Severity};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long one line stands for all of its kind.
const QUIET: Duration = Duration::from_secs(1);

/// What was refused. Cheap to clone; clones share their counts.
#[derive(Clone)]
pub struct Refusals(Arc<Shared>);

struct Shared {
    metrics: Metrics,
    kinds: Mutex<BTreeMap<Refusal, Kind>>,
    /// Something is to be told later.
    untold: Notify,
}

/// What a refusal is summed up by. There are as many as the program has words for: nothing here is a stranger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The sentence of the log line.
    pub message: &'static str,
    /// The reason; its code is the metric's label.
    pub problem: Problem,
    /// Whose request it claims to be, where that is not clear.
    pub provider: Option<&'static str>,
}

struct Kind {
    told_at: Instant,
    count: u64,
    /// Of the first that is not told yet.
    detail: String,
}

impl Refusals {
    /// Nothing was refused yet. What is summed up is told while [`tell`](Self::tell) runs.
    pub fn new(metrics: Metrics) -> Self {
        Self(Arc::new(Shared { metrics, kinds: Mutex::default(), untold: Notify::new() }))
    }

    /// Takes note of one; `detail` says more about it in words of ours.
    pub fn note(&self, refusal: Refusal, detail: impl FnOnce() -> String) {
        self.0.metrics.refused(refusal.problem.code);
        if let Some((count, detail)) = self.count(refusal, detail, Instant::now()) {
            log(refusal, count, &detail);
        }
    }

    /// Counts one; returns how many are to be told now, if any.
    fn count(
        &self,
        refusal: Refusal,
        detail: impl FnOnce() -> String,
        now: Instant,
    ) -> Option<(u64, String)> {
        let mut kinds = self.kinds();
        let Some(kind) = kinds.get_mut(&refusal) else {
            kinds.insert(refusal, Kind { told_at: now, count: 0, detail: String::new() });
            return Some((1, detail()));
        };
        kind.count += 1;
        if kind.count == 1 {
            kind.detail = detail();
        }
        if now.duration_since(kind.told_at) < QUIET {
            self.0.untold.notify_one();
            return None;
        }
        Some(kind.take(now))
    }

    /// Tells what was summed up, once a second, for ever.
    pub async fn tell(self) {
        loop {
            match self.tell_due(Instant::now()) {
                Some(next) => tokio::time::sleep_until(next).await,
                None => self.0.untold.notified().await,
            }
        }
    }

    /// Tells all that is left, before the end.
    pub fn tell_all(&self) {
        self.tell_due(Instant::now() + QUIET);
    }

    /// Tells what is due; returns when more will be.
    fn tell_due(&self, now: Instant) -> Option<Instant> {
        for (refusal, count, detail) in self.due(now) {
            log(refusal, count, &detail);
        }
        let kinds = self.kinds();
        kinds.values().filter(|kind| kind.count > 0).map(|kind| kind.told_at + QUIET).min()
    }

    fn due(&self, now: Instant) -> Vec<(Refusal, u64, String)> {
        let mut kinds = self.kinds();
        let due = kinds.iter_mut().filter(|(_, kind)| kind.count > 0 && kind.told_at + QUIET <= now);
        due.map(|(refusal, kind)| (refusal, kind.take(now)))
            .map(|(refusal, (count, detail))| (*refusal, count, detail))
            .collect()
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<Refusal, Kind>> {
        self.0.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kind {
    fn take(&mut self, now: Instant) -> (u64, String) {
        self.told_at = now;
        (std::mem::take(&mut self.count), std::mem::take(&mut self.detail))
    }
}

fn log(Refusal { message, problem, provider }: Refusal, count: u64, detail: &str) {
    let Problem { code: reason, remedy, severity, .. } = problem;
    match severity {
        Severity::Notice => tracing::warn!(reason, provider, detail, count, remedy, "{message}"),
        Severity::Alarm => tracing::error!(reason, provider, detail, count, remedy, "{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(reason: &'static str) -> Refusal {
        Refusal { message: "refused", problem: Problem::notice(reason, 401, "", ""), provider: None }
    }

    fn refusals() -> (Refusals, impl Fn(&Refusals, &'static str, Instant) -> Option<u64>) {
        let count = |refusals: &Refusals, reason, now| {
            refusals.count(refusal(reason), String::new, now).map(|(count, _)| count)
        };
        (Refusals::new(Metrics::default()), count)
    }

    #[test]
    fn the_first_of_each_reason_is_told_at_once_and_the_next_with_those_between() {
        let ((refusals, count), start) = (refusals(), Instant::now());
        assert_eq!(count(&refusals, "a", start), Some(1));
        assert_eq!(count(&refusals, "b", start), Some(1));
        for _ in 0..99 {
            assert_eq!(count(&refusals, "a", start), None);
        }
        assert_eq!(count(&refusals, "a", start + QUIET), Some(100));
        assert_eq!(count(&refusals, "b", start + QUIET), Some(1));
    }

    #[test]
    fn what_nobody_follows_is_told_a_second_later_and_once() {
        let ((refusals, count), start) = (refusals(), Instant::now());
        for _ in 0..3 {
            count(&refusals, "a", start);
        }
        assert_eq!(refusals.tell_due(start), Some(start + QUIET));
        let due = |now| refusals.due(now).into_iter().map(|(_, count, _)| count).collect::<Vec<_>>();
        assert_eq!((due(start), due(start + QUIET), due(start + QUIET * 9)), (vec![], vec![2], vec![]));
        assert_eq!(refusals.tell_due(start + QUIET * 9), None);
    }
}
