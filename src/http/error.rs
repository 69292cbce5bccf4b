//! Every error that leaves over HTTP. What is said of it stands beside it, or beside the reason that it wraps.
//!
//! Never 429 and never 408: Neon would try again at once. The sentences are fixed; nothing of a request,
//! a provider or a store appears in them.

use crate::domain::{Problem, RefuseReason, TryAgainReason};
use crate::neon::VerifyError;
use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

/// An answer that is not a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The delivery is not Neon's, or not for us.
    #[error(transparent)]
    Unverified(#[from] VerifyError),
    /// The body is larger than 64 KiB, or a callback's than 16 KiB.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The body broke off or came too slowly.
    #[error("the body is incomplete")]
    BodyIncomplete,
    /// A relay has forwarded the request to a relay.
    #[error("the request was forwarded by a relay")]
    Loop,
    /// The event will never be delivered.
    #[error("refused: {}", .0.as_str())]
    Refused(RefuseReason),
    /// The event was not delivered this time.
    #[error("try again: {}", .0.as_str())]
    TryAgain(TryAgainReason),
    /// A provider's callback is not believed.
    #[error("the callback is not verified")]
    CallbackRefused,
    /// Neon's events are taken at another path.
    #[error("events are taken at another path")]
    WrongPath,
    /// A provider's callback is not signed, and the provider signs it once it is asked to send it again.
    #[error("the callback is not signed yet")]
    CallbackNotSigned,
    /// Codes of test numbers are asked for without their token.
    #[error("the token of test numbers is missing or wrong")]
    TestToken,
    /// No living code of a test number has this number.
    #[error("there is no code")]
    NoTestCode,
    /// There is nothing at this path.
    #[error("not found")]
    NotFound,
    /// The path exists for other methods.
    #[error("method not allowed")]
    MethodNotAllowed,
}

impl ApiError {
    /// What is said of it.
    pub const fn problem(self) -> Problem {
        match self {
            Self::Unverified(error) => error.problem(),
            Self::Refused(reason) => reason.problem(),
            Self::TryAgain(reason) => reason.problem(),
            Self::BodyTooLarge => Problem::notice(
                "body_too_large",
                413,
                "The body is too large.",
                "nothing; Neon's are below 4 KB",
            ),
            Self::BodyIncomplete => Problem::notice(
                "body_incomplete",
                400,
                "The body did not arrive whole.",
                "if there are many, look at what stands between Neon and the relay",
            ),
            Self::Loop => Problem::alarm(
                "loop_detected",
                508,
                "FORWARD_URL leads back to the relay.",
                "set FORWARD_URL to the app's own handler",
            ),
            Self::CallbackRefused => Problem::notice(
                "callback_refused",
                403,
                "The callback is not verified.",
                "check that PUBLIC_URL is what the provider calls, and the token or signing key",
            ),
            // Anybody can send these, so they are no alarm.
            Self::WrongPath => Problem::notice(
                "wrong_path",
                404,
                "Neon's events are taken at /webhooks/neon-auth.",
                "set the path of the webhook's URL to /webhooks/neon-auth",
            ),
            Self::CallbackNotSigned => Problem::notice(
                "callback_not_signed",
                503,
                "The callback has to be sent again, signed.",
                "nothing; the provider sends it again",
            ),
            Self::TestToken => Problem::notice(
                "invalid_test_token",
                401,
                "The token is missing or wrong.",
                "send Authorization: Bearer with the value of TEST_NUMBERS_TOKEN",
            ),
            Self::NoTestCode => Problem::notice(
                "no_test_code",
                404,
                "There is no code for this number.",
                "list the number in TEST_NUMBERS, and ask while its code lives",
            ),
            Self::NotFound => Problem::notice("not_found", 404, "There is nothing here.", "nothing"),
            Self::MethodNotAllowed => {
                Problem::notice("method_not_allowed", 405, "The method is not allowed here.", "nothing")
            }
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.problem().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let Problem { code, message, .. } = self.problem();
        let mut answer = HttpResponse::build(self.status_code());
        if *self == Self::TestToken {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        answer.json(json!({ "error": code, "message": message }))
    }
}

/// Answers paths that do not exist.
pub(super) async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::NotFound)
}

/// Answers methods that a path does not have.
pub(super) async fn method() -> Result<HttpResponse, ApiError> {
    Err(ApiError::MethodNotAllowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neon_is_never_told_to_try_again_by_a_status_that_means_too_fast() {
        let refusals = RefuseReason::ALL.map(ApiError::Refused);
        for error in refusals
            .into_iter()
            .chain([ApiError::BodyIncomplete, ApiError::TryAgain(TryAgainReason::Overloaded)])
        {
            let status = error.status_code();
            assert!(
                status != StatusCode::TOO_MANY_REQUESTS && status != StatusCode::REQUEST_TIMEOUT,
                "{error}"
            );
        }
    }
}
