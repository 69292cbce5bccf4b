//! Users and attackers: who asks when, and who verifies.

use super::chance::Chance;
use super::countries::{self, Country};
use super::relay::{Ask, Relay};
use neon_sms_relay::domain::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;

/// Seconds of a day.
pub const DAY: f64 = 86_400.0;
/// Seconds of an hour.
pub const HOUR: f64 = 3_600.0;

/// Who somebody is, as the table counts them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// A user whose number was verified before.
    Known,
    /// A user who is new.
    New,
    /// Neither.
    Attacker,
}

/// Somebody who asks for codes.
pub struct Person {
    pub who: Who,
    pub country: Country,
    pub ask: Ask,
    /// Seconds between the request that was sent and the next step; the last one is a verification, or none.
    pub retries: Vec<f64>,
    pub verifies: Option<f64>,
    pub refused: bool,
    /// The texts that were sent, in seconds.
    pub texts: Vec<f64>,
}

/// What happens to whom.
enum Step {
    Asks { retry: usize },
    Verifies,
}

/// Everybody, and what they are about to do.
pub struct People {
    pub everybody: Vec<Person>,
    steps: BinaryHeap<Reverse<(i64, usize, u8)>>,
    pub chance: Chance,
}

/// A crowd of users.
#[derive(Clone, Copy)]
pub struct Crowd {
    pub country: Country,
    /// From when to when, in seconds.
    pub during: (f64, f64),
    /// How many an hour, on average.
    pub per_hour: f64,
    /// How many of them verify in the end.
    pub verify: f64,
    /// The part whose number was verified before.
    pub known: f64,
    /// Whether numbers of new ones are linked.
    pub linked: bool,
    /// Whether more come in the evening than at night.
    pub by_day: bool,
    pub address: Option<IpAddr>,
}

impl Crowd {
    /// New users of a country all day long.
    pub fn new(country: Country, per_hour: f64) -> Self {
        let during = (0.0, DAY);
        Self {
            country,
            during,
            per_hour,
            verify: 0.78,
            known: 0.0,
            linked: false,
            by_day: true,
            address: None,
        }
    }
}

impl People {
    pub fn new(seed: u64) -> Self {
        Self { everybody: Vec::new(), steps: BinaryHeap::new(), chance: Chance::new(seed) }
    }

    /// Somebody comes at a time.
    pub fn comes(&mut self, person: Person, at: f64) {
        self.everybody.push(person);
        self.steps.push(Reverse((millis(at), self.everybody.len() - 1, 0)));
    }

    /// A crowd comes, each at a time of their own.
    pub fn crowd(&mut self, crowd: &Crowd) {
        let mut at = crowd.during.0;
        let most = if crowd.by_day { 1.8 } else { 1.0 };
        loop {
            at += self.chance.wait(crowd.per_hour * most / HOUR);
            if at >= crowd.during.1 {
                return;
            }
            if !crowd.by_day || self.chance.happens(time_of_day(at) / most) {
                self.user(crowd, at);
            }
        }
    }

    /// One of a crowd comes at a time.
    pub fn user(&mut self, crowd: &Crowd, at: f64) {
        let chance = &mut self.chance;
        let known = chance.happens(crowd.known);
        let number = countries::number(crowd.country, chance);
        let ask = Ask { number, linked: known || crowd.linked, address: crowd.address };
        let verifies = chance.happens(if known { 0.93 } else { crowd.verify });
        // Some texts are late, some codes mistyped; who does not verify tries again less often than twice.
        let again = if verifies { 0.12 } else { 0.3 };
        let mut retries = Vec::new();
        while chance.happens(again) && retries.len() < 3 {
            let pause = if retries.len() < 2 { 35.0 } else { 65.0 };
            retries.push(pause + chance.wait(1.0 / 25.0));
        }
        let verifies = verifies.then(|| (6.0 + chance.wait(1.0 / 22.0) + chance.part() * 12.0).min(280.0));
        let who = if known { Who::Known } else { Who::New };
        self.comes(
            Person { who, country: crowd.country, ask, retries, verifies, refused: false, texts: Vec::new() },
            at,
        );
    }

    /// An attacker asks for a number.
    pub fn attacker(&mut self, country: Country, number: sms_providers::PhoneNumber, at: f64) {
        let ask = Ask { number, linked: false, address: None };
        let person = Person {
            who: Who::Attacker,
            country,
            ask,
            retries: Vec::new(),
            verifies: None,
            refused: false,
            texts: Vec::new(),
        };
        self.comes(person, at);
    }

    /// Everybody does what they are about to do, to the end of the time.
    pub fn live(&mut self, relay: &mut dyn Relay, start: Timestamp) {
        let at = |millis: i64| Timestamp::from_millis(start.as_millis() + millis);
        for person in self.everybody.iter().filter(|person| person.who == Who::Known) {
            let days = 1 + (person.ask.number.digits().len() as i64 * 7) % 80;
            relay.knows(&person.ask.number, at(-days * 86_400_000));
        }
        while let Some(Reverse((millis, who, step))) = self.steps.pop() {
            let person = &mut self.everybody[who];
            let step = if step == u8::MAX { Step::Verifies } else { Step::Asks { retry: usize::from(step) } };
            match step {
                Step::Verifies => relay.verifies(&person.ask, at(millis)),
                Step::Asks { retry } => {
                    let sent = relay.asks(&person.ask, at(millis));
                    person.refused |= !sent;
                    if sent {
                        person.texts.push(millis as f64 / 1000.0);
                    }
                    let next = match (sent, person.retries.get(retry), person.verifies) {
                        (_, Some(pause), _) => Some((*pause, u8::try_from(retry).unwrap_or(0) + 1)),
                        (true, None, Some(pause)) => Some((pause, u8::MAX)),
                        _ => None,
                    };
                    if let Some((pause, step)) = next {
                        self.steps.push(Reverse((millis + self::millis(pause), who, step)));
                    }
                }
            }
        }
    }
}

fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

/// How busy a time of the day is, 1 on average.
pub fn time_of_day(at: f64) -> f64 {
    let hour = (at / HOUR) % 24.0;
    1.0 - 0.75 * ((hour + 2.0) / 24.0 * std::f64::consts::TAU).cos()
}
