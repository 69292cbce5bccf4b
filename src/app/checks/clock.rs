//! Whether the clock of this machine is right, held against Neon's.

use super::{Finding, Status, TIMEOUT};
use crate::config::NeonSettings;
use crate::domain::{Clock, Timestamp};
use reqwest::header::{AGE, DATE, HeaderName};
use std::time::Duration;

/// Codes go out all the same; their lives are measured wrong by so much.
const NOTICEABLE: Duration = Duration::from_secs(30);

/// Holds the clock against the date of an answer of Neon's.
pub async fn clock(settings: &NeonSettings, http: &reqwest::Client, clock: &dyn Clock) -> Vec<Finding> {
    let Some(url) = settings.jwks_urls.first() else { return Vec::new() };
    let answer = http.get(url.clone()).timeout(TIMEOUT).send().await;
    let date = answer.ok().and_then(|answer| {
        let header = |name: HeaderName| answer.headers().get(name)?.to_str().ok();
        // What a cache on the way has kept is dated by when it was made.
        let age = header(AGE).and_then(|age| age.trim().parse().ok()).unwrap_or_default();
        Some(Timestamp::from_http_date(header(DATE)?)?.plus(Duration::from_secs(age)))
    });
    let finding = match date {
        Some(date) => compare(clock.now(), date, settings.tolerance),
        None => (Status::Skip, "Neon's answer, which it is held against, has no date".to_owned()),
    };
    vec![Finding::new(finding.0, "clock", finding.1)]
}

fn compare(here: Timestamp, neon: Timestamp, tolerance: Duration) -> (Status, String) {
    let off = here.distance(neon);
    let which = if here < neon { "behind" } else { "ahead of" };
    let said = format!("{} s {which} Neon's; set the clock of this machine (NTP)", off.as_secs());
    if off >= tolerance {
        (Status::Fail, format!("{said}: every event is refused as stale"))
    } else if off >= NOTICEABLE {
        (Status::Warn, said)
    } else {
        (Status::Ok, "as Neon's".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_by_more_than_is_tolerated_fails() {
        let neon = Timestamp::from_http_date("Wed, 25 Nov 2026 21:20:00 GMT").unwrap();
        let tolerance = Duration::from_secs(300);
        for (off, ahead, status, said) in [
            (0, true, Status::Ok, "as Neon's"),
            (29, false, Status::Ok, "as Neon's"),
            (30, true, Status::Warn, "30 s ahead of Neon's"),
            (299, false, Status::Warn, "299 s behind Neon's"),
            (
                300,
                false,
                Status::Fail,
                "300 s behind Neon's; set the clock of this machine (NTP): every event is",
            ),
            (3600, true, Status::Fail, "3600 s ahead of Neon's"),
        ] {
            let off = Duration::from_secs(off);
            let here = if ahead { neon.plus(off) } else { neon.minus(off) };
            let (found, line) = compare(here, neon, tolerance);
            assert!(found == status && line.starts_with(said), "{line}");
        }
    }
}
