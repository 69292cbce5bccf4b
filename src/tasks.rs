//! The only place that spawns, so that shutdown can wait for everything that runs.
//!
//! HTTP handlers run on single-threaded worker runtimes and are dropped when the client resets its
//! connection. What must not be cut off runs here instead: on the main runtime, tracked.

use std::future::Future;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Spawns on the main runtime and keeps count.
#[derive(Debug, Clone)]
pub struct Tasks {
    runtime: Handle,
    tracker: TaskTracker,
    stopping: CancellationToken,
}

impl Tasks {
    /// Tasks of the runtime that this is called on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn current() -> Self {
        Self { runtime: Handle::current(), tracker: TaskTracker::new(), stopping: CancellationToken::new() }
    }

    /// Runs `work` to its end, whatever becomes of the caller.
    pub fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.tracker.spawn_on(work, &self.runtime)
    }

    /// Runs `work` until the drain begins, then drops it: for loops without an end of their own.
    pub fn spawn_until_drain(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let stopping = self.stopping.clone();
        self.spawn(async move {
            let _ = stopping.run_until_cancelled(work).await;
        })
    }

    /// How many tasks are running.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }

    /// Waits until every task has ended, at most `limit`; returns how many were still running.
    pub async fn drain(&self, limit: Duration) -> usize {
        self.stopping.cancel();
        self.tracker.close();
        let _ = tokio::time::timeout(limit, self.tracker.wait()).await;
        self.running()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn a_drain_waits_for_work_and_drops_endless_loops() {
        let tasks = Tasks::current();
        let (go, gate) = oneshot::channel::<()>();
        let work = tasks.spawn(async move { gate.await.is_ok() });
        tasks.spawn_until_drain(std::future::pending());
        let draining = tokio::join!(tasks.drain(Duration::from_secs(30)), async move { go.send(()) });
        assert_eq!(draining.0, 0);
        assert!(work.await.unwrap());
    }
}
