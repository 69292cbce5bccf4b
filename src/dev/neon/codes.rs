//! The codes that wait to be typed in, and when they stop being good.

use super::error::AuthError;
use crate::dev::ring::Ring;
use crate::domain::{OtpCode, Timestamp};
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
