//! How often one number is texted: the pace that every store decides by, in the claim itself.

use crate::domain::Pace;
use std::time::Duration;

/// With this many unverified texts, the pause starts to grow.
const PATIENCE: usize = 3;
/// The growing pause: 1, 2, 4 … 32 min.
const GROWTH: [u64; 6] = [60, 120, 240, 480, 960, 1920];

/// The pace from a first pause; from the fourth unverified text on it grows. A pause of zero turns both off.
pub fn pace(pause: Duration, per_10_min: u16, per_day: u16) -> Pace {
    let patient = std::iter::repeat_n(pause, PATIENCE - 1);
    let growing = GROWTH.iter().map(|seconds| pause.max(Duration::from_secs(*seconds)));
    let pauses = if pause.is_zero() { Vec::new() } else { patient.chain(growing).collect() };
    Pace { pauses, per_10_min, per_day, enforced: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Timestamp, TooMany};
    use proptest::prelude::*;

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_millis((1_000_000 + seconds) * 1_000)
    }

    fn default() -> Pace {
        pace(Duration::from_secs(30), 5, 10)
    }

    #[test]
    fn a_number_waits_half_a_minute_twice_and_then_ever_longer() {
        let pace = Pace { per_10_min: 99, per_day: 99, ..default() };
        let (mut recent, mut last) = (vec![seconds(0)], 0);
        for pause in [30, 30, 60, 120, 240, 480, 960, 1920, 1920, 1920] {
            assert_eq!(pace.forbids(&recent, seconds(last + pause - 1)), Some(TooMany::Pause), "{recent:?}");
            assert_eq!(pace.forbids(&recent, seconds(last + pause)), None, "{recent:?}");
            last += pause;
            recent.push(seconds(last));
        }
    }

    #[test]
    fn a_pause_of_zero_turns_the_growing_one_off_too_and_a_long_one_never_shrinks() {
        assert!(pace(Duration::ZERO, 5, 10).pauses.is_empty());
        let long = pace(Duration::from_secs(100), 5, 10);
        let long: Vec<_> = long.pauses.iter().map(Duration::as_secs).collect();
        assert_eq!(long, [100, 100, 100, 120, 240, 480, 960, 1920]);
    }

    proptest! {
        #[test]
        fn no_order_of_requests_and_verifications_lets_more_through_than_the_caps(
            steps in proptest::collection::vec((0_i64..4_000, prop::bool::weighted(0.02)), 1..200),
        ) {
            let (pace, mut now, mut recent) = (default(), seconds(0), Vec::new());
            for (wait, verifies) in steps {
                now = now.plus(Duration::from_secs(wait.unsigned_abs()));
                if verifies {
                    recent.clear();
                } else if pace.forbids(&recent, now).is_none() {
                    recent.push(now);
                }
                let within = |seconds| {
                    recent.iter().filter(|at| **at > now.minus(Duration::from_secs(seconds))).count()
                };
                prop_assert!(within(86_400) <= 10 && within(600) <= 5);
                let pauses = recent.windows(2).map(|pair| pair[1].since(pair[0]).as_secs());
                prop_assert!(pauses.min().is_none_or(|shortest| shortest >= 30));
            }
        }
    }
}
