//! What goes wrong in a sign-in, in Better Auth's words: `{"code":…,"message":…}`.
//!
//! Codes and statuses of the phone-number plugin are Better Auth's
//! (<https://www.better-auth.com/docs/plugins/phone-number>).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;
use std::time::Duration;

/// Why a request to the emulator failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.parts().1)]
pub(in crate::dev) enum AuthError {
    /// The body is not the JSON that was expected.
    Malformed,
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
    /// Linking a number takes a session.
    NoSession,
    /// More than 10 requests in 60 seconds.
    TooManyRequests { retry_after: Duration },
    /// The webhook did not take the code.
    NotDelivered,
    /// Neon has no event of this name.
    UnknownEvent,
    /// Too many webhooks are under way.
    Busy,
    /// Neon Auth may have this path; the emulator has not.
    NotEmulated,
}

impl AuthError {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed => (S::BAD_REQUEST, "VALIDATION_ERROR", "The body is not the expected JSON"),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "The body is too large"),
            Self::InvalidPhoneNumber => (S::BAD_REQUEST, "INVALID_PHONE_NUMBER", "Invalid phone number"),
            Self::OtpNotFound => (S::BAD_REQUEST, "OTP_NOT_FOUND", "OTP not found"),
            Self::OtpExpired => (S::BAD_REQUEST, "OTP_EXPIRED", "OTP expired"),
            Self::InvalidOtp => (S::BAD_REQUEST, "INVALID_OTP", "Invalid OTP"),
            Self::TooManyAttempts => (S::FORBIDDEN, "TOO_MANY_ATTEMPTS", "Too many attempts"),
            Self::PhoneNumberExists => (S::BAD_REQUEST, "PHONE_NUMBER_EXIST", "Phone number already exists"),
            Self::NoSession => (S::UNAUTHORIZED, "USER_NOT_FOUND", "User not found"),
            Self::TooManyRequests { .. } => {
                (S::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "Too many requests. Please try again later.")
            }
            // Neon documents that the sign-in fails and the user sees an error, not which one.
            Self::NotDelivered => (
                S::INTERNAL_SERVER_ERROR,
                "FAILED_TO_SEND_OTP",
                "The send.otp webhook did not accept the code",
            ),
            Self::UnknownEvent => (S::NOT_FOUND, "UNKNOWN_EVENT", "Neon has no event of this name"),
            Self::Busy => (S::SERVICE_UNAVAILABLE, "BUSY", "Too many webhooks are under way"),
            Self::NotEmulated => {
                (S::NOT_FOUND, "NOT_EMULATED", "neon-sms-relay dev does not emulate this path and method")
            }
        }
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
            // Better Auth's own name of the header, in seconds.
            response.insert_header(("X-Retry-After", retry_after.as_secs().max(1)));
        }
        response.json(json!({ "code": code, "message": message }))
    }
}
