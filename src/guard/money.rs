//! Prices: exact amounts of one currency.

use crate::domain::Region;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// A currency as ISO 4217 writes it, such as `USD`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Millionths of the currency's unit.
    pub millionths: i64,
    /// Of which currency.
    pub currency: Currency,
}

/// The text is no amount with its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount with its currency, such as 0.05 USD")]
pub struct MoneyError;

/// What a text costs until its price is reported (`SMS_PRICE`, `SMS_PRICE_<ISO>`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    /// Of all prices.
    pub currency: Currency,
    /// Millionths for a text to a country that has no price of its own.
    pub default: Option<i64>,
    /// Millionths for a text to one country.
    pub by_region: HashMap<Region, i64>,
}

impl Prices {
    /// Millionths for a text; 0 if nobody said.
    pub fn of(&self, region: Option<Region>) -> i64 {
        let own = region.and_then(|region| self.by_region.get(&region));
        own.copied().or(self.default).unwrap_or(0)
    }
}

impl Currency {
    /// Three letters in either case.
    pub fn from_iso(letters: &str) -> Option<Self> {
        let bytes: [u8; 3] = letters.to_ascii_uppercase().into_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The three letters, in capitals.
    pub fn as_str(&self) -> &str {
        // Made of letters alone, so the fallback cannot occur.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// `20 USD`, `0.05 EUR`: at most nine digits before the point and six behind it, nothing below zero.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (amount, currency) = text.trim().split_once(char::is_whitespace).ok_or(MoneyError)?;
        let currency = Currency::from_iso(currency.trim()).ok_or(MoneyError)?;
        let (units, parts) = amount.split_once('.').unwrap_or((amount, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(units) || !digits(parts) || units.len() > 9 || parts.len() > 6 {
            return Err(MoneyError);
        }
        let units: i64 = units.parse().map_err(|_| MoneyError)?;
        let parts: i64 = format!("{parts:0<6}").parse().map_err(|_| MoneyError)?;
        Ok(Self { millionths: units * 1_000_000 + parts, currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, amount) = (if self.millionths < 0 { "-" } else { "" }, self.millionths.unsigned_abs());
        let parts = format!("{:06}", amount % 1_000_000);
        let parts = parts.trim_end_matches('0');
        write!(f, "{sign}{}.{parts:0<2} {}", amount / 1_000_000, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact_and_has_a_currency() {
        for (text, millionths, shown) in [
            ("20 USD", 20_000_000, "20.00 USD"),
            ("0.05 usd", 50_000, "0.05 USD"),
            (" 0.0079  EUR ", 7_900, "0.0079 EUR"),
            ("1.000001 GBP", 1_000_001, "1.000001 GBP"),
        ] {
            let money: Money = text.parse().unwrap();
            assert_eq!((money.millionths, money.to_string().as_str()), (millionths, shown), "{text}");
        }
        for bad in [
            "",
            "20",
            "USD",
            "USD 20",
            "20USD",
            "-1 USD",
            "1,5 EUR",
            "0.0000001 USD",
            ". USD",
            "1e3 USD",
            "1 US",
            "١ USD",
        ] {
            assert_eq!(bad.parse::<Money>(), Err(MoneyError), "{bad}");
        }
    }
}
