//! The codes that wait to be typed in, and when they stop being good.

use super::error::AuthError;
use crate::dev::ring::Ring;
use crate::domain::{OtpCode, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// Wrong codes that a code survives, less one
/// (<https://neon.com/docs/auth/guides/plugins/phone-number#limitations>).
const ALLOWED_ATTEMPTS: u8 = 3;
/// Numbers that a code waits for.
const CAPACITY: usize = 1000;

/// One code a number, the newest.
pub(super) struct PendingCodes(Ring<Pending>);

struct Pending {
    number: String,
    code: OtpCode,
    wrong_codes: u8,
    expires_at: Timestamp,
}

impl PendingCodes {
    pub fn new() -> Self {
        Self(Ring::new(CAPACITY))
    }

    /// Remembers `code` in place of the number's last one.
    pub fn put(&mut self, number: &str, code: OtpCode, expires_at: Timestamp) {
        self.0.take(|pending| pending.number == number);
        self.0.push(Pending { number: number.to_owned(), code, wrong_codes: 0, expires_at });
    }

    /// Makes the number's code one whose time is over.
    pub fn expire(&mut self, number: &str, now: Timestamp) {
        if let Some(pending) = self.0.find(|pending| pending.number == number) {
            pending.expires_at = now.minus(Duration::from_millis(1));
        }
    }

    /// Uses the number's code up if `code` is it.
    ///
    /// The order is Better Auth's: the third wrong code still answers "invalid", and whatever comes after
    /// it, the right code too, "too many attempts".
    pub fn redeem(&mut self, number: &str, code: &str, now: Timestamp) -> Result<(), AuthError> {
        let mut pending = self.0.take(|pending| pending.number == number).ok_or(AuthError::OtpNotFound)?;
        if pending.expires_at < now {
            return Err(AuthError::OtpExpired);
        }
        if pending.wrong_codes >= ALLOWED_ATTEMPTS {
            return Err(AuthError::TooManyAttempts);
        }
        if pending.code.expose() != code {
            pending.wrong_codes += 1;
            self.0.push(pending);
            return Err(AuthError::InvalidOtp);
        }
        Ok(())
    }
}

/// Six random digits.
pub(super) fn random_code() -> Option<OtpCode> {
    // The lower 62 bits of a random UUID are all random.
    OtpCode::new(&format!("{:06}", Uuid::new_v4().as_u128() % 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "+12025550123";
    const NOW: Timestamp = Timestamp::from_millis(1_740_312_000_000);

    fn waiting() -> PendingCodes {
        let mut codes = PendingCodes::new();
        codes.put(NUMBER, OtpCode::new("042137").unwrap(), NOW.plus(Duration::from_secs(300)));
        codes
    }

    #[test]
    fn a_code_works_once() {
        let mut codes = waiting();
        assert_eq!(codes.redeem("+12025550199", "042137", NOW), Err(AuthError::OtpNotFound));
        assert_eq!(codes.redeem(NUMBER, "042137", NOW), Ok(()));
        assert_eq!(codes.redeem(NUMBER, "042137", NOW), Err(AuthError::OtpNotFound));
    }

    #[test]
    fn a_code_expires() {
        let end = NOW.plus(Duration::from_secs(300));
        assert_eq!(waiting().redeem(NUMBER, "042137", end), Ok(()));
        let mut codes = waiting();
        let late = end.plus(Duration::from_millis(1));
        assert_eq!(codes.redeem(NUMBER, "042137", late), Err(AuthError::OtpExpired));
        assert_eq!(codes.redeem(NUMBER, "042137", late), Err(AuthError::OtpNotFound));
    }

    #[test]
    fn three_wrong_codes_void_a_code() {
        let mut codes = waiting();
        for wrong in ["", "000000", "42137"] {
            assert_eq!(codes.redeem(NUMBER, wrong, NOW), Err(AuthError::InvalidOtp));
        }
        assert_eq!(codes.redeem(NUMBER, "042137", NOW), Err(AuthError::TooManyAttempts));
        assert_eq!(codes.redeem(NUMBER, "042137", NOW), Err(AuthError::OtpNotFound));
    }

    #[test]
    fn a_new_code_takes_the_place_of_the_old_one_and_of_its_wrong_guesses() {
        let mut codes = waiting();
        codes.redeem(NUMBER, "000000", NOW).unwrap_err();
        codes.put(NUMBER, OtpCode::new("555555").unwrap(), NOW);
        for wrong in ["042137", "000000", "000000"] {
            assert_eq!(codes.redeem(NUMBER, wrong, NOW), Err(AuthError::InvalidOtp));
        }
        codes.put(NUMBER, OtpCode::new("555555").unwrap(), NOW);
        assert_eq!(codes.redeem(NUMBER, "555555", NOW), Ok(()));
    }

    #[test]
    fn random_codes_are_six_digits_and_differ() {
        let codes: Vec<_> = (0..100).map(|_| random_code().unwrap().expose().to_owned()).collect();
        assert!(codes.iter().any(|code| code != &codes[0]));
    }
}
