//! What texts of one provider to one country cost on average.
//!
//! An amount says something only beside another one of the same currency, so nothing is ever converted: where a
//! provider has reported several currencies, the one with the most texts counts.

use sms_providers::Price;
use std::collections::BTreeMap;

/// Three letters of ISO 4217.
type Currency = [u8; 3];

/// What was reported, by the hour.
#[derive(Default)]
pub(super) struct Prices {
    hours: BTreeMap<(i64, Currency), Bill>,
    average: Option<Price>,
}

#[derive(Default)]
struct Bill {
    texts: i64,
    micros: i64,
}

impl Prices {
    /// Forgets the hours from `since` on, which are told anew, and those before `oldest`.
    pub fn forget(&mut self, since: i64, oldest: i64) {
        self.hours.retain(|(hour, _), _| (oldest..since).contains(hour));
    }

    /// Takes note of so many texts with a price.
    pub fn add_texts(&mut self, hour: i64, currency: Currency, texts: i64) {
        self.hours.entry((hour, currency)).or_default().texts += texts;
    }

    /// Takes note of what they cost together, in millionths.
    pub fn add_cost(&mut self, hour: i64, currency: Currency, micros: i64) {
        self.hours.entry((hour, currency)).or_default().micros += micros;
    }

    /// Reckons the average anew.
    pub fn settle(&mut self) {
        let mut bills: BTreeMap<Currency, Bill> = BTreeMap::new();
        for ((_, currency), hour) in &self.hours {
            let bill = bills.entry(*currency).or_default();
            bill.texts += hour.texts;
            bill.micros = bill.micros.saturating_add(hour.micros);
        }
        let usual = bills.into_iter().filter(|(_, bill)| bill.texts > 0).max_by_key(|(_, bill)| bill.texts);
        self.average = usual.and_then(|(currency, bill)| {
            Price::from_micros(bill.micros / bill.texts, std::str::from_utf8(&currency).ok()?)
        });
    }

    /// What a text costs.
    pub fn average(&self) -> Option<Price> {
        self.average
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty()
    }
}

/// How often the price doubles from the cheapest of these of the same currency; nothing if there is none.
pub(super) fn doublings(price: Option<Price>, among: &[Option<Price>]) -> f64 {
    let of = |price: Price| (price.currency().to_owned(), price.micros());
    let Some((currency, micros)) = price.map(of).filter(|(_, micros)| *micros > 0) else { return 0.0 };
    let same = among.iter().copied().flatten().map(of);
    let cheapest = same.filter(|(other, micros)| *other == currency && *micros > 0).map(|(_, micros)| micros);
    cheapest.min().map_or(0.0, |cheapest| (micros as f64 / cheapest as f64).log2())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(amount: &str, currency: &str) -> Option<Price> {
        Some(Price::parse(amount, currency).unwrap())
    }

    #[test]
    fn a_price_is_held_against_those_of_its_own_currency_alone() {
        let prices = [price("0.02", "USD"), price("0.08", "USD"), price("3", "JPY"), price("0", "USD"), None];
        let doublings: Vec<_> = prices.iter().map(|price| doublings(*price, &prices)).collect();
        assert_eq!(doublings, [0.0, 2.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn the_average_is_that_of_the_currency_with_the_most_texts() {
        let mut prices = Prices::default();
        for (hour, currency, texts, micros) in
            [(1, *b"USD", 1, 50_000), (2, *b"USD", 1, 70_000), (2, *b"EUR", 1, 900_000), (9, *b"EUR", 9, 9)]
        {
            prices.add_texts(hour, currency, texts);
            prices.add_cost(hour, currency, micros);
        }
        prices.forget(9, 0);
        prices.settle();
        assert_eq!(prices.average(), price("0.06", "USD"));
        prices.forget(9, 9);
        prices.settle();
        assert!(prices.average().is_none() && prices.is_empty());
    }
}
