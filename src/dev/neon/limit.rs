//! The plugin's limit of requests in 60 seconds from one address: 10 at Neon.

use crate::dev::ring::Ring;
use crate::domain::Timestamp;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are counted.
const CAPACITY: usize = 1000;

/// Counts requests in the 60 seconds before now.
pub(super) struct RateLimit(Ring<Requests>);

struct Requests {
    ip: IpAddr,
    at: VecDeque<Timestamp>,
}

impl RateLimit {
    pub fn new() -> Self {
        Self(Ring::new(CAPACITY))
    }

    /// Counts a request of at most so many; an error is how long to wait for the next one.
    pub fn admit(&mut self, ip: IpAddr, requests_allowed: usize, now: Timestamp) -> Result<(), Duration> {
        let Some(requests) = self.0.find(|requests| requests.ip == ip) else {
            self.0.push(Requests { ip, at: [now].into() });
            return Ok(());
        };
        while requests.at.front().is_some_and(|at| now.since(*at) >= WINDOW) {
            requests.at.pop_front();
        }
        match requests.at.front() {
            Some(oldest) if requests.at.len() >= requests_allowed => Err(oldest.plus(WINDOW).since(now)),
            Some(_) | None => {
                requests.at.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const NOW: Timestamp = Timestamp::from_millis(1_740_312_000_000);

    #[test]
    fn the_eleventh_request_in_a_minute_waits_until_the_first_is_a_minute_old() {
        let mut limit = RateLimit::new();
        let (ip, other) = (Ipv4Addr::new(127, 0, 0, 1).into(), Ipv4Addr::new(127, 0, 0, 2).into());
        for second in 0..10 {
            assert_eq!(limit.admit(ip, 10, NOW.plus(Duration::from_secs(second))), Ok(()));
        }
        let tenth = NOW.plus(Duration::from_secs(9));
        assert_eq!(limit.admit(ip, 10, tenth), Err(Duration::from_secs(51)));
        assert_eq!(limit.admit(other, 10, tenth), Ok(()));
        assert_eq!(limit.admit(ip, 10, NOW.plus(WINDOW)), Ok(()));
        assert_eq!(limit.admit(ip, 10, NOW.plus(WINDOW)), Err(Duration::from_secs(1)));
    }
}
