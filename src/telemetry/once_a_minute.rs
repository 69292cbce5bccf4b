//! What is down fails every request; the operator wants to read it once a minute.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long one line stands for all.
const QUIET: Duration = Duration::from_secs(60);

/// Says when it is time for a log line, and for how many it stands. A clock that is put back silences nothing: the
/// minute is measured, not read.
#[derive(Debug, Default)]
pub struct OnceAMinute(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    last: Option<Instant>,
    since: u64,
}

impl OnceAMinute {
    /// Counts one, and says for how many the next line stands, if it is time for one.
    pub fn due(&self, now: Instant) -> Option<u64> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.since += 1;
        if log.last.is_some_and(|last| now.duration_since(last) < QUIET) {
            return None;
        }
        log.last = Some(now);
        Some(std::mem::take(&mut log.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_minute_says_how_many_failures_it_stands_for() {
        let (log, start) = (OnceAMinute::default(), Instant::now());
        assert_eq!(log.due(start), Some(1));
        assert_eq!((log.due(start), log.due(start)), (None, None));
        assert_eq!(log.due(start + QUIET), Some(3));
    }
}
