//! Who lives where, and what is wrong with whom. Vendors are invented; each borrows the name of a real one, since stores
//! know no other.

use neon_sms_relay::store::Text;
use rand::RngExt;
use rand::rngs::SmallRng;
use sms_providers::ProviderName;
use std::time::Duration;

pub struct Country {
    pub iso: &'static str,
    pub percent: usize,
    prefix: &'static str,
    digits: usize,
    /// Percent of codes that are typed on other days.
    pub usual: i64,
}

pub const COUNTRIES: [Country; 8] = [
    Country { iso: "US", percent: 30, prefix: "+12022", digits: 6, usual: 94 },
    Country { iso: "DE", percent: 20, prefix: "+49151", digits: 8, usual: 92 },
    Country { iso: "GB", percent: 14, prefix: "+447400", digits: 6, usual: 93 },
    Country { iso: "IN", percent: 14, prefix: "+919812", digits: 6, usual: 88 },
    Country { iso: "BR", percent: 9, prefix: "+551196", digits: 7, usual: 91 },
    Country { iso: "KZ", percent: 3, prefix: "+7701", digits: 7, usual: 90 },
    Country { iso: "NG", percent: 5, prefix: "+234803", digits: 7, usual: 80 },
    Country { iso: "CI", percent: 5, prefix: "+2250707", digits: 6, usual: 85 },
];

pub struct Vendor {
    pub name: ProviderName,
    pub micros: i64,
}

pub const VENDORS: [Vendor; 3] = [
    Vendor { name: ProviderName::Twilio, micros: 40_000 },
    Vendor { name: ProviderName::Vonage, micros: 45_000 },
    Vendor { name: ProviderName::MessageBird, micros: 55_000 },
];

/// What becomes of a text.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    Arrives,
    /// Nothing is heard of it.
    Vanishes,
    /// A report says so, with this code.
    Fails(&'static str),
    /// It is not taken: a verdict and a code.
    Refused(&'static str, Option<&'static str>),
}

impl Fate {
    pub fn answer(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Arrives | Self::Vanishes | Self::Fails(_) => (Text::ACCEPTED, None),
            Self::Refused(verdict, code) => (verdict, code),
        }
    }
}

impl Country {
    pub fn number(&self, index: usize) -> String {
        format!("{}{index:0width$}", self.prefix, width = self.digits)
    }

    /// Whether somebody is paid for texts there at this time.
    pub fn is_pumped(&self, ago: Duration) -> bool {
        self.iso == "CI" && (2 * 3600..8 * 3600).contains(&ago.as_secs())
    }
}

pub fn country(luck: &mut SmallRng) -> &'static Country {
    let mut left = luck.random_range(0..100);
    COUNTRIES
        .iter()
        .find(|country| {
            let here = left < country.percent;
            left = left.saturating_sub(country.percent);
            here
        })
        .unwrap_or(&COUNTRIES[0])
}

/// What a vendor makes of a text to a country, so long ago.
pub fn fate(vendor: ProviderName, country: &str, ago: Duration, luck: &mut SmallRng) -> Fate {
    let roll: f64 = luck.random();
    let minutes = ago.as_secs() / 60;
    match (vendor, country) {
        (ProviderName::Twilio, _) if (300..325).contains(&minutes) => Fate::Refused("unavailable", None),
        (ProviderName::Twilio, "NG") => Fate::Refused("unreachable", Some("21408")),
        (ProviderName::Twilio, "DE") if roll < 0.15 => Fate::Fails("30008"),
        (ProviderName::Twilio, "US") if roll < 0.02 => Fate::Refused("bad_recipient", Some("21211")),
        (ProviderName::Twilio, "US" | "GB") if minutes < 100 && roll < 0.5 => Fate::Fails("30007"),
        (ProviderName::Twilio, "IN") if roll < 0.3 => Fate::Vanishes,
        (ProviderName::Vonage, "NG") if roll < 0.6 => Fate::Fails("6"),
        (ProviderName::Vonage, _) if roll < 0.06 => Fate::Fails("4711"),
        _ if roll > 0.985 => Fate::Vanishes,
        _ => Fate::Arrives,
    }
}
