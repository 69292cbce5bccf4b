//! When events are due: a thread of its own says it, since the timers of the runtime are as coarse as a millisecond.

use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// Something is due.
pub(super) struct Due {
    /// Which one, from 0.
    pub place: u64,
    /// At this time; it may be in the past by now.
    pub at: Instant,
}

/// Tells of `rate` a second, for `duration` from `start` on; of each, however late it is.
pub(super) fn pace(
    rate: u32,
    start: Instant,
    duration: Duration,
    due: UnboundedSender<Due>,
) -> io::Result<JoinHandle<()>> {
    let count = u64::from(rate) * duration.as_secs();
    thread::Builder::new().name("bench-pace".to_owned()).spawn(move || {
        for place in 0..count {
            let at = start + Duration::from_nanos(place * 1_000_000_000 / u64::from(rate));
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if due.send(Due { place, at }).is_err() {
                return;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_told_once_and_due_at_even_distances_whenever_it_is_told() {
        let (due, mut told) = tokio::sync::mpsc::unbounded_channel();
        // Long ago, so that nothing is waited for.
        let start = Instant::now() - Duration::from_secs(2);
        pace(400, start, Duration::from_secs(1), due).unwrap().join().unwrap();
        let mut places = 0;
        while let Ok(Due { place, at }) = told.try_recv() {
            assert_eq!((place, at - start), (places, Duration::from_micros(2500) * places as u32));
            places += 1;
        }
        assert_eq!(places, 400);
    }
}
