//! When a report was signed, and for how long it is believed.

use crate::CallbackError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far a vendor's clock and ours may be apart.
pub(crate) const SKEW: Duration = Duration::from_secs(300);

/// Checks the time of a signature, in seconds since 1970, which may be as old as `oldest` and a little more.
///
/// A vendor that repeats a report with the time of its first try needs all of that time. What somebody else
/// repeats says again what it said before, and a final status stays.
///
/// # Errors
/// `Stale` if it is older, or lies in the future.
pub(crate) fn check(signed_at: u64, oldest: Duration, now: SystemTime) -> Result<(), CallbackError> {
    let signed_at = UNIX_EPOCH.checked_add(Duration::from_secs(signed_at)).ok_or(CallbackError::Malformed)?;
    let is_timely = match now.duration_since(signed_at) {
        Ok(age) => age <= oldest + SKEW,
        Err(early) => early.duration() <= SKEW,
    };
    if is_timely { Ok(()) } else { Err(CallbackError::Stale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_believed_for_as_long_as_its_vendor_repeats_it_and_clocks_may_differ() {
        let now = 1_700_000_000;
        let verdict = |signed_at, oldest| {
            check(signed_at, Duration::from_secs(oldest), UNIX_EPOCH + Duration::from_secs(now))
        };
        for (signed_at, oldest) in
            [(now, 0), (now - 300, 0), (now + 300, 0), (now - 86_400, 86_400), (now - 86_700, 86_400)]
        {
            assert_eq!(verdict(signed_at, oldest), Ok(()), "{signed_at} {oldest}");
        }
        for (signed_at, oldest) in
            [(now - 301, 0), (now + 301, 0), (now + 301, 86_400), (now - 86_701, 86_400), (0, 86_400)]
        {
            assert_eq!(verdict(signed_at, oldest), Err(CallbackError::Stale), "{signed_at} {oldest}");
        }
        assert!(verdict(u64::MAX, 86_400).is_err());
    }
}
