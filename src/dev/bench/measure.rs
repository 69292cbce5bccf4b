//! What came of a load.

use hdrhistogram::Histogram;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// How one request ended, for the count of answers: `200`, `200 replayed`, `503 overloaded`, `no answer in 5 s`.
pub(super) type Kind = String;

/// One request that ended.
pub(super) struct Ended {
    pub kind: Kind,
    /// From the time at which it was due.
    pub latency: Duration,
    /// The number that was to get a text, if the relay says that it does.
    pub accepted: Option<Arc<str>>,
}

/// Signed events, or forged ones.
#[derive(Debug)]
pub struct Stream {
    /// How many were sent.
    pub sent: u64,
    /// How often each kind of answer came.
    pub answers: BTreeMap<String, u64>,
    /// How long they took.
    pub latencies: Latencies,
    /// From the first that was due to the last answer.
    pub elapsed: Duration,
    pub(super) accepted: HashSet<Arc<str>>,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self {
            sent: 0,
            answers: BTreeMap::new(),
            latencies: Latencies::new(),
            elapsed: Duration::ZERO,
            accepted: HashSet::new(),
        }
    }

    pub(super) fn note(&mut self, ended: Ended) {
        self.sent += 1;
        *self.answers.entry(ended.kind).or_default() += 1;
        self.latencies.note(ended.latency);
        self.accepted.extend(ended.accepted);
    }

    /// How many were sent and answered a second.
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.sent as f64 / seconds } else { 0.0 }
    }
}

/// Latencies to the microsecond and three digits, however many there are.
#[derive(Debug)]
pub struct Latencies(Option<Histogram<u64>>);

impl Latencies {
    fn new() -> Self {
        // Three digits are always allowed.
        Self(Histogram::new(3).ok())
    }

    fn note(&mut self, latency: Duration) {
        if let Some(histogram) = &mut self.0 {
            // It grows as it has to; only beyond any time that is waited for it could not.
            let _ = histogram.record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// No more than this share took longer than so long.
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_micros(self.0.as_ref().map_or(0, |histogram| histogram.value_at_quantile(share)))
    }

    /// The longest.
    pub fn max(&self) -> Duration {
        Duration::from_micros(self.0.as_ref().map_or(0, Histogram::max))
    }
}

/// What a load led to.
#[derive(Debug)]
pub struct Measured {
    /// Events that were signed.
    pub signed: Stream,
    /// Events that were forged.
    pub forged: Stream,
}

/// Texts that the vendor got, held against what the relay said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Texts {
    /// All texts.
    pub texts: u64,
    /// Texts for an event that had one already.
    pub doubled: u64,
    /// Events that the relay says it has texted, and of which the vendor knows nothing.
    pub missing: u64,
}

impl Texts {
    /// What the vendor got, by number, against the numbers that were accepted.
    pub(super) fn of(taken: &HashMap<String, u64>, accepted: &HashSet<Arc<str>>) -> Self {
        let texts: u64 = taken.values().sum();
        let missing = accepted.iter().filter(|number| !taken.contains_key(&***number)).count();
        Self { texts, doubled: texts - taken.len() as u64, missing: missing as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_came_twice_and_texts_that_never_came_are_told() {
        let taken = [("+12020000001".to_owned(), 1), ("+12020000002".to_owned(), 3)].into();
        let accepted = ["+12020000001", "+12020000003"].map(Arc::from).into();
        assert_eq!(Texts::of(&taken, &accepted), Texts { texts: 4, doubled: 2, missing: 1 });
    }

    #[test]
    fn a_stream_counts_its_answers_and_their_latencies() {
        let mut stream = Stream::new();
        for n in 1..=1000 {
            let kind = if n == 1000 { "503 overloaded" } else { "200" }.to_owned();
            stream.note(Ended { kind, latency: Duration::from_millis(n), accepted: None });
        }
        stream.elapsed = Duration::from_secs(2);
        assert_eq!((stream.answers["200"], stream.answers["503 overloaded"], stream.sent), (999, 1, 1000));
        assert!((stream.rate() - 500.0).abs() < f64::EPSILON);
        let close = |found: Duration, expected: u64| {
            found.abs_diff(Duration::from_millis(expected)) <= Duration::from_millis(expected) / 500
        };
        let latencies = &stream.latencies;
        assert!(close(latencies.quantile(0.5), 500) && close(latencies.quantile(0.999), 999));
        assert!(close(latencies.max(), 1000), "{:?}", latencies.max());
    }
}
