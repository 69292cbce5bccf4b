//! When a report of Vonage's was signed, and for how long it is believed.

use crate::CallbackError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Vonage repeats a report that it could not hand over for a day, with the time of its first try. A report that
/// somebody else repeats says again what it said before, and a final status stays.
const OLDEST: Duration = Duration::from_secs(24 * 60 * 60 + 300);
/// How far Vonage's clock may be ahead of ours.
const AHEAD: Duration = Duration::from_secs(300);

/// Checks the time of a signature, in seconds since 1970.
///
/// # Errors
/// `Stale` if it lies further back than reports are repeated, or in the future.
pub(super) fn check(signed_at: u64, now: SystemTime) -> Result<(), CallbackError> {
    let signed_at = UNIX_EPOCH.checked_add(Duration::from_secs(signed_at)).ok_or(CallbackError::Malformed)?;
    let is_timely = match now.duration_since(signed_at) {
        Ok(age) => age <= OLDEST,
        Err(early) => early.duration() <= AHEAD,
    };
    if is_timely { Ok(()) } else { Err(CallbackError::Stale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_believed_for_as_long_as_vonage_repeats_it() {
        let now = 1_700_000_000;
        let verdict = |signed_at| check(signed_at, UNIX_EPOCH + Duration::from_secs(now));
        for timely in [now, now - 301, now - 24 * 3600, now + 300] {
            assert_eq!(verdict(timely), Ok(()), "{timely}");
        }
        for wrong in [now - 25 * 3600, now + 301, 0] {
            assert_eq!(verdict(wrong), Err(CallbackError::Stale), "{wrong}");
        }
        assert!(verdict(u64::MAX).is_err());
    }
}
