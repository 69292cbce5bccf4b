//! Figures of health, made of the latest deliveries and of what all servers counted by the hour. Pure.

mod causes;
mod ratios;
mod spend;

pub(super) use causes::Cause;
pub(super) use ratios::{Ratio, Ratios};
pub(super) use spend::Spend;

use super::standing::{Standing, came_to_nothing, was_taken};
use crate::domain::Timestamp;
use crate::store::browse::USUAL;
use crate::store::texts::Delivery;
use crate::store::{Counts, Tally};
use std::time::Duration;

/// As many deliveries are looked at one by one, the latest: it bounds what a look at the health costs.
pub(super) const SAMPLE: u32 = 5_000;
/// And none that came earlier.
pub(super) const SAMPLED_FOR: Duration = Duration::from_secs(24 * 3600);
/// What a vendor or a country is held against.
pub(super) const USUAL_HOURS: i64 = 14 * 24;
/// The hours in the pictures.
const HOURS: i64 = 24;
/// The upper bounds of the bars of the times, in seconds; the last bar has none.
pub(super) const BOUNDS: [u64; 7] = [5, 10, 20, 30, 60, 120, 300];

/// What figures are made of.
pub(super) struct Seen {
    /// The latest deliveries, the newest first.
    pub latest: Vec<Delivery>,
    /// The counts of [`USUAL_HOURS`].
    pub tallies: Vec<Tally>,
    /// What waits for the app.
    pub outbox: Counts,
    /// Since when the oldest of it does.
    pub waits_since: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

/// All figures.
pub(super) struct Figures {
    /// Codes of the last hour.
    pub hour: Span,
    /// Codes of the last day, as far as the sample reaches.
    pub day: Span,
    /// Since when the sample is complete.
    pub since: Timestamp,
    /// Whether older deliveries of the day were left out.
    pub is_cut: bool,
    /// Codes by the hour: the hour, first texts, and how many of them led to a verification.
    pub by_hour: Vec<(i64, u64, u64)>,
    /// What vendors make of it, by country.
    pub ratios: Ratios,
    /// How long users took, by [`BOUNDS`].
    pub times: [u64; BOUNDS.len() + 1],
    /// Half of the users took no longer; nine of ten took no longer.
    pub half_and_most: Option<(Duration, Duration)>,
    /// Why texts came to nothing, the most frequent cause first.
    pub causes: Vec<Cause>,
    /// The same of the last hour.
    pub causes_of_hour: Vec<Cause>,
    /// Why codes were refused before a text was asked for, the most frequent reason first.
    pub refusals: Vec<(String, u64)>,
    /// What texts cost, as far as vendors say.
    pub spend: Vec<Spend>,
    /// When the last event came.
    pub last_came: Option<Timestamp>,
}

/// Codes of a while.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// All that were asked for.
    pub codes: u64,
    /// The user got in.
    pub verified: u64,
    /// The user may still get in.
    pub waiting: u64,
    /// The code died.
    pub unverified: u64,
    /// No text arrived.
    pub failed: u64,
    /// The limits refused it.
    pub refused: u64,
    /// It was answered with an error, or not at all.
    pub declined: u64,
    /// Texts that vendors took.
    pub texts: u64,
    /// Texts that came to nothing.
    pub lost: u64,
    /// Texts of which something was reported.
    pub reported: u64,
    /// Half of the users that got in took no longer.
    pub half: Option<Duration>,
}

impl Span {
    /// Of those whose codes are typed or dead, how many were typed.
    pub fn success(&self) -> Option<f64> {
        super::words::share(self.verified, self.verified + self.unverified + self.failed)
    }

    fn of<'a>(deliveries: impl Iterator<Item = &'a Delivery>, now: Timestamp) -> Self {
        let (mut span, mut took) = (Self::default(), Vec::new());
        for delivery in deliveries.filter(|delivery| is_code(delivery)) {
            span.codes += 1;
            match Standing::of(delivery, now) {
                Standing::Verified => span.verified += 1,
                Standing::Waiting | Standing::Working | Standing::Done => span.waiting += 1,
                Standing::Unverified => span.unverified += 1,
                Standing::Failed => span.failed += 1,
                Standing::Refused => span.refused += 1,
                Standing::Declined | Standing::Unanswered => span.declined += 1,
            }
            for text in &delivery.texts {
                span.texts += u64::from(was_taken(text));
                span.lost += u64::from(came_to_nothing(text));
                span.reported += u64::from(text.status_at.is_some());
            }
            took.extend(delivery.verified_after());
        }
        took.sort_unstable();
        span.half = took.get(took.len() / 2).copied();
        span
    }
}

/// Whether it was to be texted.
fn is_code(delivery: &Delivery) -> bool {
    delivery.event_type == USUAL
}

impl Figures {
    /// Makes them.
    pub fn of(seen: &Seen) -> Self {
        let Seen { latest, tallies, now, .. } = seen;
        let is_cut = latest.len() >= SAMPLE as usize;
        let oldest = latest.last().filter(|_| is_cut).map(|delivery| delivery.came_at);
        let an_hour_ago = now.minus(Duration::from_secs(3600));
        let mut took: Vec<_> = latest.iter().filter_map(Delivery::verified_after).collect();
        took.sort_unstable();
        let mut times = [0; BOUNDS.len() + 1];
        for took in &took {
            let place = BOUNDS.iter().position(|bound| *took < Duration::from_secs(*bound));
            times[place.unwrap_or(BOUNDS.len())] += 1;
        }
        let at =
            |share: usize| took.get((took.len() * share / 100).min(took.len().saturating_sub(1))).copied();
        Self {
            hour: Span::of(latest.iter().filter(|delivery| delivery.came_at >= an_hour_ago), *now),
            day: Span::of(latest.iter(), *now),
            since: oldest.unwrap_or(now.minus(SAMPLED_FOR)),
            is_cut,
            by_hour: by_hour(tallies, *now),
            ratios: Ratios::of(tallies, *now),
            times,
            half_and_most: at(50).zip(at(90)),
            causes: causes::of(latest.iter()),
            causes_of_hour: causes::of(latest.iter().filter(|delivery| delivery.came_at >= an_hour_ago)),
            refusals: causes::refusals(latest, *now),
            spend: spend::of(tallies, *now),
            last_came: latest.first().map(|delivery| delivery.came_at),
        }
    }
}

fn by_hour(tallies: &[Tally], now: Timestamp) -> Vec<(i64, u64, u64)> {
    let last = Tally::hour_of(now);
    let sum = |hour: i64, kind: &str| {
        let counts = tallies.iter().filter(|tally| tally.hour == hour && tally.kind == kind);
        u64::try_from(counts.map(|tally| tally.count).sum::<i64>()).unwrap_or_default()
    };
    // A verification is counted in the hour in which it came: a little may spill over.
    let hours = last - HOURS + 1..=last;
    hours.map(|hour| (hour, sum(hour, "first"), sum(hour, "verified").min(sum(hour, "first")))).collect()
}

#[cfg(test)]
mod tests;
