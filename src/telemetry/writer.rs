//! Where log lines go: into a bounded queue, which a thread of its own writes out, so that nothing else ever waits
//! for whoever reads them.
//!
//! To log a line never blocks and never fails. What finds no room, or cannot be written, is dropped and counted,
//! and told in one line once it is over. Failures are not printed: where stdout fails, stderr may fail too.

use prometheus_client::metrics::counter::Counter;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// What waits to be written, in bytes: some 700 lines. As much again may be on its way out.
const QUEUE: usize = 256 * 1024;
/// How long the end of the process waits for its last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);
/// A pipe that is shared with a parent may be non-blocking; then this is how often it is tried.
const RETRY: Duration = Duration::from_millis(20);

/// The queue's near end: takes lines. Cheap to clone; clones share the queue.
#[derive(Clone)]
pub(super) struct LogQueue(Arc<Queue>);

struct Queue {
    state: Mutex<State>,
    /// There is something to write, or nothing more will come.
    filled: Condvar,
    /// All there was is written, or dropped.
    emptied: Condvar,
    limit: usize,
    dropped: Counter,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    writing: bool,
    closing: bool,
    /// Lines that were dropped, and of which no line tells yet.
    untold: u64,
}

/// Keeps the log going; dropped at the end of the process, it waits a second at most for the last lines.
#[must_use = "the last lines are lost without it"]
pub struct LogEnd(LogQueue);

impl LogQueue {
    /// A queue that `output` is written from. `dropped` counts lines that never get there; `tell` is called
    /// with how many there were, after a time in which lines were dropped is over.
    pub(super) fn start(
        output: impl Write + Send + 'static,
        dropped: Counter,
        tell: impl Fn(u64) + Send + 'static,
    ) -> io::Result<(Self, LogEnd)> {
        Self::of_size(QUEUE, output, dropped, tell)
    }

    fn of_size(
        limit: usize,
        output: impl Write + Send + 'static,
        dropped: Counter,
        tell: impl Fn(u64) + Send + 'static,
    ) -> io::Result<(Self, LogEnd)> {
        let (filled, emptied) = (Condvar::new(), Condvar::new());
        let queue = Self(Arc::new(Queue { state: Mutex::default(), filled, emptied, limit, dropped }));
        let far_end = queue.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || far_end.write_out(output, tell))?;
        Ok((queue.clone(), LogEnd(queue)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let mut state = self.state();
        if state.lines.len() + line.len() > self.0.limit {
            state.untold += 1;
            drop(state);
            self.0.dropped.inc();
            return;
        }
        state.lines.extend_from_slice(line);
        drop(state);
        self.0.filled.notify_one();
    }

    fn write_out(&self, output: impl Write, tell: impl Fn(u64)) {
        let mut output = Output { output, cut_off: false };
        let mut batch = Vec::new();
        while self.take(&mut batch) {
            let lost = output.write(&mut batch);
            self.0.dropped.inc_by(lost);
            let mut state = self.state();
            state.untold += lost;
            // Not while lines are being lost: what tells of it would be lost as well.
            let over = lost == 0 && state.lines.len() < self.0.limit / 2;
            let untold = if over { std::mem::take(&mut state.untold) } else { 0 };
            drop(state);
            if untold > 0 {
                tell(untold);
            }
        }
    }

    /// Waits for lines and takes them all; `false` if no more will come.
    fn take(&self, batch: &mut Vec<u8>) -> bool {
        batch.clear();
        let mut state = self.state();
        state.writing = false;
        while state.lines.is_empty() {
            self.0.emptied.notify_all();
            if state.closing {
                return false;
            }
            state = self.0.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut state.lines, batch);
        state.writing = true;
        true
    }
}

/// The far end of the queue.
struct Output<W> {
    output: W,
    /// What was written last is no whole line.
    cut_off: bool,
}

impl<W: Write> Output<W> {
    /// Writes whole lines; returns how many were lost.
    fn write(&mut self, lines: &mut Vec<u8>) -> u64 {
        let ends_a_cut_off_line = self.cut_off;
        if ends_a_cut_off_line {
            lines.insert(0, b'\n');
        }
        let mut written = 0;
        while written < lines.len() {
            match self.output.write(&lines[written..]) {
                Ok(0) => break,
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY),
                Err(_) => break,
            }
        }
        if let Some(last) = lines[..written].last() {
            self.cut_off = *last != b'\n';
        }
        let lost = lines[written..].iter().filter(|byte| **byte == b'\n').count();
        let lost = lost - usize::from(ends_a_cut_off_line && written == 0);
        u64::try_from(lost).unwrap_or(u64::MAX)
    }
}

impl Drop for LogEnd {
    fn drop(&mut self) {
        let queue = &self.0.0;
        let mut state = self.0.state();
        state.closing = true;
        queue.filled.notify_one();
        let busy = |state: &mut State| state.writing || !state.lines.is_empty();
        let _ = queue.emptied.wait_timeout_while(state, LAST_LINES, busy);
    }
}

/// One line on its way into the queue.
pub(super) struct Line<'q>(&'q LogQueue);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'q> MakeWriter<'q> for LogQueue {
    type Writer = Line<'q>;

    fn make_writer(&'q self) -> Self::Writer {
        Line(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// An output that does with each write what the test says, and hands over what it took.
    struct Scripted {
        steps: Receiver<io::Result<usize>>,
        taken: Sender<String>,
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = self.steps.recv().unwrap_or(Ok(bytes.len()))?.min(bytes.len());
            self.taken.send(String::from_utf8_lossy(&bytes[..taken]).into_owned()).unwrap();
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Log {
        queue: LogQueue,
        end: LogEnd,
        steps: Sender<io::Result<usize>>,
        taken: Receiver<String>,
        told: Receiver<u64>,
        dropped: Counter,
    }

    fn log(limit: usize) -> Log {
        let ((steps, script), (hand_over, taken), (tell, told)) = (channel(), channel(), channel());
        let (output, dropped) = (Scripted { steps: script, taken: hand_over }, Counter::default());
        let tell = move |lines| tell.send(lines).unwrap();
        let (queue, end) = LogQueue::of_size(limit, output, dropped.clone(), tell).unwrap();
        Log { queue, end, steps, taken, told, dropped }
    }

    #[test]
    fn lines_that_find_no_room_are_dropped_and_told_of_once_the_reader_is_back() {
        let log = log(8);
        log.queue.push(b"first\n");
        // The thread has taken it, and hangs.
        while !log.queue.state().writing {
            thread::yield_now();
        }
        for line in [b"second\n", b"third!\n", b"fourth\n"] {
            log.queue.push(line);
        }
        assert_eq!(log.dropped.get(), 2);
        log.steps.send(Ok(usize::MAX)).unwrap();
        assert_eq!(log.taken.recv().unwrap(), "first\n");
        log.steps.send(Ok(usize::MAX)).unwrap();
        assert_eq!(log.taken.recv().unwrap(), "second\n");
        assert_eq!(log.told.recv().unwrap(), 2);
        drop((log.steps, log.end));
        assert!(log.told.try_recv().is_err(), "told twice");
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_and_the_next_one_starts_anew() {
        let log = log(100);
        let full = || Err(io::Error::from(ErrorKind::StorageFull));
        for step in [Ok(3), full(), full(), Ok(usize::MAX)] {
            log.steps.send(step).unwrap();
        }
        for (line, dropped) in [(b"first\n", 1), (b"other\n", 2)] {
            log.queue.push(line);
            while log.dropped.get() < dropped {
                thread::yield_now();
            }
        }
        log.queue.push(b"third\n");
        assert_eq!([log.taken.recv().unwrap(), log.taken.recv().unwrap()], ["fir", "\nthird\n"]);
        assert_eq!(log.told.recv().unwrap(), 2);
    }

    #[test]
    fn the_end_waits_for_the_last_lines_and_not_for_a_reader_that_never_comes() {
        let prompt = log(100);
        prompt.queue.push(b"last\n");
        drop(prompt.steps);
        drop(prompt.end);
        assert_eq!(prompt.taken.try_recv().unwrap(), "last\n");

        let stalled = log(100);
        stalled.queue.push(b"last\n");
        drop(stalled.end);
        assert!(stalled.taken.try_recv().is_err());
    }
}
