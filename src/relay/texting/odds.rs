//! How likely a code gets its user in, by country and provider, and whom to ask first.
//!
//! Thompson sampling over first texts, as Signal's registration service does it: each provider draws from
//! Beta(1 + verified, 1 + not verified), and the highest draw goes first. It tries out while little is known and
//! settles by itself. A decision asks no store.

use super::prices::{Prices, doublings};
use super::tallies::{self, Kind, Purpose};
use crate::domain::Region;
use crate::store::Tally;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Beta, Distribution};
use sms_providers::{Price, ProviderName};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    prices: Prices,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Hour {
    ended: i64,
    verified: i64,
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
    /// What a text costs on average.
    pub price: Option<Price>,
}

impl Chance {
    /// How likely its next first text leads to a verification, by what is known: 0.5 if that is nothing.
    pub fn mean(&self) -> f64 {
        (1.0 + self.verified as f64) / (2.0 + self.ended as f64)
    }
}

/// How likely a provider gets the users of a country in; `None` if nothing is known any more.
pub(super) type Belief = (Option<Region>, ProviderName, Option<f64>);

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
    /// forgets those before `oldest`. Returns what is believed now.
    pub fn learn(&self, tallies: &[Tally], since: i64, oldest: i64) -> Vec<Belief> {
        let mut state = self.state();
        for known in state.known.values_mut() {
            known.hours.retain(|hour, _| (oldest..since).contains(hour));
            known.prices.forget(since, oldest);
        }
        for tally in tallies {
            let Some(Purpose { kind, provider, currency }) = tallies::purpose(tally) else { continue };
            let known = state.known.entry((Region::from_iso(&tally.region), provider)).or_default();
            match (kind, currency) {
                (Kind::FirstEnded, _) => known.hours.entry(tally.hour).or_default().ended += tally.count,
                (Kind::FirstVerified, _) => {
                    known.hours.entry(tally.hour).or_default().verified += tally.count
                }
                (Kind::Priced, Some(currency)) => known.prices.add_texts(tally.hour, currency, tally.count),
                (Kind::Price, Some(currency)) => known.prices.add_cost(tally.hour, currency, tally.count),
                (Kind::First | Kind::Verified | Kind::Priced | Kind::Price, _) => {}
            }
        }
        let mut beliefs = Vec::with_capacity(state.known.len());
        state.known.retain(|(region, provider), known| {
            known.sum = known.hours.values().copied().fold(Hour::default(), Hour::plus);
            known.prices.settle();
            let is_known = !known.hours.is_empty() || !known.prices.is_empty();
            beliefs.push((*region, *provider, is_known.then(|| known.chance(*provider).mean())));
            is_known
        });
        beliefs
    }

    /// Where anything is known.
    pub fn regions(&self) -> Vec<Option<Region>> {
        let regions: BTreeSet<_> = self.state().known.keys().map(|(region, _)| *region).collect();
        regions.into_iter().collect()
    }

    /// Puts whoever is to be asked first at the head.
    pub fn arrange(&self, region: Option<Region>, order: &mut [ProviderName]) {
        let mut state = self.state();
        let State { known, random } = &mut *state;
        let known: Vec<_> = order.iter().map(|provider| known.get(&(region, *provider))).collect();
        let prices: Vec<_> =
            known.iter().map(|known| known.and_then(|known| known.prices.average())).collect();
        let mut scored: Vec<_> = order
            .iter()
            .zip(known.iter().zip(&prices))
            .map(|(provider, (known, price))| {
                let sum = known.map(|known| known.sum).unwrap_or_default();
                (*provider, sum.draw(random) - PRICE_WEIGHT * doublings(*price, &prices))
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

    /// What speaks for each of these, by what is known now; the best one first, price and all.
    pub fn chances(&self, region: Option<Region>, providers: &[ProviderName]) -> Vec<Chance> {
        let state = self.state();
        let chance = |provider: &ProviderName| match state.known.get(&(region, *provider)) {
            Some(known) => known.chance(*provider),
            None => Known::default().chance(*provider),
        };
        let mut chances: Vec<_> = providers.iter().map(chance).collect();
        let prices: Vec<_> = chances.iter().map(|chance| chance.price).collect();
        let worth = |chance: &Chance| chance.mean() - PRICE_WEIGHT * doublings(chance.price, &prices);
        chances.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
        chances
    }
}

impl Known {
    fn chance(&self, provider: ProviderName) -> Chance {
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        let verified = count(self.sum.verified);
        Chance {
            provider,
            // A verification is told at once, the end of its code later.
            ended: count(self.sum.ended).max(verified),
            verified,
            price: self.prices.average(),
        }
    }
}

impl Hour {
    fn plus(self, other: Self) -> Self {
        Self { ended: self.ended + other.ended, verified: self.verified + other.verified }
    }

    fn draw(&self, random: &mut SmallRng) -> f64 {
        let verified = self.verified.max(0);
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
    fn the_order_that_is_told_is_by_success_and_price_and_prices_of_two_currencies_are_never_compared() {
        let told = |currency: &str| {
            let odds = seeded(&[
                tally(1, "first_ended", "twilio", 98),
                tally(1, "first_verified", "twilio", 90),
                tally(1, "priced", &format!("twilio {currency}"), 10),
                tally(1, "price", &format!("twilio {currency}"), 4_000_000),
                tally(1, "first_ended", "vonage", 98),
                tally(1, "first_verified", "vonage", 89),
                tally(1, "priced", "vonage EUR", 10),
                tally(1, "price", "vonage EUR", 1_000_000),
            ]);
            odds.chances(Region::from_iso("DE"), &[Twilio, Vonage])
        };
        let [first, second] = told("EUR")[..] else { panic!() };
        assert_eq!((first.provider, first.mean(), first.price), (Vonage, 0.9, Price::parse("0.1", "EUR")));
        assert_eq!(second.price.map(|price| price.to_string()).as_deref(), Some("0.4 EUR"));
        assert_eq!(told("USD")[0].provider, Twilio);
    }

    #[test]
    fn what_is_believed_is_told_until_nothing_is_known_any_more() {
        let odds = Odds::default();
        let de = Region::from_iso("DE");
        let told = [tally(1, "first_ended", "twilio", 8), tally(1, "first_verified", "twilio", 7)];
        assert_eq!(odds.learn(&told, 0, 0), [(de, Twilio, Some(0.8))]);
        assert_eq!(odds.regions(), [de]);
        assert_eq!(odds.learn(&[], 5, 2), [(de, Twilio, None)]);
        assert_eq!((odds.learn(&[], 5, 2), odds.regions()), (vec![], vec![]));
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
