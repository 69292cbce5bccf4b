//! The only place that spawns, so that shutdown can wait for everything that runs.
//!
//! HTTP handlers run on single-threaded worker runtimes and are dropped when the client resets its
//! connection. What must not be cut off runs here instead: on the main runtime, tracked.
//!
//! What is to run for ever is started again if it panics: nobody would notice that keys are refreshed no more.

use futures_util::FutureExt;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a task that has panicked rests before it is started again: longer each time.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
];
/// A task that has run for so long since its last panic is well again.
const WELL: Duration = Duration::from_secs(60);

/// Spawns on the main runtime and keeps count.
#[derive(Clone)]
pub struct Tasks {
    runtime: Handle,
    tracker: TaskTracker,
    stopping: CancellationToken,
    panics: Arc<Mutex<BTreeMap<&'static str, Panics>>>,
    on_panic: Arc<dyn Fn(&'static str) + Send + Sync>,
    trip: Option<Arc<Trip>>,
}

/// Whether the task of this name is to panic at its next step.
pub type Trip = dyn Fn(&'static str) -> bool + Send + Sync;

#[derive(Clone, Copy)]
struct Panics {
    in_a_row: usize,
    started_again: Option<Instant>,
}

impl Tasks {
    /// Tasks of the runtime that this is called on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn current() -> Self {
        Self {
            runtime: Handle::current(),
            tracker: TaskTracker::new(),
            stopping: CancellationToken::new(),
            panics: Arc::default(),
            on_panic: Arc::new(|_| {}),
            trip: None,
        }
    }

    /// The same tasks, which tell `on_panic` the name of each that runs for ever and has panicked.
    #[must_use]
    pub fn telling(self, on_panic: impl Fn(&'static str) + Send + Sync + 'static) -> Self {
        Self { on_panic: Arc::new(on_panic), ..self }
    }

    /// The same tasks, with one that runs for ever made to panic whenever `trip` says so: for tests.
    #[must_use]
    pub fn tripped_by(self, trip: Arc<Trip>) -> Self {
        Self { trip: Some(trip), ..self }
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

    /// Runs what `work` makes until it ends by itself or the drain begins. If it panics, that is logged, told and
    /// shown by [`unwell`](Self::unwell), and after a pause another one is made.
    pub fn spawn_forever<F>(
        &self,
        name: &'static str,
        work: impl Fn() -> F + Send + Sync + 'static,
    ) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let tasks = self.clone();
        self.spawn_until_drain(async move {
            while AssertUnwindSafe(tasks.tripping(name, work())).catch_unwind().await.is_err() {
                let pause = tasks.panicked(name);
                tracing::error!(task = name, pause_s = pause.as_secs(), "a task panicked; starting it again");
                (tasks.on_panic)(name);
                tokio::time::sleep(pause).await;
                if let Some(panics) = tasks.panics().get_mut(name) {
                    panics.started_again = Some(Instant::now());
                }
            }
        })
    }

    /// The names of tasks that wait to be started again, or were within the last minute.
    pub fn unwell(&self) -> Vec<&'static str> {
        let now = Instant::now();
        let panics = self.panics();
        let unwell = panics.iter().filter(|(_, panics)| !panics.over(now));
        unwell.map(|(name, _)| *name).collect()
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

    async fn tripping(&self, name: &'static str, work: impl Future<Output = ()>) {
        let mut work = pin!(work);
        poll_fn(|context| {
            let tripped = self.trip.as_ref().is_some_and(|trip| trip(name));
            assert!(!tripped, "tripped");
            work.as_mut().poll(context)
        })
        .await;
    }

    /// Takes note of a panic; returns how long to rest.
    fn panicked(&self, name: &'static str) -> Duration {
        let now = Instant::now();
        let mut panics = self.panics();
        let earlier = panics.get(name).filter(|panics| !panics.over(now)).map_or(0, |panics| panics.in_a_row);
        panics.insert(name, Panics { in_a_row: earlier + 1, started_again: None });
        PAUSES[earlier.min(PAUSES.len() - 1)]
    }

    fn panics(&self) -> MutexGuard<'_, BTreeMap<&'static str, Panics>> {
        self.panics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Panics {
    fn over(&self, now: Instant) -> bool {
        self.started_again.is_some_and(|at| now.duration_since(at) >= WELL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn a_drain_waits_for_work_and_drops_endless_loops() {
        let tasks = Tasks::current();
        let (go, gate) = oneshot::channel::<()>();
        let work = tasks.spawn(async move { gate.await.is_ok() });
        tasks.spawn_until_drain(std::future::pending());
        tasks.spawn_forever("loop", std::future::pending);
        let draining = tokio::join!(tasks.drain(Duration::from_secs(30)), async move { go.send(()) });
        assert_eq!(draining.0, 0);
        assert!(work.await.unwrap());
    }

    #[tokio::test]
    async fn a_task_that_panics_is_told_of_and_started_again_until_it_ends_by_itself() {
        let told = Arc::new(AtomicUsize::new(0));
        let telling = told.clone();
        let tasks = Tasks::current().telling(move |name| {
            assert_eq!(name, "clumsy");
            telling.fetch_add(1, Ordering::SeqCst);
        });
        let starts = Arc::new(AtomicUsize::new(0));
        let starting = starts.clone();
        let clumsy = tasks.spawn_forever("clumsy", move || {
            let start = starting.fetch_add(1, Ordering::SeqCst);
            async move { assert!(start > 0, "on purpose") }
        });
        while told.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(tasks.unwell(), ["clumsy"]);
        clumsy.await.unwrap();
        assert_eq!((starts.load(Ordering::SeqCst), told.load(Ordering::SeqCst)), (2, 1));
        assert_eq!(tasks.unwell(), ["clumsy"], "it is shown until it has been well for a minute");
    }

    #[tokio::test]
    async fn a_task_that_panics_again_and_again_rests_longer_each_time() {
        let tasks = Tasks::current();
        let mut pauses = (0..7).map(|_| tasks.panicked("clumsy").as_secs());
        assert!(pauses.by_ref().eq([1, 2, 5, 15, 30, 30, 30]));
        assert_eq!(tasks.panicked("another").as_secs(), 1);
    }
}
