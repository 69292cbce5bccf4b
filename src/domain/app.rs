//! The user's own app: where it is, and how it can fail to take an event.

use super::{EndpointId, Timestamp};
use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use url::Url;

/// Where events go that the relay does not deliver itself (`FORWARD_URL`, `FORWARD_URL_EP_…`).
///
/// A URL may hold a password; `Debug` shows none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// For every branch that has none of its own.
    pub default: Option<Url>,
    /// For single branches.
    pub by_endpoint: HashMap<EndpointId, Url>,
}

impl Targets {
    /// Where an event of this branch goes.
    pub fn of(&self, endpoint: Option<&EndpointId>) -> Option<&Url> {
        endpoint.and_then(|endpoint| self.by_endpoint.get(endpoint)).or(self.default.as_ref())
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.default.is_none() && self.by_endpoint.is_empty()
    }
}

impl fmt::Debug for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (default, endpoints) = (self.default.is_some(), self.by_endpoint.keys());
        write!(f, "Targets(default: {default}, {:?})", endpoints.collect::<Vec<_>>())
    }
}

/// What the app said.
#[derive(Clone, PartialEq, Eq)]
pub struct AppAnswer {
    /// The HTTP status, never a redirect.
    pub status: u16,
    /// The body, at most 10 KB of it.
    pub body: Vec<u8>,
}

impl fmt::Debug for AppAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppAnswer({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why the app gave no answer. `Display` is what an operator reads in logs and in `outbox list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppFailure {
    /// No connection came about.
    #[error("it cannot be reached")]
    Unreachable,
    /// It did not answer in time.
    #[error("it does not answer in time")]
    TimedOut,
    /// The connection broke, or what came is not HTTP.
    #[error("its answer broke off")]
    BrokeOff,
    /// It answered with a redirect, which is not followed.
    #[error("it redirects; FORWARD_URL has to be its final address")]
    Redirects,
}

/// Why an event is still in the outbox after an attempt. `Display` is for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The app gave no answer.
    #[error(transparent)]
    NoAnswer(#[from] AppFailure),
    /// The app answered, and not with a 2xx.
    #[error("it answers {0}")]
    Refused(u16),
    /// No variable says where events of this branch go.
    #[error("no FORWARD_URL is set for this endpoint")]
    NoTarget,
    /// The event waits under a key that is no longer the relay's.
    #[error("the event cannot be opened: HASH_KEY has changed")]
    Unreadable,
}

/// How long an event waits in the outbox before it is given up.
pub const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// The pause after the first attempt is at most twice this.
pub const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two attempts.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// When to try again after the failure of attempt number `attempt`; `None` if that would be after `give_up_at`.
///
/// The pause doubles with each attempt, from 1 s to 1 h, and lies at random in the upper half of its range: the
/// number is drawn from `seed`, which is random enough if it is Neon's UUID of the event.
pub fn next_attempt(
    seed: &impl Hash,
    attempt: u32,
    now: Timestamp,
    give_up_at: Timestamp,
) -> Option<Timestamp> {
    let longest = SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST_PAUSE);
    let mut hasher = DefaultHasher::new();
    (seed, attempt).hash(&mut hasher);
    let fraction = (hasher.finish() % 1000) as f64 / 1000.0;
    let next = now.plus(longest.mul_f64(0.5 + fraction / 2.0));
    (next <= give_up_at).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_770_000_000_000);

    #[test]
    fn a_branch_without_a_target_of_its_own_goes_to_the_default() {
        let [default, own] = ["https://a.example/", "https://b.example/"].map(|url| Url::parse(url).unwrap());
        let [known, other] = ["ep-a", "ep-b"].map(|id| EndpointId::new(id).unwrap());
        let targets =
            Targets { default: Some(default.clone()), by_endpoint: [(known.clone(), own.clone())].into() };
        assert_eq!(targets.of(Some(&known)), Some(&own));
        assert_eq!((targets.of(Some(&other)), targets.of(None)), (Some(&default), Some(&default)));
        assert!(!format!("{targets:?}").contains("example"));
        let targets = Targets { default: None, ..targets };
        assert_eq!((targets.of(Some(&other)), targets.is_empty()), (None, false));
    }

    #[test]
    fn pauses_grow_from_a_second_to_an_hour_and_differ_from_event_to_event() {
        let pause = |seed: &str, attempt| {
            next_attempt(&seed, attempt, NOW, NOW.plus(PATIENCE)).unwrap().since(NOW).as_millis()
        };
        for (attempt, from, to) in [(1, 1_000, 2_000), (2, 2_000, 4_000), (6, 32_000, 64_000)] {
            assert!((from..to).contains(&pause("a", attempt)), "{attempt}: {}", pause("a", attempt));
        }
        for attempt in 12..400 {
            assert!((1_800_000..3_600_000).contains(&pause("a", attempt)), "{attempt}");
        }
        assert_eq!(pause("a", 3), pause("a", 3));
        assert!((0..9).any(|n| pause("a", 12) != pause(&n.to_string(), 12)));
    }

    #[test]
    fn after_a_day_an_event_is_given_up() {
        let (mut now, give_up_at, mut attempts) = (NOW, NOW.plus(PATIENCE), 0);
        while let Some(next) = next_attempt(&"a", attempts + 1, now, give_up_at) {
            (now, attempts) = (next, attempts + 1);
        }
        assert!(now <= give_up_at && now > give_up_at.minus(LONGEST_PAUSE));
        assert!((30..60).contains(&attempts), "{attempts}");
    }
}
