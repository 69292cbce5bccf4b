//! Every error that leaves over HTTP, and its status: the only such map.
//!
//! Never 429 and never 408: Neon would try again at once. The sentences are fixed; nothing of a request,
//! a provider or a store appears in them.

use crate::domain::{RefuseReason, TryAgainReason};
use crate::neon::VerifyError;
use actix_web::http::StatusCode;
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
    /// There is nothing at this path.
    #[error("not found")]
    NotFound,
    /// The path exists for other methods.
    #[error("method not allowed")]
    MethodNotAllowed,
}

impl ApiError {
    /// Status, code and sentence of the answer.
    pub fn parts(self) -> (StatusCode, &'static str, &'static str) {
        use RefuseReason as R;
        use StatusCode as S;
        use TryAgainReason as T;
        use VerifyError as V;
        match self {
            Self::Unverified(V::Header(_)) => {
                (S::UNAUTHORIZED, "invalid_signature_headers", "A signature header is missing or malformed.")
            }
            Self::Unverified(V::Stale) => {
                (S::UNAUTHORIZED, "stale_timestamp", "The timestamp is too far from now.")
            }
            Self::Unverified(V::Jws(_)) => {
                (S::UNAUTHORIZED, "malformed_signature", "The signature is not a detached EdDSA JWS.")
            }
            Self::Unverified(V::UnknownKey) => {
                (S::UNAUTHORIZED, "unknown_key", "The signing key is unknown.")
            }
            Self::Unverified(V::WrongSignature) => {
                (S::UNAUTHORIZED, "invalid_signature", "The signature does not match.")
            }
            Self::Unverified(V::KeysUnavailable) => {
                (S::SERVICE_UNAVAILABLE, "keys_unavailable", "The signing keys cannot be fetched.")
            }
            Self::Unverified(V::Body(_)) => {
                (S::BAD_REQUEST, "invalid_body", "The body is not a valid event.")
            }
            Self::Unverified(V::Disagrees(_)) => {
                (S::BAD_REQUEST, "header_mismatch", "A header disagrees with the signed body.")
            }
            Self::Unverified(V::ForeignEndpoint) => {
                (S::FORBIDDEN, "endpoint_not_allowed", "Events of this endpoint are not served here.")
            }
            Self::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large."),
            Self::BodyIncomplete => (S::BAD_REQUEST, "body_incomplete", "The body did not arrive whole."),
            Self::Loop => (S::LOOP_DETECTED, "loop_detected", "FORWARD_URL leads back to the relay."),
            Self::Refused(R::NoPhoneNumber) => {
                (S::UNPROCESSABLE_ENTITY, R::NoPhoneNumber.as_str(), "The event names no phone number.")
            }
            Self::Refused(R::InvalidPhoneNumber) => (
                S::UNPROCESSABLE_ENTITY,
                R::InvalidPhoneNumber.as_str(),
                "The phone number is not a possible number in E.164 form.",
            ),
            Self::Refused(R::InvalidCode) => {
                (S::UNPROCESSABLE_ENTITY, R::InvalidCode.as_str(), "The code is not six digits.")
            }
            Self::Refused(R::CodeExpired) => {
                (S::UNPROCESSABLE_ENTITY, R::CodeExpired.as_str(), "The code has expired, or is about to.")
            }
            Self::Refused(R::NumberRefused) => {
                (S::UNPROCESSABLE_ENTITY, R::NumberRefused.as_str(), "The number cannot receive this SMS.")
            }
            Self::Refused(R::NumberUnreachable) => (
                S::UNPROCESSABLE_ENTITY,
                R::NumberUnreachable.as_str(),
                "No SMS provider reaches this number or its country.",
            ),
            Self::Refused(R::OptedOut) => {
                (S::UNPROCESSABLE_ENTITY, R::OptedOut.as_str(), "The recipient has opted out of SMS.")
            }
            Self::Refused(R::NoDeliveryChannel) => (
                S::UNPROCESSABLE_ENTITY,
                R::NoDeliveryChannel.as_str(),
                "Nobody is configured to deliver this event.",
            ),
            Self::Refused(R::ProvidersMisconfigured) => (
                S::FAILED_DEPENDENCY,
                R::ProvidersMisconfigured.as_str(),
                "Every SMS provider refuses the relay's configuration.",
            ),
            Self::TryAgain(T::InFlight) => {
                (S::SERVICE_UNAVAILABLE, T::InFlight.as_str(), "The delivery is still running.")
            }
            Self::TryAgain(T::ProvidersUnavailable) => {
                (S::SERVICE_UNAVAILABLE, T::ProvidersUnavailable.as_str(), "No SMS provider is available.")
            }
            Self::TryAgain(T::NoVerdict) => {
                (S::SERVICE_UNAVAILABLE, T::NoVerdict.as_str(), "No SMS provider confirmed the delivery.")
            }
            Self::TryAgain(T::StoreUnavailable) => {
                (S::SERVICE_UNAVAILABLE, T::StoreUnavailable.as_str(), "The delivery store is unavailable.")
            }
            Self::TryAgain(T::AppUnavailable) => (
                S::SERVICE_UNAVAILABLE,
                T::AppUnavailable.as_str(),
                "The app behind FORWARD_URL does not take it.",
            ),
            Self::TryAgain(T::AppRedirects) => {
                (S::SERVICE_UNAVAILABLE, T::AppRedirects.as_str(), "The app behind FORWARD_URL redirects.")
            }
            Self::TryAgain(T::Overloaded) => {
                (S::SERVICE_UNAVAILABLE, T::Overloaded.as_str(), "Too many deliveries are running.")
            }
            Self::TryAgain(T::Internal) => {
                (S::SERVICE_UNAVAILABLE, T::Internal.as_str(), "The delivery failed inside the relay.")
            }
            Self::CallbackRefused => (S::FORBIDDEN, "callback_refused", "The callback is not verified."),
            Self::WrongPath => {
                (S::NOT_FOUND, "wrong_path", "Neon's events are taken at /webhooks/neon-auth.")
            }
            Self::CallbackNotSigned => {
                (S::SERVICE_UNAVAILABLE, "callback_not_signed", "The callback has to be sent again, signed.")
            }
            Self::NotFound => (S::NOT_FOUND, "not_found", "There is nothing here."),
            Self::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed here.")
            }
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, error, message) = self.parts();
        HttpResponse::build(status).json(json!({ "error": error, "message": message }))
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
            let status = error.parts().0;
            assert!(
                status != StatusCode::TOO_MANY_REQUESTS && status != StatusCode::REQUEST_TIMEOUT,
                "{error}"
            );
        }
    }
}
