//! How likely a code gets its user in, by country and provider, and whom to ask first.
//!
//! Thompson sampling over first texts, as Signal's registration service does it: each provider draws from
//! Beta(1 + verified, 1 + not verified), and the highest draw goes first. It tries out while little is known and
//! settles by itself. A decision asks no store.

use super::tallies::{self, Kind, Purpose};
use crate::domain::Region;
use crate::store::Tally;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Beta, Distribution};
use sms_providers::ProviderName;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// The least share of first texts for each provider that is behind, so that it is seen when it gets better.
const LEAST_SHARE: f64 = 0.02;
/// Twice the price has to be worth so much more of a chance.
const PRICE_WEIGHT: f64 = 0.05;

/// What is known of all.
pub(super) struct Odds {
    state: Mutex<State>,
}

struct State {
    known: HashMap<(Option<Region>, ProviderName), Known>,
    random: SmallRng,
}

/// What is known of one provider in one country, by the hour.
#[derive(Default)]
struct Known {
    hours: BTreeMap<i64, Hour>,
    sum: Hour,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Hour {
    ended: i64,
    verified: i64,
    priced: i64,
    micros: i64,
}

/// What speaks for a provider in a country.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// Who.
    pub provider: ProviderName,
    /// First texts whose codes are dead or were verified.
    pub ended: u64,
    /// How many of them led to a verification.
    pub verified: u64,
    /// What a text costs on average, in the currency of its reports.
    pub price: Option<f64>,
}

impl Default for Odds {
    fn default() -> Self {
        let seed = Uuid::new_v4().as_u64_pair().0;
        let random = SmallRng::seed_from_u64(seed);
        Self { state: Mutex::new(State { known: HashMap::new(), random }) }
    }
}

impl Odds {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the tallies of all instances since the hour `since` in place of what was known of these hours, and
    /// forgets those before `oldest`.
    pub fn learn(&self, tallies: &[Tally], since: i64, oldest: i64) {
        let mut state = self.state();
        for known in state.known.values_mut() {
            known.hours.split_off(&since);
            known.hours = known.hours.split_off(&oldest);
        }
        for tally in tallies {
            let Some(Purpose { kind, provider, currency: _ }) = tallies::purpose(tally) else { continue };
            let known = state.known.entry((Region::from_iso(&tally.region), provider)).or_default();
            let hour = known.hours.entry(tally.hour).or_default();
            match kind {
                Kind::FirstEnded => hour.ended += tally.count,
                Kind::FirstVerified => hour.verified += tally.count,
                Kind::Priced => hour.priced += tally.count,
                Kind::Price => hour.micros += tally.count,
                Kind::First | Kind::Verified => {}
            }
        }
        for known in state.known.values_mut() {
            known.sum = known.hours.values().copied().fold(Hour::default(), Hour::plus);
        }
    }

    /// Puts whoever is to be asked first at the head.
    pub fn arrange(&self, region: Option<Region>, order: &mut [ProviderName]) {
        let mut state = self.state();
        let State { known, random } = &mut *state;
        let sums: Vec<_> = order
            .iter()
            .map(|provider| known.get(&(region, *provider)).map(|known| known.sum).unwrap_or_default())
            .collect();
        let cheapest = sums.iter().filter_map(Hour::price).fold(f64::INFINITY, f64::min);
        let mut scored: Vec<_> = order
            .iter()
            .zip(&sums)
            .map(|(provider, sum)| {
                let dearer =
                    sum.price().filter(|_| cheapest > 0.0).map_or(0.0, |price| (price / cheapest).log2());
                (*provider, sum.draw(random) - PRICE_WEIGHT * dearer)
            })
            .collect();
        scored.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let behind = scored.len().saturating_sub(1);
        if behind > 0 && random.random_bool((LEAST_SHARE * behind as f64).min(1.0)) {
            let luckiest = random.random_range(1..=behind);
            scored[..=luckiest].rotate_right(1);
        }
        for (place, (provider, _)) in order.iter_mut().zip(scored) {
            *place = provider;
        }
    }

    /// What speaks for each of these, by what is known now; the best one first.
    pub fn chances(&self, region: Option<Region>, providers: &[ProviderName]) -> Vec<Chance> {
        let state = self.state();
        let chance = |provider: &ProviderName| {
            let sum = state.known.get(&(region, *provider)).map(|known| known.sum).unwrap_or_default();
            let count = |count: i64| u64::try_from(count).unwrap_or_default();
            let verified = count(sum.verified);
            Chance {
                provider: *provider,
                ended: count(sum.ended).max(verified),
                verified,
                price: sum.price(),
            }
        };
        let mut chances: Vec<_> = providers.iter().map(chance).collect();
        let mean = |chance: &Chance| (1.0 + chance.verified as f64) / (2.0 + chance.ended as f64);
        chances.sort_by(|a, b| mean(b).total_cmp(&mean(a)));
        chances
    }
}

impl Hour {
    fn plus(self, other: Self) -> Self {
        Self {
            ended: self.ended + other.ended,
            verified: self.verified + other.verified,
            priced: self.priced + other.priced,
            micros: self.micros + other.micros,
        }
    }

    fn price(&self) -> Option<f64> {
        (self.priced > 0 && self.micros > 0).then(|| self.micros as f64 / 1e6 / self.priced as f64)
    }

    fn draw(&self, random: &mut SmallRng) -> f64 {
        let verified = self.verified.max(0);
        // A verification is told at once, the end of its code later.
        let in_vain = (self.ended - verified).max(0);
        // Both are at least 1, so there is such a distribution.
        Beta::new(1.0 + verified as f64, 1.0 + in_vain as f64).map_or(0.5, |beta| beta.sample(random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProviderName::{MessageBird, Twilio, Vonage};

    fn tally(hour: i64, kind: &str, detail: &str, count: i64) -> Tally {
        Tally { hour, kind: kind.to_owned(), region: "DE".to_owned(), detail: detail.to_owned(), count }
    }

    fn seeded(tallies: &[Tally]) -> Odds {
        let odds = Odds::default();
        odds.state().random = SmallRng::seed_from_u64(7);
        odds.learn(tallies, 0, 0);
        odds
    }

    /// How often each was first in 10,000 draws.
    fn firsts(odds: &Odds, region: &str, mut order: Vec<ProviderName>) -> HashMap<ProviderName, u32> {
        let mut firsts = HashMap::new();
        for _ in 0..10_000 {
            odds.arrange(Region::from_iso(region), &mut order);
            *firsts.entry(order[0]).or_default() += 1;
        }
        firsts
    }

    #[test]
    fn whoever_gets_users_in_is_asked_first_and_the_others_are_still_tried() {
        let odds = seeded(&[
            tally(1, "first_ended", "twilio", 1000),
            tally(1, "first_verified", "twilio", 500),
            tally(1, "first_ended", "vonage", 1000),
            tally(1, "first_verified", "vonage", 900),
            tally(1, "first_ended", "messagebird", 1000),
            tally(1, "first_verified", "messagebird", 500),
        ]);
        let firsts = firsts(&odds, "DE", vec![Twilio, Vonage, MessageBird]);
        assert!(firsts[&Vonage] > 9_300, "{firsts:?}");
        assert!(firsts[&Twilio] > 150 && firsts[&MessageBird] > 150, "{firsts:?}");
        assert_eq!(odds.chances(Region::from_iso("DE"), &[Twilio, Vonage])[0].provider, Vonage);
    }

    #[test]
    fn where_nothing_is_known_all_are_tried_alike() {
        let firsts = firsts(&seeded(&[]), "FR", vec![Twilio, Vonage]);
        assert!(firsts.values().all(|count| (4_500..5_500).contains(count)), "{firsts:?}");
    }

    #[test]
    fn among_equals_the_cheaper_one_is_preferred_and_a_little_more_money_buys_much_more_success() {
        let priced = |vonage_verified| {
            seeded(&[
                tally(1, "first_ended", "twilio", 2000),
                tally(1, "first_verified", "twilio", 1600),
                tally(1, "priced", "twilio USD", 100),
                tally(1, "price", "twilio USD", 10_000_000),
                tally(1, "first_ended", "vonage", 2000),
                tally(1, "first_verified", "vonage", vonage_verified),
                tally(1, "priced", "vonage USD", 100),
                tally(1, "price", "vonage USD", 20_000_000),
            ])
        };
        assert!(firsts(&priced(1600), "DE", vec![Vonage, Twilio])[&Twilio] > 9_000);
        assert!(firsts(&priced(1900), "DE", vec![Twilio, Vonage])[&Vonage] > 9_000);
    }

    #[test]
    fn what_is_read_again_replaces_what_was_known_and_old_hours_are_forgotten() {
        let odds = seeded(&[tally(1, "first_ended", "twilio", 5), tally(9, "first_ended", "twilio", 5)]);
        odds.learn(&[tally(9, "first_ended", "twilio", 7)], 9, 0);
        let ended = || odds.chances(Region::from_iso("DE"), &[Twilio])[0].ended;
        assert_eq!(ended(), 12);
        odds.learn(&[tally(10, "first_ended", "twilio", 1)], 10, 2);
        assert_eq!(ended(), 8);
    }
}
