//! Countries, for what differs from one to the next: who a text comes from.

use std::fmt;
use std::str::FromStr;

/// A country or territory by its two letters of ISO 3166-1, such as `DE`. Whether it exists is not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

/// Not two capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not two capital letters such as DE")]
pub struct CountryError;

impl Country {
    /// The two letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let letters: [u8; 2] = code.as_bytes().try_into().map_err(|_| CountryError)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Self(letters)) } else { Err(CountryError) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_capital_letters_are_a_country_and_nothing_else_is() {
        assert_eq!("DE".parse::<Country>().unwrap().to_string(), "DE");
        for odd in ["", "D", "de", "DEU", "D1", "é", "49"] {
            assert_eq!(odd.parse::<Country>(), Err(CountryError), "{odd}");
        }
    }
}
