//! How often one number may be texted: the rule that every store decides in the step that claims an event.
//!
//! Counts are exact whatever the number of instances, since each text is noted in the same step that allows it. A
//! verification clears them.

use super::Timestamp;
use std::time::Duration;

/// What one number may get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// How long to wait after the first text that was not followed by a verification, after the second, and so
    /// on; the last one repeats. Empty: no wait.
    pub pauses: Vec<Duration>,
    /// Texts in ten minutes.
    pub per_10_min: u16,
    /// Texts in 24 hours.
    pub per_day: u16,
    /// Whether a text that is too many is refused; else it is only said.
    pub enforced: bool,
}

/// Which part of the rule forbids another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMany {
    /// The last one was a moment ago.
    Pause,
    /// There were enough in ten minutes.
    Per10Min,
    /// There were enough today.
    PerDay,
}

/// The window of [`Pace::per_10_min`].
pub const TEN_MINUTES: Duration = Duration::from_secs(600);
/// The window of [`Pace::per_day`]; nothing older counts.
pub const DAY: Duration = Duration::from_secs(24 * 3600);
/// A text that was noted so far ahead was noted under a clock that was wrong, and does not count.
pub const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

impl Pace {
    /// No limit at all.
    pub const NONE: Self =
        Self { pauses: Vec::new(), per_10_min: u16::MAX, per_day: u16::MAX, enforced: false };

    /// Which part of the rule forbids a text at `now`, after texts at these times, the oldest first.
    pub fn forbids(&self, earlier: &[Timestamp], now: Timestamp) -> Option<TooMany> {
        let since = |window| {
            let counts = move |at: &&Timestamp| **at > now.minus(window) && **at <= now.plus(CLOCKS_DIFFER);
            earlier.iter().filter(counts)
        };
        let today = since(DAY).count();
        let pause = today.checked_sub(1).and_then(|last| self.pauses.get(last).or(self.pauses.last()));
        let paused = |pause: &Duration| since(DAY).next_back().is_some_and(|last| now < last.plus(*pause));
        if pause.is_some_and(paused) {
            Some(TooMany::Pause)
        } else if since(TEN_MINUTES).count() >= usize::from(self.per_10_min) {
            Some(TooMany::Per10Min)
        } else {
            (today >= usize::from(self.per_day)).then_some(TooMany::PerDay)
        }
    }
}

impl Pace {
    /// As many of a number's latest texts decide about the next one; earlier ones need not be remembered.
    pub fn memory(&self) -> usize {
        let limit = |most: u16| if most == u16::MAX { 0 } else { usize::from(most) };
        limit(self.per_10_min).max(limit(self.per_day)).max(self.pauses.len())
    }
}

impl TooMany {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Pause, Self::Per10Min, Self::PerDay];

    /// The name in stores, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "number_pause",
            Self::Per10Min => "number_per_10_min",
            Self::PerDay => "number_per_day",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_770_000_000_000);

    fn pace() -> Pace {
        let pauses = [30, 30, 30, 60, 120].map(Duration::from_secs).to_vec();
        Pace { pauses, per_10_min: 5, per_day: 10, enforced: true }
    }

    fn after(seconds_ago: &[u64]) -> Option<TooMany> {
        let times: Vec<_> = seconds_ago.iter().map(|s| NOW.minus(Duration::from_secs(*s))).collect();
        pace().forbids(&times, NOW)
    }

    #[test]
    fn a_number_is_texted_as_often_as_the_rule_says() {
        for (seconds_ago, expected) in [
            (&[][..], None),
            (&[29], Some(TooMany::Pause)),
            (&[30], None),
            (&[90, 60, 30], None),
            (&[120, 90, 60, 31], Some(TooMany::Pause)),
            (&[150, 120, 90, 60], None),
            (&[599, 500, 400, 300, 200], Some(TooMany::Per10Min)),
            (&[600, 500, 400, 300, 200], None),
            (&[9000, 8000, 7000, 6000, 5000, 4000, 3000, 2000, 1000, 900], Some(TooMany::PerDay)),
            (&[86_400, 8000, 7000, 6000, 5000, 4000, 3000, 2000, 1000, 900], None),
        ] {
            assert_eq!(after(seconds_ago), expected, "{seconds_ago:?}");
        }
    }

    #[test]
    fn texts_of_a_clock_that_was_wrong_do_not_count() {
        let ahead = NOW.plus(Duration::from_secs(3600));
        assert_eq!(pace().forbids(&[ahead; 20], NOW), None);
        assert_eq!(pace().forbids(&[NOW.plus(Duration::from_secs(1))], NOW), Some(TooMany::Pause));
    }

    #[test]
    fn no_limit_is_none_and_needs_no_memory() {
        assert_eq!(Pace::NONE.forbids(&[NOW; 1000], NOW), None);
        assert_eq!((Pace::NONE.memory(), pace().memory()), (0, 10));
    }

    proptest! {
        #[test]
        fn what_need_not_be_remembered_changes_nothing(ages in proptest::collection::vec(0_u64..90_000, 0..40)) {
            let mut ages = ages;
            ages.sort_unstable_by_key(|age| std::cmp::Reverse(*age));
            let times: Vec<_> = ages.iter().map(|age| NOW.minus(Duration::from_secs(*age))).collect();
            let remembered = &times[times.len().saturating_sub(pace().memory())..];
            prop_assert_eq!(pace().forbids(&times, NOW), pace().forbids(remembered, NOW));
        }
    }
}
