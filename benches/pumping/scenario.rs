//! The scenarios, and what is counted of them.

use super::chance::Chance;
use super::countries::{ATTACKED, Country, HOME, SECOND, THIRD, number, numbered};
use super::people::{Crowd, DAY, HOUR, People, Who, time_of_day};
use super::relay::{Guarded, Unguarded};
use neon_sms_relay::domain::{Region, Timestamp};
use neon_sms_relay::guard::{Guard, GuardSettings, Tally, TallyKind};
use sms_providers::PhoneNumber;
use std::collections::HashMap;

/// What a text costs, in dollars.
pub const PRICE: f64 = 0.08;
/// The day begins at midnight of UTC.
pub const START: Timestamp = Timestamp::from_millis(1_790_035_200_000);
/// When attacks begin: in the quiet of the night, or in the middle of the day.
pub const ATTACK_AT: f64 = 9.0 * HOUR;

/// Who comes on one day, and what was before it.
pub struct Scenario {
    pub name: String,
    pub people: People,
    /// New users an hour of two weeks before, by country.
    pub past: Vec<(Country, f64)>,
    pub settings: GuardSettings,
    pub attack_at: f64,
    /// Whether the attack is among so many users that chance alone loses as many codes.
    pub hides_in_a_crowd: bool,
}

/// What became of one day.
#[derive(Debug, Default)]
pub struct Figures {
    /// Texts to attackers in the first hour and in the 24 hours after: of the country that got most of both.
    pub first: (u64, u64),
    /// The most of any further country.
    pub further: (u64, u64),
    /// All together.
    pub all: (u64, u64),
    /// How many countries were attacked.
    pub countries: usize,
    /// Users who were refused a text, of all: known ones, new ones in attacked countries, and elsewhere.
    pub known: (u64, u64),
    pub new_there: (u64, u64),
    pub new_elsewhere: (u64, u64),
    /// Which rules refused, most often first.
    pub rules: Vec<(String, u64)>,
}

impl Figures {
    /// New users who were refused, of all, wherever they are.
    pub fn of_new_users(&self) -> (u64, u64) {
        (self.new_there.0 + self.new_elsewhere.0, self.new_there.1 + self.new_elsewhere.1)
    }
}

impl Scenario {
    /// Lets the day pass without the guard.
    pub fn run_without(mut self) -> Figures {
        self.people.live(&mut Unguarded, START);
        self.figures()
    }

    /// Lets the day pass with it.
    pub fn run(mut self) -> Figures {
        let mut relay = Guarded::new(Guard::new(self.settings.clone()));
        relay.guard.absorb(&past(&self.past), START);
        self.people.live(&mut relay, START);
        let mut rules: Vec<_> = relay.refusals.into_iter().collect();
        rules.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Figures { rules, ..self.figures() }
    }

    fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        let mut attacked: HashMap<&str, (u64, u64)> = HashMap::new();
        for person in self.people.everybody.iter().filter(|person| person.who == Who::Attacker) {
            let lost = attacked.entry(person.country.0).or_default();
            for text in &person.texts {
                lost.0 += u64::from(*text < self.attack_at + HOUR);
                lost.1 += 1;
            }
        }
        let mut lost: Vec<_> = attacked.values().copied().collect();
        lost.sort_unstable_by_key(|(hour, day)| std::cmp::Reverse((*day, *hour)));
        figures.countries = lost.len();
        figures.all = lost.iter().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        figures.first = lost.first().copied().unwrap_or_default();
        figures.further =
            lost.iter().skip(1).fold((0, 0), |most, one| (most.0.max(one.0), most.1.max(one.1)));
        for person in &self.people.everybody {
            let count = match person.who {
                Who::Attacker => continue,
                Who::Known => &mut figures.known,
                Who::New if attacked.contains_key(person.country.0) => &mut figures.new_there,
                Who::New => &mut figures.new_elsewhere,
            };
            *count = (count.0 + u64::from(person.refused), count.1 + 1);
        }
        figures
    }
}

/// Two weeks of so many new users an hour, as the store remembers them.
fn past(countries: &[(Country, f64)]) -> Vec<Tally> {
    let mut tallies = Vec::new();
    for ((letters, ..), per_hour) in countries {
        for ago in 1..=14 * 24 {
            let hour = Timestamp::from_millis(START.as_millis() - ago * 3_600_000);
            let users = per_hour * time_of_day((24 * 14 - ago) as f64 * HOUR);
            let tally = |kind, count: f64| {
                let (region, detail) = (Region::from_iso(letters), "u".to_owned());
                Tally { hour, kind, region, detail, count: count.round() as i64 }
            };
            tallies.push(tally(TallyKind::Verified, users * 0.78));
            tallies.push(tally(TallyKind::Unverified, users * 0.22 * 1.4));
        }
    }
    tallies
}

/// An app that has been running: known users come back, some are new; in three countries.
fn running(name: &str, scale: f64, seed: u64) -> Scenario {
    let mut people = People::new(seed);
    let mut before = Vec::new();
    for (country, part) in [(HOME, 1.0), (SECOND, 0.4), (THIRD, 0.05)] {
        let new = 20.0 * scale * part;
        people.crowd(&Crowd { known: 0.8, ..Crowd::new(country, new * 5.0) });
        before.push((country, new));
    }
    let settings = GuardSettings::default();
    Scenario {
        name: name.to_owned(),
        people,
        past: before,
        settings,
        attack_at: ATTACK_AT,
        hides_in_a_crowd: false,
    }
}

/// An app that nobody has used yet.
fn fresh(name: &str, seed: u64) -> Scenario {
    let people = People::new(seed);
    Scenario {
        name: name.to_owned(),
        people,
        past: Vec::new(),
        settings: GuardSettings::default(),
        attack_at: ATTACK_AT,
        hides_in_a_crowd: false,
    }
}

/// So many requests a second for a day, for numbers that are made one after the other.
fn attack(
    mut scenario: Scenario,
    per_second: f64,
    next: impl Fn(u64, &mut Chance) -> (Country, PhoneNumber),
) -> Scenario {
    let (mut at, mut count) = (scenario.attack_at, 0);
    while at < scenario.attack_at + DAY {
        let (country, number) = next(count, &mut scenario.people.chance);
        scenario.people.attacker(country, number, at);
        (at, count) = (at + 1.0 / per_second, count + 1);
    }
    scenario
}

/// Every attack, at so many requests a second where it is not a slow one.
pub fn attacks(seed: u64, pace: f64) -> Vec<Scenario> {
    let target = ATTACKED[0];
    let one_prefix = |_, chance: &mut Chance| (target, numbered("+225070012", chance.one_of(10_000), 4));
    let one_country = |_, chance: &mut Chance| (target, number(target, chance));
    let at_home = |_, chance: &mut Chance| (HOME, number(HOME, chance));
    let in_turn = |count: u64, chance: &mut Chance| {
        let country = ATTACKED[count as usize % ATTACKED.len()];
        (country, number(country, chance))
    };
    let one_after_the_other = move |count: u64, chance: &mut Chance| {
        // A country for ten minutes.
        let country = ATTACKED[(count as f64 / pace) as usize / 600 % ATTACKED.len()];
        (country, number(country, chance))
    };
    let slow = 1.0 / 60.0;
    let hidden = |scenario| Scenario { hides_in_a_crowd: true, ..scenario };
    vec![
        attack(running("one prefix", 1.0, seed), pace, one_prefix),
        attack(running("one country", 1.0, seed), pace, one_country),
        attack(running("40 countries in turn", 1.0, seed), pace, in_turn),
        attack(running("40 countries, one after the other", 1.0, seed), pace, one_after_the_other),
        attack(running("slow, 1 a minute", 1.0, seed), slow, one_country),
        attack(running("slow, 1 a minute, among users", 1.0, seed), slow, at_home),
        attack(running("among users", 1.0, seed), pace, at_home),
        attack(hidden(running("inside a busy day", 10.0, seed)), pace, at_home),
        attack(fresh("a fresh install", seed), pace, one_country),
        attack(fresh("a fresh install, 40 countries", seed), pace, in_turn),
        attack(launch("during a launch", 0.78, seed), pace, one_country),
        attack(hidden(launch("during a launch, among users", 0.78, seed)), pace, at_home),
    ]
}

/// From nothing to a thousand users an hour, in bursts of 50 a minute.
fn launch(name: &str, verify: f64, seed: u64) -> Scenario {
    let mut scenario = fresh(name, seed);
    let crowd = Crowd { verify, by_day: false, ..Crowd::new(HOME, 1_000.0) };
    for minute in 0..24 * 60 {
        // Every third minute 50 of them.
        let start = f64::from(minute) * 60.0;
        for user in 0..if minute % 3 == 0 { 50 } else { 0 } {
            scenario.people.user(&crowd, ATTACK_AT - HOUR + start + f64::from(user) * 1.2);
        }
    }
    scenario
}

/// Every day without an attack; the large app is so many times an ordinary one.
pub fn quiet(seed: u64, large: f64) -> Vec<Scenario> {
    let mut all: Vec<_> = [0.70, 0.78, 0.85]
        .map(|verify| launch(&format!("a launch, {:.0} % verify", verify * 100.0), verify, seed))
        .into();
    all.push(running("an ordinary day", 1.0, seed));
    all.push(running("a day of a large app", large, seed));
    let mut five = running("five times the traffic", 5.0, seed);
    five.past.iter_mut().for_each(|(_, per_hour)| *per_hour /= 5.0);
    all.push(five);
    let mut opens = running("a country opens", 1.0, seed);
    opens.people.crowd(&Crowd::new(ATTACKED[0], 200.0));
    all.push(opens);
    let mut letter = running("a newsletter at 9:00", 1.0, seed);
    let during = (9.0 * HOUR, 9.25 * HOUR);
    letter.people.crowd(&Crowd { known: 0.75, by_day: false, during, ..Crowd::new(HOME, 6_000.0) });
    all.push(letter);
    let mut office = fresh("an office behind one address", seed);
    office.settings.by_address = true;
    let address = "203.0.113.7".parse().ok();
    let during = (9.0 * HOUR, 9.2 * HOUR);
    office.people.crowd(&Crowd { by_day: false, during, address, ..Crowd::new(HOME, 300.0) });
    all.push(office);
    let mut installed = fresh("installed into an app that runs", seed);
    installed.people.crowd(&Crowd { linked: true, ..Crowd::new(HOME, 500.0) });
    installed.people.crowd(&Crowd::new(HOME, 50.0));
    all.push(installed);
    let mut mistypes = fresh("a user who mistypes three times", seed);
    mistypes.people.user(&Crowd { verify: 1.0, ..Crowd::new(HOME, 1.0) }, 9.0 * HOUR);
    if let Some(person) = mistypes.people.everybody.last_mut() {
        person.retries = vec![35.0, 40.0, 65.0];
    }
    all.push(mistypes);
    all
}
