//! Why Neon's management API says nothing, and what to do about it.

use reqwest::StatusCode;
use sms_providers::NetworkCause;

/// Why Neon's API says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 401, or a key that cannot be sent.
    #[error("Neon's API refuses NEON_API_KEY; make a key in the Neon Console, and set it whole")]
    Unauthorised,
    /// 403
    #[error(
        "Neon's API refuses NEON_API_KEY for this project; take a key of an account or an organisation that may \
         change it"
    )]
    Forbidden,
    /// 404
    #[error(
        "Neon's API knows no such NEON_PROJECT_ID and NEON_BRANCH_ID, or the branch has no Neon Auth; compare both \
         with the Neon Console, and enable Auth there"
    )]
    NotFound,
    /// 409
    #[error("Neon's API says that something else changes the branch at the same time (409); try again")]
    Conflict,
    /// 423
    #[error("Neon's API has the branch locked while an operation runs on it (423); try again in a moment")]
    Locked,
    /// 429
    #[error("Neon's API has had too many requests with this key (429); try again in a minute")]
    Throttled,
    /// 400, 412, 422: it read the request and does not want it.
    #[error(
        "Neon's API does not take this configuration (status {0}); look at the URL, the events and the numbers, and \
         at Auth in the Neon Console"
    )]
    NotTaken(u16),
    /// No answer came.
    #[error("Neon's API gives no answer: {0}; try again, or set HTTPS_PROXY if this network has a proxy")]
    Unreachable(NetworkCause),
    /// It answers with something else than what it documents.
    #[error(
        "Neon's API answers with something that is not understood; is NEON_API_BASE_URL, or a proxy, in between?"
    )]
    NotUnderstood,
    /// 5xx
    #[error("Neon's API has a failure of its own (status {0}); try again, or see neonstatus.com")]
    TheirFailure(u16),
    /// Any other status.
    #[error("Neon's API answers with status {0}, which it does not document; is NEON_API_BASE_URL right?")]
    Status(u16),
}

impl ApiError {
    /// What a status that is no success means.
    pub(super) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorised,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 => Self::Conflict,
            423 => Self::Locked,
            429 => Self::Throttled,
            status @ (400 | 412 | 422) => Self::NotTaken(status),
            status @ 500..=599 => Self::TheirFailure(status),
            other => Self::Status(other),
        }
    }

    /// What it means that no answer came.
    pub(super) fn without_answer(error: &reqwest::Error) -> Self {
        if error.is_builder() { Self::Unauthorised } else { Self::Unreachable(NetworkCause::of(error)) }
    }

    /// Whether the same request may well succeed in a moment.
    pub fn is_passing(self) -> bool {
        match self {
            Self::Conflict
            | Self::Locked
            | Self::Throttled
            | Self::Unreachable(_)
            | Self::TheirFailure(_) => true,
            Self::Unauthorised
            | Self::Forbidden
            | Self::NotFound
            | Self::NotTaken(_)
            | Self::NotUnderstood
            | Self::Status(_) => false,
        }
    }
}
