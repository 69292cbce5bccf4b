//! What became of the codes for one country: by the minute for an hour, by the hour for two weeks.
//!
//! Counted are texts to numbers that were not verified before, in the minute in which they were sent; a verification
//! takes its texts out of the unverified again.

use super::ring::Ring;
use crate::domain::Timestamp;

/// How long a text counts as alive, in minutes: whoever verifies does it within five, whatever the code's life.
pub(super) const ALIVE_MINUTES: i64 = 5;
const HOUR_MINUTES: i64 = 60;
const DAY_HOURS: i64 = 24;
/// How far back the best day is looked for.
const DAYS: i64 = 14;

/// The minute since the epoch.
pub(super) fn minute(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(60_000)
}

/// The hour since the epoch.
pub(super) fn hour(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(3_600_000)
}

/// One thing that is counted.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    pub(super) minutes: Ring<i32, 128>,
    pub(super) hours: Ring<i32, 384>,
}

/// Texts to numbers of one sort: those that were not verified, and verifications.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    pub(super) unverified: Counts,
    pub(super) verified: Counts,
    past: Past,
}

/// What changes slowly enough to be looked up once a minute.
#[derive(Debug, Clone, Copy, Default)]
struct Past {
    as_of: Option<i64>,
    best_day: i64,
    unverified: i64,
    verified: i64,
}

/// What a budget is made from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Unverified texts of the last five minutes, and those that were verified.
    pub(super) alive: i64,
    pub(super) alive_verified: i64,
    /// Unverified texts of the hour before, and those that were verified.
    pub(super) dead: i64,
    pub(super) verified: i64,
    /// The same for 24 hours.
    pub(super) dead_day: i64,
    pub(super) verified_day: i64,
    /// The best day's verifications, in two weeks.
    pub(super) best_day: i64,
    /// All there was in the two weeks.
    pub(super) past_unverified: i64,
    pub(super) past_verified: i64,
}

impl Seen {
    /// Both together.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            alive: self.alive + other.alive,
            alive_verified: self.alive_verified + other.alive_verified,
            dead: self.dead + other.dead,
            verified: self.verified + other.verified,
            dead_day: self.dead_day + other.dead_day,
            verified_day: self.verified_day + other.verified_day,
            best_day: self.best_day + other.best_day,
            past_unverified: self.past_unverified + other.past_unverified,
            past_verified: self.past_verified + other.past_verified,
        }
    }
}

impl Counts {
    fn new() -> Self {
        Self { minutes: Ring::new(), hours: Ring::new() }
    }
}

impl Codes {
    pub(super) fn new() -> Self {
        Self { unverified: Counts::new(), verified: Counts::new(), past: Past::default() }
    }

    /// Looks at the past again at the next question, since it was changed.
    pub(super) fn changed(&mut self) {
        self.past.as_of = None;
    }

    pub(super) fn seen(&mut self, now: Timestamp) -> Seen {
        let (minute, hour) = (minute(now), hour(now));
        // Another instance's clock may be a little ahead.
        let (alive_from, latest) = (minute - ALIVE_MINUTES, minute + HOUR_MINUTES);
        let (unverified, verified) = (&self.unverified, &self.verified);
        let alive = unverified.minutes.sum(alive_from, latest);
        let alive_verified = verified.minutes.sum(alive_from, latest);
        let hour_from = alive_from - HOUR_MINUTES;
        let day = |counts: &Counts| counts.hours.sum(hour - DAY_HOURS, hour + 1);
        let (dead_day, verified_day) = ((day(unverified) - alive).max(0), day(verified));
        let (dead, verified) = (
            unverified.minutes.sum(hour_from, alive_from - 1),
            verified.minutes.sum(hour_from, alive_from - 1),
        );
        if self.past.as_of != Some(minute) {
            self.past = self.past(minute, hour);
        }
        Seen {
            alive,
            alive_verified,
            dead,
            verified,
            dead_day,
            verified_day,
            best_day: self.past.best_day.max(verified_day),
            past_unverified: self.past.unverified,
            past_verified: self.past.verified,
        }
    }

    fn past(&self, minute: i64, hour: i64) -> Past {
        let today = hour.div_euclid(DAY_HOURS) * DAY_HOURS;
        let days = (0..DAYS).map(|day| today - day * DAY_HOURS);
        let best_day = days.map(|day| self.verified.hours.sum(day, day + DAY_HOURS - 1)).max().unwrap_or(0);
        // The hour that runs has codes that will still be verified.
        let (from, to) = (hour - DAYS * DAY_HOURS, hour - 1);
        let (unverified, verified) = (self.unverified.hours.sum(from, to), self.verified.hours.sum(from, to));
        Past { as_of: Some(minute), best_day, unverified, verified }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    impl Counts {
        fn note(&mut self, at: Timestamp, by: i64) {
            self.minutes.add(minute(at), by);
            self.hours.add(hour(at), by);
        }
    }

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000).plus(Duration::from_secs(minutes * 60))
    }

    #[test]
    fn a_text_is_alive_for_five_minutes_then_dead_for_an_hour_and_of_the_day_for_a_day() {
        let mut codes = Codes::new();
        codes.unverified.note(at(0), 3);
        codes.verified.note(at(0), 2);
        for (minutes, alive, dead, day) in [
            (0, 3, 0, 0),
            (5, 3, 0, 0),
            (6, 0, 3, 3),
            (65, 0, 3, 3),
            (66, 0, 0, 3),
            (1400, 0, 0, 3),
            (1600, 0, 0, 0),
        ] {
            let seen = codes.seen(at(minutes));
            assert_eq!((seen.alive, seen.dead, seen.dead_day), (alive, dead, day), "{minutes}");
        }
        assert_eq!(codes.seen(at(0)).alive_verified, 2);
        assert_eq!(codes.seen(at(6)).verified, 2);
        assert_eq!(codes.seen(at(14_400)).best_day, 2);
        assert_eq!(codes.seen(at(40_000)).best_day, 0);
    }

    #[test]
    fn what_is_verified_was_never_unverified() {
        let mut codes = Codes::new();
        codes.unverified.note(at(0), 1);
        codes.unverified.note(at(1), 1);
        codes.unverified.note(at(0), -1);
        codes.unverified.note(at(1), -1);
        codes.verified.note(at(1), 1);
        let seen = codes.seen(at(2));
        assert_eq!((seen.alive, seen.alive_verified, seen.dead_day), (0, 1, 0));
    }
}
