//! The branch's phone-number plugin.

use super::Document;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How long a code may be valid, in seconds.
pub const EXPIRES_IN_SECONDS: RangeInclusive<u64> = 60..=600;
/// What Neon takes if nothing is set.
const DEFAULT_EXPIRES_IN: u64 = 300;

/// How users sign in by phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneNumberPlugin {
    /// Whether they can.
    pub enabled: bool,
    /// How long a code is valid, in seconds; unset is 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otp_expires_in: Option<u64>,
}

impl PhoneNumberPlugin {
    fn expires_in(self) -> u64 {
        self.otp_expires_in.unwrap_or(DEFAULT_EXPIRES_IN)
    }
}

impl Document for PhoneNumberPlugin {
    const PATH: &'static str = "/auth/plugins/phone-number";
    const METHOD: Method = Method::PATCH;

    fn rows(&self) -> Vec<(&'static str, String)> {
        let enabled = if self.enabled { "yes" } else { "no" };
        vec![("enabled", enabled.to_owned()), ("otp_expires_in", format!("{} s", self.expires_in()))]
    }

    fn differs_from(&self, wanted: &Self) -> Vec<&'static str> {
        let same = [
            ("enabled", self.enabled == wanted.enabled),
            ("otp_expires_in", self.expires_in() == wanted.expires_in()),
        ];
        same.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }
}
