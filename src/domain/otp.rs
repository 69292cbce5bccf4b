//! The one-time code and the request to deliver it.

use super::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sms_providers::PhoneNumber;
use std::fmt;

/// A one-time code: exactly six ASCII digits, as Neon's phone-number plugin makes them.
///
/// Neither `Display` nor `Serialize`; `Debug` shows its length only. The memory is wiped on drop.
#[derive(Clone)]
pub struct OtpCode(SecretString);

impl OtpCode {
    /// Takes six digits; anything else is not a code.
    pub fn new(code: &str) -> Option<Self> {
        let well_formed = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        well_formed.then(|| Self(code.into()))
    }

    /// The digits, for the text of the SMS and nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for OtpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OtpCode({})", self.expose().len())
    }
}

/// What the code is for; the text may say so (`{{ otp_type }}`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpType {
    /// `sign-in`
    SignIn,
    /// `email-verification`
    EmailVerification,
    /// `forget-password`, in older events `reset-password`
    ForgetPassword,
    /// A type that did not exist when this was written.
    Other,
}

impl OtpType {
    /// Reads Neon's word.
    pub fn from_name(name: &str) -> Self {
        match name {
            "sign-in" => Self::SignIn,
            "email-verification" => Self::EmailVerification,
            "forget-password" | "reset-password" => Self::ForgetPassword,
            _ => Self::Other,
        }
    }

    /// Neon's word; `verification` for a type not known here.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::EmailVerification => "email-verification",
            Self::ForgetPassword => "forget-password",
            Self::Other => "verification",
        }
    }
}

/// How the user wants the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryPreference {
    /// `sms`
    Sms,
    /// `email`, or a word that did not exist when this was written.
    Other,
    /// The event says nothing.
    Absent,
}

/// Where the code should go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A number that can be sent to.
    Number(PhoneNumber),
    /// The event names no number.
    Missing,
    /// The event names something that is not E.164.
    NotE164,
}

impl Destination {
    /// What an event names.
    pub fn of(number: Option<&str>) -> Self {
        match number.map(str::parse) {
            Some(Ok(number)) => Self::Number(number),
            Some(Err(_)) => Self::NotE164,
            None => Self::Missing,
        }
    }
}

/// A `send.otp` event.
#[derive(Debug, Clone)]
pub struct SendOtp {
    /// How the user wants the code.
    pub preference: DeliveryPreference,
    /// Where it should go.
    pub destination: Destination,
    /// The code; `None` if the event's is not six digits.
    pub code: Option<OtpCode>,
    /// What it is for.
    pub otp_type: OtpType,
    /// When it becomes worthless; `None` if the event does not say.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_ascii_digits_and_never_shown() {
        let code = OtpCode::new("042137").unwrap();
        assert_eq!(code.expose(), "042137");
        assert_eq!(format!("{code:?}"), "OtpCode(6)");
        for bad in ["", "12345", "1234567", "12345a", "١٢٣", " 12345"] {
            assert!(OtpCode::new(bad).is_none(), "{bad:?}");
        }
    }
}
