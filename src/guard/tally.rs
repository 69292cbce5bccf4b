//! What instances tell each other of what they counted.

use super::digits::Prefix;
use super::money::Currency;
use crate::domain::{Region, Timestamp};
use std::collections::HashMap;
use std::time::Duration;

/// A count of one hour, as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// When the hour began.
    pub hour: Timestamp,
    /// What was counted.
    pub kind: TallyKind,
    /// Of which country; `None` for numbers of none.
    pub region: Option<Region>,
    /// What tells it from others of its kind; never a whole number.
    pub detail: String,
    /// How many, or millionths of money; of a difference, also below zero.
    pub count: i64,
}

/// What can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TallyKind {
    /// Unverified codes sent in one minute: `u07` for unlinked numbers, `l07` for linked ones.
    UnverifiedMinute,
    /// Codes sent in one minute that were verified.
    VerifiedMinute,
    /// Unverified codes: `u` or `l`.
    Unverified,
    /// Codes that were verified.
    Verified,
    /// Unverified codes of one prefix.
    PrefixUnverified,
    /// Verifications of one prefix.
    PrefixVerified,
    /// Texts.
    Texts,
    /// Millionths that were spent, by currency.
    Spend,
}

/// A tally without its count, small enough to be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) hour: i64,
    pub(super) region: Option<Region>,
    pub(super) what: What,
}

/// What is counted, with what tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    Minute { verified: bool, linked: bool, minute: u8 },
    Hour { verified: bool, linked: bool },
    Prefix { verified: bool, prefix: Prefix },
    Texts,
    Spend(Currency),
}

/// What was counted here and is not in the store yet.
#[derive(Debug, Default)]
pub(super) struct Pending(HashMap<Key, i64>);

impl TallyKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::UnverifiedMinute,
        Self::VerifiedMinute,
        Self::Unverified,
        Self::Verified,
        Self::PrefixUnverified,
        Self::PrefixVerified,
        Self::Texts,
        Self::Spend,
    ];

    /// The name in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnverifiedMinute => "guard_unverified_minute",
            Self::VerifiedMinute => "guard_verified_minute",
            Self::Unverified => "guard_unverified",
            Self::Verified => "guard_verified",
            Self::PrefixUnverified => "guard_prefix_unverified",
            Self::PrefixVerified => "guard_prefix_verified",
            Self::Texts => "guard_texts",
            Self::Spend => "guard_spend",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// How long a tally is of use, from the start of its hour.
    pub const fn lifetime(self) -> Duration {
        const HOUR: u64 = 3600;
        match self {
            Self::UnverifiedMinute | Self::VerifiedMinute | Self::PrefixUnverified | Self::PrefixVerified => {
                Duration::from_secs(3 * HOUR)
            }
            Self::Unverified | Self::Verified => Duration::from_secs(15 * 24 * HOUR),
            Self::Texts | Self::Spend => Duration::from_secs(48 * HOUR),
        }
    }
}

impl Key {
    pub(super) fn tally(self, count: i64) -> Tally {
        let letter = |linked| if linked { "l" } else { "u" };
        let (kind, detail) = match self.what {
            What::Minute { verified, linked, minute } => {
                let kinds = [TallyKind::UnverifiedMinute, TallyKind::VerifiedMinute];
                (kinds[usize::from(verified)], format!("{}{minute:02}", letter(linked)))
            }
            What::Hour { verified, linked } => {
                let kinds = [TallyKind::Unverified, TallyKind::Verified];
                (kinds[usize::from(verified)], letter(linked).to_owned())
            }
            What::Prefix { verified, prefix } => {
                let kinds = [TallyKind::PrefixUnverified, TallyKind::PrefixVerified];
                (kinds[usize::from(verified)], prefix.digits())
            }
            What::Texts => (TallyKind::Texts, String::new()),
            What::Spend(currency) => (TallyKind::Spend, currency.to_string()),
        };
        let hour = Timestamp::from_millis(self.hour.saturating_mul(3_600_000));
        Tally { hour, kind, region: self.region, detail, count }
    }

    /// `None` for what no version of this program writes.
    pub(super) fn of(tally: &Tally) -> Option<Self> {
        let detail = tally.detail.as_str();
        let linked = || match detail.as_bytes().first()? {
            b'u' => Some(false),
            b'l' => Some(true),
            _ => None,
        };
        let minute = || detail.get(1..)?.parse().ok().filter(|minute| *minute < 60);
        let what = match tally.kind {
            kind @ (TallyKind::UnverifiedMinute | TallyKind::VerifiedMinute) => What::Minute {
                verified: kind == TallyKind::VerifiedMinute,
                linked: linked()?,
                minute: minute()?,
            },
            kind @ (TallyKind::Unverified | TallyKind::Verified) => {
                What::Hour { verified: kind == TallyKind::Verified, linked: linked()? }
            }
            kind @ (TallyKind::PrefixUnverified | TallyKind::PrefixVerified) => {
                What::Prefix { verified: kind == TallyKind::PrefixVerified, prefix: Prefix::parse(detail)? }
            }
            TallyKind::Texts => What::Texts,
            TallyKind::Spend => What::Spend(Currency::from_iso(detail)?),
        };
        Some(Self { hour: tally.hour.as_millis().div_euclid(3_600_000), region: tally.region, what })
    }
}

impl Pending {
    pub(super) fn add(&mut self, key: Key, by: i64) {
        *self.0.entry(key).or_insert(0) += by;
    }

    pub(super) fn of(&self, key: Key) -> i64 {
        self.0.get(&key).copied().unwrap_or(0)
    }

    /// All of it, without what came to nothing.
    pub(super) fn drain(&mut self) -> Vec<Tally> {
        self.0.drain().filter(|(_, count)| *count != 0).map(|(key, count)| key.tally(count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn what() -> impl Strategy<Value = What> {
        let prefix = (1_u64..10_000_000_000).prop_map(|value| Prefix::from_value(value).unwrap());
        prop_oneof![
            (any::<bool>(), any::<bool>(), 0_u8..60).prop_map(|(verified, linked, minute)| What::Minute {
                verified,
                linked,
                minute
            }),
            (any::<bool>(), any::<bool>()).prop_map(|(verified, linked)| What::Hour { verified, linked }),
            (any::<bool>(), prefix).prop_map(|(verified, prefix)| What::Prefix { verified, prefix }),
            Just(What::Texts),
            Just(What::Spend(Currency::from_iso("USD").unwrap())),
        ]
    }

    proptest! {
        #[test]
        fn a_tally_is_read_as_it_was_written(what in what(), hour in 400_000_i64..600_000, count: i64) {
            let key = Key { hour, region: Region::from_iso("DE"), what };
            let tally = key.tally(count);
            prop_assert_eq!(Key::of(&tally), Some(key));
            prop_assert_eq!(TallyKind::from_name(tally.kind.as_str()), Some(tally.kind));
        }
    }
}
