//! What goes wrong, in Better Auth's words: `{"message":…,"code":…}`.
//!
//! Statuses, codes and sentences are those that Better Auth 1.6 gives, which the tests in `tests/clients` ask.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;
use std::time::Duration;

/// Why a request to the emulator failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.parts().2)]
pub(in crate::dev) enum AuthError {
    /// The body is no JSON.
    BrokenJson,
    /// The body is JSON of another shape; says where and how.
    Invalid(String),
    /// The body is larger than any such request.
    TooLarge,
    /// Not E.164.
    InvalidPhoneNumber,
    /// No code was asked for, or it was used.
    OtpNotFound,
    /// The code's time is over.
    OtpExpired,
    /// It is another code.
    InvalidOtp,
    /// Three wrong codes before this one.
    TooManyAttempts,
    /// The number to link belongs to somebody.
    PhoneNumberExists,
    /// A number is changed by verifying it alone.
    PhoneNumberFixed,
    /// Linking a number takes a session.
    UserNotFound,
    /// Nobody has linked the number. (Better Auth finds no user to update.)
    NotLinked,
    /// More requests in 60 seconds than the limit.
    TooManyRequests { retry_after: Duration },
    /// The webhook did not take the code.
    NotDelivered,
    /// The address belongs to somebody.
    UserExists,
    /// Under 8 characters.
    PasswordTooShort,
    /// Over 128 characters.
    PasswordTooLong,
    /// Not an e-mail address.
    InvalidEmail,
    /// Nobody has this address and this password.
    WrongPassword,
    /// Only for somebody who is signed in.
    Unauthorized,
    /// An address is not changed this way.
    EmailFixed,
    /// This field is Better Auth's own.
    FieldNotAllowed(&'static str),
    /// A change of nothing.
    NothingToUpdate,
    /// Too many webhooks are under way.
    Busy,
    /// Neon Auth may have this path; the emulator has not.
    NotEmulated,
}

impl AuthError {
    /// Status, code and sentence.
    fn parts(&self) -> (StatusCode, Option<&'static str>, String) {
        use StatusCode as S;
        let (status, code, message) = match self {
            Self::BrokenJson => (S::BAD_REQUEST, "BAD_REQUEST", "Invalid JSON in request body"),
            Self::Invalid(complaints) => {
                return (S::BAD_REQUEST, Some("VALIDATION_ERROR"), complaints.clone());
            }
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "The body is too large"),
            Self::InvalidPhoneNumber => (S::BAD_REQUEST, "INVALID_PHONE_NUMBER", "Invalid phone number"),
            Self::OtpNotFound => (S::BAD_REQUEST, "OTP_NOT_FOUND", "OTP not found"),
            Self::OtpExpired => (S::BAD_REQUEST, "OTP_EXPIRED", "OTP expired"),
            Self::InvalidOtp => (S::BAD_REQUEST, "INVALID_OTP", "Invalid OTP"),
            Self::TooManyAttempts => (S::FORBIDDEN, "TOO_MANY_ATTEMPTS", "Too many attempts"),
            Self::PhoneNumberExists => (S::BAD_REQUEST, "PHONE_NUMBER_EXIST", "Phone number already exists"),
            Self::PhoneNumberFixed => {
                (S::BAD_REQUEST, "PHONE_NUMBER_CANNOT_BE_UPDATED", "Phone number cannot be updated")
            }
            Self::UserNotFound => (S::UNAUTHORIZED, "USER_NOT_FOUND", "User not found"),
            Self::NotLinked => (S::INTERNAL_SERVER_ERROR, "FAILED_TO_UPDATE_USER", "Failed to update user"),
            Self::TooManyRequests { .. } => {
                // The only one without a code.
                let sentence = "Too many requests. Please try again later.";
                return (S::TOO_MANY_REQUESTS, None, sentence.to_owned());
            }
            // Neon documents that the sign-in fails and the user sees an error, not which one.
            Self::NotDelivered => (
                S::INTERNAL_SERVER_ERROR,
                "FAILED_TO_SEND_OTP",
                "The send.otp webhook did not accept the code",
            ),
            Self::UserExists => (
                S::UNPROCESSABLE_ENTITY,
                "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
                "User already exists. Use another email.",
            ),
            Self::PasswordTooShort => (S::BAD_REQUEST, "PASSWORD_TOO_SHORT", "Password too short"),
            Self::PasswordTooLong => (S::BAD_REQUEST, "PASSWORD_TOO_LONG", "Password too long"),
            Self::InvalidEmail => (S::BAD_REQUEST, "INVALID_EMAIL", "Invalid email"),
            Self::WrongPassword => {
                (S::UNAUTHORIZED, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")
            }
            Self::Unauthorized => (S::UNAUTHORIZED, "UNAUTHORIZED", "Unauthorized"),
            Self::EmailFixed => (S::BAD_REQUEST, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated"),
            Self::FieldNotAllowed(name) => {
                let sentence = format!("{name} is not allowed to be set");
                return (S::BAD_REQUEST, Some("FIELD_NOT_ALLOWED"), sentence);
            }
            Self::NothingToUpdate => return (S::BAD_REQUEST, None, "No fields to update".to_owned()),
            Self::Busy => (S::SERVICE_UNAVAILABLE, "BUSY", "Too many webhooks are under way"),
            Self::NotEmulated => {
                (S::NOT_FOUND, "NOT_EMULATED", "neon-sms-relay dev does not emulate this path and method")
            }
        };
        (status, Some(code), message.to_owned())
    }
}

impl ResponseError for AuthError {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, message) = self.parts();
        let mut response = HttpResponse::build(status);
        if let Self::TooManyRequests { retry_after } = self {
            // Better Auth's own name of the header, in whole seconds.
            let seconds = retry_after.as_millis().div_ceil(1000).max(1);
            response.insert_header(("X-Retry-After", seconds.to_string()));
        }
        response.json(match code {
            Some(code) => json!({ "message": message, "code": code }),
            None => json!({ "message": message }),
        })
    }
}
