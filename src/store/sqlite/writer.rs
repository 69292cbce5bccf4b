//! The one writer: takes what has queued up, commits it in one transaction, then answers everybody.
//!
//! A commit waits for the disk, and that wait is what a store costs; shared by up to 256 operations it is
//! cheap. Nothing is answered before its commit. The writer is a thread and no task: it blocks on the
//! disk, and it ends when the store is dropped.

use super::{HASH_KEY, StoreError, connection, first_setting};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
            // Somebody else may hold it for a moment.
            Err(error @ StoreError::Failed(_)) => {
                tracing::error!(%error, "the store's file cannot be used yet; trying again with each operation");
                None
            }
            Err(error) => return Err(error),
        };
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        let file = identity(&path);
        let spawned = thread.spawn(move || Work { path, db, file, key: None, unsettled: false }.run(&queue));
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
        answered.await.map_err(|_| StoreError::Unreachable("the operation broke off".to_owned()))?
    }
}

struct Work {
    path: PathBuf,
    db: Option<Connection>,
    /// Which file `db` is.
    file: Option<(u64, u64)>,
    /// The key that the file held, for another one that takes its place.
    key: Option<String>,
    /// Something was committed since the last checkpoint.
    unsettled: bool,
}

impl Work {
    fn run(mut self, queue: &Receiver<Job>) {
        loop {
            match queue.recv_timeout(IDLE) {
                Ok(first) => {
                    let more = queue.try_iter().take(BATCH - 1);
                    let jobs = std::iter::once(first).chain(more).collect();
                    // Whoever asked learns that there is no answer; a new connection knows nothing of the old.
                    if catch_unwind(AssertUnwindSafe(|| self.commit(jobs))).is_err() {
                        tracing::error!(
                            "an operation on the store panicked, which is a bug; opening the file anew"
                        );
                        self.db = None;
                    }
                }
                Err(RecvTimeoutError::Timeout) if self.unsettled => self.checkpoint(),
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
        self.unsettled = true;
        if !worked {
            // Whatever is the matter, a new connection will see when it is over.
            self.db = None;
        }
    }

    fn connect(&mut self) -> Result<&mut Connection, StoreError> {
        // A file that was deleted or replaced can still be written to, and everything written would be lost.
        if identity(&self.path).is_none_or(|file| self.file != Some(file)) {
            self.db = None;
        }
        match &mut self.db {
            Some(db) => {
                if self.key.is_none() {
                    self.key = connection::key(db)?;
                }
                Ok(db)
            }
            closed @ None => {
                let db = connection::open(&self.path)?;
                // What was sealed under the key would be lost if the new file made another.
                if let Some(key) = &self.key {
                    first_setting(&db, HASH_KEY, key)?;
                }
                self.file = identity(&self.path);
                Ok(closed.insert(db))
            }
        }
    }

    fn checkpoint(&mut self) {
        self.unsettled = false;
        if let Some(db) = &self.db {
            // A reader may stand in the way; the next checkpoint copies what this one left.
            let _ = db.pragma_update(None, "wal_checkpoint", "TRUNCATE");
        }
    }
}

/// Which file is at this path: its device and its number there.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let file = path.metadata().ok()?;
    Some((file.dev(), file.ino()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_operation_that_panics_ends_in_an_error_and_the_next_one_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::start(folder.path().join("store.db")).unwrap();
        let broken = writer.run::<()>(|_| panic!("on purpose")).await;
        assert!(broken.is_err(), "{broken:?}");
        let select = |db: &Connection| Ok(db.query_row("SELECT 1", [], |row| row.get::<_, i64>(0))?);
        assert_eq!(writer.run(select).await.unwrap(), 1);
    }
}
