//! How the API says no: `{"code":…,"message":…}`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::fmt::Display;

/// A request that is refused.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refused {
    /// A value is wrong.
    pub fn new(code: &'static str, message: impl Display) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.to_string() }
    }

    /// There is nothing of this kind.
    pub fn not_found(code: &'static str, message: impl Display) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::new(code, message) }
    }

    /// There is no room for it now.
    pub fn busy(message: impl Display) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, ..Self::new("BUSY", message) }
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(json!({ "code": self.code, "message": self.message }))
    }
}

/// The body as JSON; nothing at all is an empty object.
///
/// # Errors
/// If it is no JSON, or of another shape; the sentence says where.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refused::new("INVALID_BODY", error))
}
