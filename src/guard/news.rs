//! What an operator should know: how full everything is, and what has just happened.

use super::budget::{Budget, Fill};
use super::settings::Mode;
use super::{Closing, Guard, Money};
use crate::domain::{Region, Timestamp};

/// From this part on a daily limit is nearly used up.
const NEAR: f64 = 0.8;
/// Below this part of the budget an alarm is over.
const OVER: f64 = 0.5;
const MILLION: f64 = 1e6;

/// How full everything is.
#[derive(Debug, Clone)]
pub struct Status {
    /// Whether decisions hold.
    pub mode: Mode,
    /// Unlinked numbers all over the world; while this is full, countries without a past get less.
    pub world: Budget,
    /// Each country to which anything was sent, by its letters.
    pub countries: Vec<CountryStatus>,
    /// Texts since midnight of UTC.
    pub texts_today: u64,
    /// What they cost, by reports and estimates, if prices are set.
    pub spend_today: Option<Money>,
    /// How many of `SMS_DAILY_LIMIT`, if it is set, that is.
    pub daily_limit: Option<Fill>,
    /// How much of `SMS_DAILY_SPEND`, if it is set, that is; in units of the currency.
    pub daily_spend: Option<Fill>,
    /// What is closed.
    pub closings: Vec<Closing>,
}

/// How full one country is.
#[derive(Debug, Clone, Copy)]
pub struct CountryStatus {
    /// Which; `None` for numbers of no country.
    pub region: Option<Region>,
    /// Numbers that nobody has linked.
    pub unlinked: Budget,
    /// All numbers that were not verified before.
    pub all: Budget,
}

/// Something that has just happened, to be logged once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Four fifths of `SMS_DAILY_LIMIT` are used up.
    LimitNear,
    /// `SMS_DAILY_LIMIT` is used up.
    LimitReached,
    /// Four fifths of `SMS_DAILY_SPEND` are used up.
    SpendNear,
    /// `SMS_DAILY_SPEND` is used up.
    SpendReached,
    /// More codes are lost than are expected, all over the world.
    AlarmBegan,
    /// No longer.
    AlarmEnded,
}

/// What was told already.
#[derive(Debug, Default)]
pub(super) struct Told {
    day: i64,
    texts: f64,
    spend: f64,
    alarm: bool,
}

impl Guard {
    /// How full everything is.
    pub fn status(&self, now: Timestamp) -> Status {
        let (rules, share) = (&self.settings.budgets, self.settings.unlinked_share());
        let state = &mut *self.state();
        let regions: Vec<_> = state.ledger.countries().map(|country| country.region).collect();
        let countries = regions.into_iter().map(|region| {
            let (unlinked, all) = state.country(region, rules, share, now);
            CountryStatus { region, unlinked, all }
        });
        let countries = countries.collect();
        let (texts, spend) = state.ledger.world.today(now);
        let currency = self.settings.prices.as_ref().map(|prices| prices.currency);
        Status {
            mode: self.settings.mode,
            world: state.world(rules, share, now),
            countries,
            texts_today: u64::try_from(texts).unwrap_or(0),
            spend_today: currency.map(|currency| Money { millionths: spend, currency }),
            daily_limit: self
                .settings
                .daily_limit
                .map(|limit| Fill { used: texts as f64, limit: limit as f64 }),
            daily_spend: self
                .settings
                .daily_spend
                .map(|limit| Fill { used: spend as f64 / MILLION, limit: limit as f64 / MILLION }),
            closings: state.closings.all(now),
        }
    }

    /// What has happened since it was last asked for; each piece once, those of a day once a day.
    pub fn news(&self, now: Timestamp) -> Vec<News> {
        let (mut news, state) = (Vec::new(), &mut *self.state());
        let (texts, spend) = state.ledger.world.today(now);
        let share = self.settings.unlinked_share();
        let world = state.world(&self.settings.budgets, share, now);
        // Where strangers get nothing, nothing of theirs is lost; and an alarm has an end once, not with each code.
        let goes_on = |fill: Fill| fill.ratio() >= OVER;
        let alarm = share > 0.0
            && (world.is_full() || state.told.alarm && (goes_on(world.hour) || goes_on(world.day)));
        let ratio = |used: i64, limit: Option<f64>| limit.map_or(0.0, |limit| used as f64 / limit.max(1.0));
        let texts = ratio(texts, self.settings.daily_limit.map(|limit| limit as f64));
        let spend = ratio(spend, self.settings.daily_spend.map(|limit| limit as f64));
        let day = now.as_millis().div_euclid(86_400_000);
        let told = &mut state.told;
        if day != told.day {
            *told = Told { day, alarm: told.alarm, ..Told::default() };
        }
        for (from, to, near, reached) in [
            (told.texts, texts, News::LimitNear, News::LimitReached),
            (told.spend, spend, News::SpendNear, News::SpendReached),
        ] {
            news.extend((from < NEAR && (NEAR..1.0).contains(&to)).then_some(near));
            news.extend((from < 1.0 && to >= 1.0).then_some(reached));
        }
        if alarm != told.alarm && self.settings.mode != Mode::Off {
            news.push(if alarm { News::AlarmBegan } else { News::AlarmEnded });
        }
        (told.texts, told.spend, told.alarm) = (told.texts.max(texts), told.spend.max(spend), alarm);
        news
    }
}
