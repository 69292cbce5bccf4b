//! All that is counted, here and by other instances: by country, all over the world, by prefix.
//!
//! Every count has a key, under which it is told to the store and taken over from there. What came of the store is the
//! sum over all instances, so that taking it over twice, or late, does no harm.

use super::counts::{Codes, hour, minute};
use super::digits::Prefix;
use super::money::Currency;
use super::prefix::Prefixes;
use super::ring::Ring;
use super::tally::{Key, Pending, Tally, What};
use crate::domain::{Region, Timestamp};

/// Two letters, and one place for numbers of no country.
const PLACES: usize = 26 * 26 + 1;

#[derive(Debug)]
pub(super) struct Ledger {
    countries: Vec<Option<Box<Country>>>,
    pub(super) world: Box<Country>,
    pub(super) prefixes: Prefixes,
    currency: Option<Currency>,
    pending: Pending,
}

/// What is counted of one country.
#[derive(Debug)]
pub(super) struct Country {
    pub(super) region: Option<Region>,
    pub(super) unlinked: Codes,
    pub(super) linked: Codes,
    texts: Ring<i32, 64>,
    spend: Ring<i64, 64>,
}

impl Country {
    fn new(region: Option<Region>) -> Box<Self> {
        let (unlinked, linked) = (Codes::new(), Codes::new());
        Box::new(Self { region, unlinked, linked, texts: Ring::new(), spend: Ring::new() })
    }

    fn codes(&mut self, linked: bool) -> &mut Codes {
        if linked { &mut self.linked } else { &mut self.unlinked }
    }

    /// Texts, and millionths spent, since midnight of UTC.
    pub(super) fn today(&self, now: Timestamp) -> (i64, i64) {
        let midnight = hour(now).div_euclid(24) * 24;
        (self.texts.sum(midnight, midnight + 23), self.spend.sum(midnight, midnight + 23))
    }

    fn apply(&mut self, key: Key, by: i64) {
        match key.what {
            What::Minute { verified, linked, minute } => {
                let codes = self.codes(linked);
                let counts = if verified { &mut codes.verified } else { &mut codes.unverified };
                counts.minutes.add(key.hour * 60 + i64::from(minute), by);
            }
            What::Hour { verified, linked } => {
                let codes = self.codes(linked);
                let counts = if verified { &mut codes.verified } else { &mut codes.unverified };
                counts.hours.add(key.hour, by);
            }
            What::Texts => self.texts.add(key.hour, by),
            What::Spend(_) => self.spend.add(key.hour, by),
            What::Prefix { .. } => {}
        }
    }

    fn at(&self, key: Key) -> i64 {
        let codes = |linked| if linked { &self.linked } else { &self.unlinked };
        match key.what {
            What::Minute { verified, linked, minute } => {
                let codes = codes(linked);
                let counts = if verified { &codes.verified } else { &codes.unverified };
                counts.minutes.at(key.hour * 60 + i64::from(minute))
            }
            What::Hour { verified, linked } => {
                let codes = codes(linked);
                let counts = if verified { &codes.verified } else { &codes.unverified };
                counts.hours.at(key.hour)
            }
            What::Texts => self.texts.at(key.hour),
            What::Spend(_) => self.spend.at(key.hour),
            What::Prefix { .. } => 0,
        }
    }
}

impl Ledger {
    pub(super) fn new(currency: Option<Currency>) -> Self {
        Self {
            countries: std::iter::repeat_with(|| None).take(PLACES).collect(),
            world: Country::new(None),
            prefixes: Prefixes::default(),
            currency,
            pending: Pending::default(),
        }
    }

    pub(super) fn country(&mut self, region: Option<Region>) -> &mut Country {
        self.countries[place(region)].get_or_insert_with(|| Country::new(region))
    }

    pub(super) fn countries(&mut self) -> impl Iterator<Item = &mut Country> {
        self.countries.iter_mut().flatten().map(Box::as_mut)
    }

    /// A code was sent, or is taken back; or is verified.
    pub(super) fn code(
        &mut self,
        region: Option<Region>,
        linked: bool,
        verified: bool,
        at: Timestamp,
        by: i64,
    ) {
        let minute = u8::try_from(minute(at).rem_euclid(60)).unwrap_or(0);
        self.note(at, region, What::Minute { verified, linked, minute }, by);
        self.note(at, region, What::Hour { verified, linked }, by);
    }

    /// The same for its prefix.
    pub(super) fn prefix(
        &mut self,
        region: Option<Region>,
        prefix: Prefix,
        verified: bool,
        at: Timestamp,
        by: i64,
    ) {
        self.note(at, region, What::Prefix { verified, prefix }, by);
    }

    /// A text was sent, whoever has the number, at a price in millionths.
    pub(super) fn text(&mut self, region: Option<Region>, at: Timestamp, by: i64, price: i64) {
        self.note(at, region, What::Texts, by);
        self.spent(region, at, price);
    }

    /// So much more was spent, or less.
    pub(super) fn spent(&mut self, region: Option<Region>, at: Timestamp, price: i64) {
        if let Some(currency) = self.currency.filter(|_| price != 0) {
            self.note(at, region, What::Spend(currency), price);
        }
    }

    fn note(&mut self, at: Timestamp, region: Option<Region>, what: What, by: i64) {
        let key = Key { hour: hour(at), region, what };
        self.apply(key, by, at);
        self.pending.add(key, by);
    }

    fn apply(&mut self, key: Key, by: i64, now: Timestamp) {
        if let What::Prefix { verified, prefix } = key.what {
            return self.prefixes.add(prefix, verified, key.hour, by, now);
        }
        self.country(key.region).apply(key, by);
        self.world.apply(key, by);
    }

    fn at(&mut self, key: Key) -> i64 {
        match key.what {
            What::Prefix { verified, prefix } => self.prefixes.at(prefix, verified, key.hour),
            _ => self.country(key.region).at(key),
        }
    }

    /// What was counted here since the last time.
    pub(super) fn drain(&mut self) -> Vec<Tally> {
        self.pending.drain()
    }

    /// Takes over what all instances counted.
    pub(super) fn absorb(&mut self, tallies: &[Tally], now: Timestamp) {
        for (key, count) in tallies.iter().filter_map(|tally| Some((Key::of(tally)?, tally.count))) {
            let foreign = matches!(key.what, What::Spend(currency) if Some(currency) != self.currency);
            let change = count + self.pending.of(key) - self.at(key);
            if change != 0 && !foreign {
                self.apply(key, change, now);
                let country = self.country(key.region);
                country.unlinked.changed();
                country.linked.changed();
                self.world.unlinked.changed();
                self.world.linked.changed();
            }
        }
    }
}

fn place(region: Option<Region>) -> usize {
    let letters = region.as_ref().map_or(b"".as_slice(), |region| region.as_str().as_bytes());
    match letters {
        [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => usize::from(a - b'A') * 26 + usize::from(b - b'A'),
        _ => PLACES - 1,
    }
}
