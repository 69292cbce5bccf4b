//! What became of the codes that were asked for from one address; in this process alone, and never stored.

use super::budget::{Budget, BudgetRules};
use super::counts::{Seen, hour, minute};
use super::ring::Ring;
use crate::domain::Timestamp;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Addresses that are remembered.
const ADDRESSES: usize = 20_000;
/// A period in which codes are counted, in minutes.
const PERIOD: i64 = 5;

#[derive(Debug, Default)]
pub(super) struct Addresses(HashMap<IpAddr, Codes>);

#[derive(Debug)]
struct Codes {
    unverified: Ring<i32, 16>,
    verified: Ring<i32, 16>,
    unverified_hours: Ring<i32, 32>,
    verified_hours: Ring<i32, 32>,
}

impl Codes {
    fn new() -> Self {
        Self {
            unverified: Ring::new(),
            verified: Ring::new(),
            unverified_hours: Ring::new(),
            verified_hours: Ring::new(),
        }
    }

    fn seen(&self, now: Timestamp) -> Seen {
        let (period, hour) = (period(now), hour(now));
        let alive = |ring: &Ring<i32, 16>| ring.sum(period - 1, period + 1);
        let dead = |ring: &Ring<i32, 16>| ring.sum(period - 13, period - 2);
        let day = |ring: &Ring<i32, 32>| ring.sum(hour - 24, hour + 1);
        let (unverified, verified) = (&self.unverified, &self.verified);
        Seen {
            alive: alive(unverified),
            alive_verified: alive(verified),
            dead: dead(unverified),
            verified: dead(verified),
            dead_day: (day(&self.unverified_hours) - alive(unverified)).max(0),
            verified_day: day(&self.verified_hours),
            ..Seen::default()
        }
    }
}

impl Addresses {
    pub(super) fn budget(&self, rules: &BudgetRules, address: IpAddr, now: Timestamp) -> Budget {
        let seen = self.0.get(&household(address)).map(|codes| codes.seen(now));
        rules.address_budget(&seen.unwrap_or_default())
    }

    pub(super) fn add(&mut self, address: IpAddr, verified: bool, at: Timestamp, by: i64) {
        let address = household(address);
        if self.0.len() >= ADDRESSES && !self.0.contains_key(&address) {
            self.0.retain(|_, codes| codes.seen(at).alive > 0 || codes.seen(at).dead_day > 0);
            if self.0.len() >= ADDRESSES {
                return;
            }
        }
        let codes = self.0.entry(address).or_insert_with(Codes::new);
        let (periods, hours) = match verified {
            true => (&mut codes.verified, &mut codes.verified_hours),
            false => (&mut codes.unverified, &mut codes.unverified_hours),
        };
        periods.add(period(at), by);
        hours.add(hour(at), by);
    }
}

fn period(at: Timestamp) -> i64 {
    minute(at).div_euclid(PERIOD)
}

/// Of IPv6, everybody has a network of 2^64 addresses.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_network_are_one_and_mapped_addresses_are_what_they_map() {
        let at = Timestamp::from_millis(1_790_000_000_000);
        let mut addresses = Addresses::default();
        let parse = |text: &str| text.parse::<IpAddr>().unwrap();
        addresses.add(parse("2001:db8::1"), false, at, 3);
        addresses.add(parse("::ffff:203.0.113.7"), false, at, 2);
        let used = |text: &str| addresses.budget(&BudgetRules::default(), parse(text), at).hour.used;
        assert_eq!((used("2001:db8::ffff:1"), used("203.0.113.7"), used("203.0.113.8")), (3.0, 2.0, 0.0));
    }
}
