//! The one writer: takes what has queued up, commits it in one transaction, then answers everybody.
//!
//! A commit waits for the disk, and that wait is what a store costs; shared by up to 256 operations it is
//! cheap. Nothing is answered before its commit. The writer is a thread and no task: it blocks on the
//! disk, and it ends when the store is dropped.

use super::{StoreError, connection};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;

/// Operations that may wait; beyond it the store is as good as down.
const QUEUE: usize = 8192;
/// Operations in one transaction.
const BATCH: usize = 256;
/// After so long without work the log is copied back into the file.
const IDLE: Duration = Duration::from_millis(500);
/// After so many transactions also without a pause, lest the log grow without bound.
const CHECKPOINT_AFTER: usize = 1000;

/// Runs operations, one after the other, on the file.
pub(super) struct Writer {
    jobs: SyncSender<Job>,
}

/// Does its part in a transaction and hands back how to answer, which is to be called with the failure
/// of the commit, if it failed.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Option<StoreError>) -> bool + Send>;

impl Writer {
    /// Opens the file and starts the thread.
    pub fn start(path: PathBuf) -> Result<Self, StoreError> {
        let db = match connection::open(&path) {
            Ok(db) => Some(db),
            Err(error @ StoreError::NewerSchema { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(%error, "the store's file cannot be opened; trying again with each operation");
                None
            }
        };
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        let spawned = thread.spawn(move || Work { path, db, commits: 0 }.run(&queue));
        spawned.map_err(|error| StoreError::Unreachable(error.kind().to_string()))?;
        Ok(Self { jobs })
    }

    /// Queues an operation and waits until it is committed.
    pub async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let result = db.and_then(operation);
            Box::new(move |commit_failure| {
                let result = commit_failure.map_or(result, Err);
                let worked = result.is_ok();
                // Whoever asked has gone if this fails; what was committed stays.
                let _ = answer.send(result);
                worked
            })
        });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Unreachable("its queue is full".to_owned()),
            TrySendError::Disconnected(_) => StoreError::Unreachable("its writer has ended".to_owned()),
        })?;
        answered.await.map_err(|_| StoreError::Unreachable("its writer has ended".to_owned()))?
    }
}

struct Work {
    path: PathBuf,
    db: Option<Connection>,
    /// Since the last checkpoint.
    commits: usize,
}

impl Work {
    fn run(mut self, queue: &Receiver<Job>) {
        loop {
            match queue.recv_timeout(IDLE) {
                Ok(first) => {
                    let more = queue.try_iter().take(BATCH - 1);
                    self.commit(std::iter::once(first).chain(more).collect());
                    if self.commits >= CHECKPOINT_AFTER {
                        self.checkpoint("PASSIVE");
                    }
                }
                Err(RecvTimeoutError::Timeout) if self.commits > 0 => self.checkpoint("TRUNCATE"),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let worked = match self.connect() {
            Ok(db) => commit(db, jobs),
            Err(error) => fail(jobs, &error),
        };
        self.commits += 1;
        if !worked {
            // Whatever is the matter, a new connection will see when it is over.
            self.db = None;
        }
    }

    fn connect(&mut self) -> Result<&mut Connection, StoreError> {
        // A file that was deleted can still be written to, and everything written would be lost.
        if !exists(&self.path) {
            self.db = None;
        }
        match &mut self.db {
            Some(db) => Ok(db),
            closed @ None => Ok(closed.insert(connection::open(&self.path)?)),
        }
    }

    fn checkpoint(&mut self, mode: &str) {
        self.commits = 0;
        if let Some(db) = &self.db {
            // A reader may stand in the way; the next checkpoint copies what this one left.
            let _ = db.pragma_update(None, "wal_checkpoint", mode);
        }
    }
}

fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(false)
}

/// Runs all jobs in one transaction; `false` if any failed.
fn commit(db: &mut Connection, jobs: Vec<Job>) -> bool {
    let transaction = match Transaction::new(db, TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => return fail(jobs, &error.into()),
    };
    // A statement that fails is undone alone; a failure that ends the transaction fails the commit.
    let answers: Vec<_> = jobs.into_iter().map(|job| job(Ok(&transaction))).collect();
    let failure = transaction.commit().err().map(StoreError::from);
    let mut worked = true;
    for answer in answers {
        worked &= answer(failure.clone());
    }
    worked
}

fn fail(jobs: Vec<Job>, error: &StoreError) -> bool {
    for job in jobs {
        job(Err(error.clone()))(None);
    }
    false
}
