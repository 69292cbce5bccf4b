//! What may be changed while the emulator runs: how strict and how patient it is.

use super::feed::Feed;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A code with under 10 s of life is not sent by the relay; the end is Neon's.
const OTP_EXPIRES_IN: RangeInclusive<u64> = 11..=600;
/// Neon's range.
const TIMEOUT_SECONDS: RangeInclusive<u64> = 1..=10;

/// How the emulator behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Behaviour {
    /// How long a code is valid, in seconds: Neon's `otp_expires_in`.
    pub otp_expires_in: u64,
    /// How long one attempt of a webhook may take, in seconds: Neon's `timeout_seconds`.
    pub timeout_seconds: u64,
    /// Whether a number that nobody has linked is turned away, as Neon does, in place of getting a user.
    pub strict: bool,
    /// Requests of one address to the phone-number routes within 60 seconds; 0 is no limit.
    pub rate_limit: u32,
}

impl Default for Behaviour {
    /// Neon's defaults, and a user for every number.
    fn default() -> Self {
        Self { otp_expires_in: 300, timeout_seconds: 5, strict: false, rate_limit: 10 }
    }
}

impl Behaviour {
    /// How long a code is valid.
    pub(super) fn validity(&self) -> Duration {
        Duration::from_secs(self.otp_expires_in)
    }

    /// How long one attempt may take.
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    /// What is wrong with it, in one sentence.
    fn fault(&self) -> Option<&'static str> {
        if !OTP_EXPIRES_IN.contains(&self.otp_expires_in) {
            Some("otp_expires_in is 11 to 600 seconds")
        } else if !TIMEOUT_SECONDS.contains(&self.timeout_seconds) {
            Some("timeout_seconds is 1 to 10")
        } else {
            None
        }
    }
}

/// What a `PATCH` may hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    otp_expires_in: Option<u64>,
    timeout_seconds: Option<u64>,
    strict: Option<bool>,
    rate_limit: Option<u32>,
}

/// The behaviour as it is now. Clones are one.
#[derive(Clone)]
pub(super) struct LiveSettings {
    at_start: Behaviour,
    now: Arc<Mutex<Behaviour>>,
    feed: Feed,
}

impl LiveSettings {
    /// # Errors
    /// The sentence that says what is out of range.
    pub fn new(at_start: Behaviour, feed: Feed) -> Result<Self, &'static str> {
        match at_start.fault() {
            Some(fault) => Err(fault),
            None => Ok(Self { at_start, now: Arc::new(Mutex::new(at_start)), feed }),
        }
    }

    pub fn now(&self) -> Behaviour {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is named, or nothing.
    ///
    /// # Errors
    /// The sentence that says what is out of range.
    pub fn change(&self, changes: &Changes) -> Result<Behaviour, &'static str> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Behaviour {
            otp_expires_in: changes.otp_expires_in.unwrap_or(now.otp_expires_in),
            timeout_seconds: changes.timeout_seconds.unwrap_or(now.timeout_seconds),
            strict: changes.strict.unwrap_or(now.strict),
            rate_limit: changes.rate_limit.unwrap_or(now.rate_limit),
        };
        if let Some(fault) = next.fault() {
            return Err(fault);
        }
        *now = next;
        self.feed.tell("settings", &next);
        Ok(next)
    }

    /// Back to how it started.
    pub fn reset(&self) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = self.at_start;
        self.feed.tell("settings", &self.at_start);
    }
}
