//! The day in one table: who lives where, and what is wrong with whom.
//!
//! The vendors are invented; each borrows the name of a real one, since the relay keeps its books by name, and
//! nothing here says anything about the bearer of that name.

use sms_providers::ProviderName;
use std::ops::Range;

/// Where some of the users live.
pub struct Country {
    /// ISO 3166-1.
    pub iso: &'static str,
    /// How many of a hundred users live there.
    pub percent: usize,
    /// What mobile numbers there start with.
    pub prefix: &'static str,
    /// How many digits follow.
    pub digits: usize,
}

/// Somebody who sends texts.
pub struct Vendor {
    /// Whose name it borrows.
    pub name: ProviderName,
    /// What it is called in the report.
    pub letter: &'static str,
    /// Milliseconds until it takes a text.
    pub accepts_in: Range<u64>,
    /// Milliseconds from then until the text arrives; one in twenty takes three times as long.
    pub delivers_in: Range<u64>,
    /// Milliseconds from then until it says so.
    pub reports_in: Range<u64>,
    /// What a text costs, in millionths of a dollar, whether or not it arrives.
    pub micros: i64,
    /// The share of its texts that vanish on the best of days.
    pub loses: f64,
    /// What is wrong with it today.
    pub faults: &'static [Fault],
}

/// What is wrong with a vendor, and in which countries; no country is every country.
pub enum Fault {
    /// It refuses texts.
    Refuses(&'static [&'static str]),
    /// A share vanishes, from this minute of the day on; no report ever comes.
    Drops(&'static [&'static str], f64, u64),
    /// A share is reported as failed after so many seconds.
    Fails(&'static [&'static str], f64, u64),
    /// It is down during these minutes of the day.
    Down(Range<u64>),
}

/// Noon, as a minute of the day.
pub const NOON: u64 = 12 * 60;
/// Users who never type their code, whatever happens.
pub const NEVER_TYPE: f64 = 0.03;
/// Seconds from a text's arrival until its code is typed.
pub const TYPING: Range<u64> = 3..12;
/// Seconds after which somebody without a code asks again.
pub const PATIENCE: Range<u64> = 40..50;
/// How often somebody asks.
pub const ASKS: usize = 3;
/// Seconds that a code lives.
pub const CODE_LIFE: u64 = 300;

/// Where the users live.
pub const COUNTRIES: [Country; 7] = [
    Country { iso: "US", percent: 30, prefix: "+12022", digits: 6 },
    Country { iso: "DE", percent: 20, prefix: "+49151", digits: 8 },
    Country { iso: "GB", percent: 15, prefix: "+447400", digits: 6 },
    Country { iso: "IN", percent: 15, prefix: "+919812", digits: 6 },
    Country { iso: "BR", percent: 10, prefix: "+551196", digits: 7 },
    Country { iso: "KZ", percent: 5, prefix: "+7701", digits: 7 },
    Country { iso: "NG", percent: 5, prefix: "+234803", digits: 7 },
];

/// Who can be asked, in the order in which somebody would write them down: the cheapest one first.
pub const VENDORS: [Vendor; 3] = [
    Vendor {
        name: ProviderName::Twilio,
        letter: "A",
        accepts_in: 80..400,
        delivers_in: 2_000..8_000,
        reports_in: 500..4_000,
        micros: 40_000,
        loses: 0.01,
        faults: &[
            Fault::Drops(&["IN"], 0.30, 0),
            Fault::Fails(&["DE"], 0.15, 8),
            Fault::Refuses(&["NG"]),
            Fault::Down(9 * 60..9 * 60 + 20),
            Fault::Drops(&["US", "GB"], 0.50, NOON),
        ],
    },
    Vendor {
        name: ProviderName::Vonage,
        letter: "B",
        accepts_in: 100..500,
        delivers_in: 2_000..9_000,
        reports_in: 500..5_000,
        micros: 45_000,
        loses: 0.015,
        faults: &[Fault::Fails(&["NG"], 1.0, 8)],
    },
    Vendor {
        name: ProviderName::MessageBird,
        letter: "C",
        accepts_in: 100..600,
        delivers_in: 3_000..12_000,
        reports_in: 500..5_000,
        micros: 55_000,
        loses: 0.02,
        faults: &[],
    },
];

impl Vendor {
    /// The share of its texts to a country that arrive on a day before this one.
    pub fn usual_share(&self, country: &str) -> f64 {
        let arrives = |fault: &Fault| match fault {
            Fault::Refuses(there) if hits(there, country) => 0.0,
            Fault::Drops(there, share, 0) | Fault::Fails(there, share, _) if hits(there, country) => {
                1.0 - share
            }
            _ => 1.0,
        };
        self.faults.iter().map(arrives).product::<f64>() * (1.0 - self.loses)
    }
}

/// Whether a fault in these countries concerns this one.
pub fn hits(there: &[&str], country: &str) -> bool {
    there.is_empty() || there.contains(&country)
}
