//! Neon's events at a path where nobody takes them: each is a code that never arrives, so somebody has to hear of it.

use super::error::ApiError;
use crate::neon::headers::SIGNATURE;
use crate::telemetry::{Refusal, Refusals};
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

/// Answers paths that do not exist. The path itself is a stranger's word, and no line of the log repeats it.
pub(super) async fn not_found(
    request: HttpRequest,
    refusals: Data<Refusals>,
) -> Result<HttpResponse, ApiError> {
    if request.method() != Method::POST || !request.headers().contains_key(SIGNATURE) {
        return Err(ApiError::NotFound);
    }
    let refusal = Refusal {
        message: "events of Neon come to a path that is not served, and are lost",
        problem: ApiError::WrongPath.problem(),
        provider: None,
    };
    refusals.note(refusal, || format!("the path of the webhook's URL has to be {}", super::WEBHOOK));
    Err(ApiError::WrongPath)
}
