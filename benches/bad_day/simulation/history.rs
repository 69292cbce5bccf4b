//! The fourteen days before: what an adaptive relay has learnt of the vendors by the morning of the bad one.

use super::scene::{COUNTRIES, NEVER_TYPE, VENDORS};
use super::world::MIDNIGHT;
use neon_sms_relay::store::{Batch, Store, Tally};

/// How many days are remembered.
const DAYS: i64 = 14;
/// The share of first texts that whoever is behind gets.
const BEHIND: f64 = 0.02;

/// Writes down days on which as many users came as today, and all went as the table says for a common day.
pub async fn write(store: &dyn Store, users_a_day: usize) {
    let midnight = Tally::hour_of(MIDNIGHT);
    let mut tallies = Vec::new();
    for country in &COUNTRIES {
        let by_hour = users_a_day as f64 * country.percent as f64 / 100.0 / 24.0;
        let best = VENDORS.iter().map(|vendor| vendor.usual_share(country.iso)).fold(0.0, f64::max);
        for vendor in &VENDORS {
            let arrive = vendor.usual_share(country.iso);
            let leads = arrive == best;
            let share = if leads { 1.0 - BEHIND * (VENDORS.len() - 1) as f64 } else { BEHIND };
            // As many over all days as it comes to, however few that is in an hour.
            let texts = by_hour * share * (DAYS * 24) as f64;
            let spread = |total: f64, hour: i64| {
                let until = |hours: i64| (total * hours as f64 / (DAYS * 24) as f64).round() as i64;
                until(hour + 1) - until(hour)
            };
            let verified = texts * arrive * (1.0 - NEVER_TYPE);
            let counts = [("first_ended", texts), ("first_verified", verified)];
            for (hour, (kind, total)) in (0..DAYS * 24).flat_map(|hour| counts.map(|count| (hour, count))) {
                tallies.push(Tally {
                    hour: midnight - DAYS * 24 + hour,
                    kind: kind.to_owned(),
                    region: country.iso.to_owned(),
                    detail: vendor.name.to_string(),
                    count: spread(total, hour),
                });
            }
        }
    }
    let batch = Batch { writer: "history".to_owned(), number: 1, hour: midnight };
    store.tally(&tallies, &batch).await.unwrap();
}
