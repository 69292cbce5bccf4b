//! What a vendor says that a text costs.

use std::fmt;

/// An amount in one currency, exact to a millionth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Price {
    micros: i64,
    currency: [u8; 3],
}

/// A billion, in millionths: no text costs more, and sums of thousands of such prices still fit.
const MOST: i64 = 1_000_000_000_000_000;
const MICROS: i64 = 1_000_000;

impl Price {
    /// An amount in millionths of a currency of three capital letters; `None` for another currency, a debt, or
    /// more than a billion.
    pub fn from_micros(micros: i64, currency: &str) -> Option<Self> {
        let currency: [u8; 3] = currency.as_bytes().try_into().ok()?;
        let is_currency = currency.iter().all(u8::is_ascii_uppercase);
        (is_currency && (0..=MOST).contains(&micros)).then_some(Self { micros, currency })
    }

    /// Reads a decimal such as `0.0333`. What lies beyond the sixth place is rounded, half of it up.
    pub fn parse(amount: &str, currency: &str) -> Option<Self> {
        let (whole, fraction) = amount.trim().split_once('.').unwrap_or((amount.trim(), "0"));
        let is_number =
            |digits: &str| (1..=30).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let millionths: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
        let rounds_up = fraction.as_bytes().get(6).is_some_and(|digit| *digit >= b'5');
        let whole = whole.parse::<i64>().ok()?.checked_mul(MICROS)?;
        Self::from_micros(whole.checked_add(millionths)?.checked_add(rounds_up.into())?, currency)
    }

    /// The amount in millionths of the currency.
    pub fn micros(self) -> i64 {
        self.micros
    }

    /// The currency: three capital letters of ISO 4217.
    pub fn currency(&self) -> &str {
        str::from_utf8(&self.currency).unwrap_or_default()
    }

    /// The amount as a decimal without needless zeros: `0.0333`, `2`.
    pub fn amount(self) -> String {
        let (whole, millionths) = (self.micros / MICROS, self.micros % MICROS);
        let decimal = format!("{whole}.{millionths:06}");
        decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn micros(amount: &str) -> Option<i64> {
        Price::parse(amount, "EUR").map(Price::micros)
    }

    #[test]
    fn a_decimal_is_read_exactly_and_rounded_only_beyond_millionths() {
        for (amount, expected) in [
            ("0.0333", Some(33_300)),
            ("0.03330000", Some(33_300)),
            ("2", Some(2_000_000)),
            ("0", Some(0)),
            (" 0.06 ", Some(60_000)),
            ("0.0000005", Some(1)),
            ("0.00000049", Some(0)),
            ("0.9999999", Some(1_000_000)),
            ("1000000000", Some(MOST)),
        ] {
            assert_eq!(micros(amount), expected, "{amount}");
        }
    }

    #[test]
    fn what_is_no_price_is_none() {
        let long = "9".repeat(40);
        for amount in
            ["", ".", "1.", ".5", "-0.01", "+1", "1e3", "NaN", "0,05", "1.2.3", "1000000000.01", &long]
        {
            assert_eq!(micros(amount), None, "{amount}");
        }
        for currency in ["", "eur", "EURO", "E", "€€€", "12A"] {
            assert_eq!(Price::parse("1", currency), None, "{currency}");
        }
    }

    #[test]
    fn a_price_is_shown_with_its_currency_and_without_needless_zeros() {
        assert_eq!(Price::parse("0.03330000", "EUR").unwrap().to_string(), "0.0333 EUR");
        assert_eq!(Price::parse("20.00", "USD").unwrap().to_string(), "20 USD");
    }

    proptest! {
        #[test]
        fn whatever_is_shown_is_read_back(micros in 0..=MOST) {
            let price = Price::from_micros(micros, "USD").unwrap();
            prop_assert_eq!(Price::parse(&price.amount(), price.currency()), Some(price));
        }

        #[test]
        fn no_text_makes_it_panic(amount in ".{0,40}", currency in ".{0,4}") {
            let _ = Price::parse(&amount, &currency);
        }
    }
}
