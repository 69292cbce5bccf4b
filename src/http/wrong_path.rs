//! Neon's events at a path where nobody takes them: each is a code that never arrives, so somebody has to hear of it.

use super::error::ApiError;
use crate::telemetry::metrics::Metrics;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Anybody can send such a request: one line stands for all of this long.
const QUIET: Duration = Duration::from_secs(60);

/// What has been said about events at a wrong path.
#[derive(Default)]
pub struct WrongPath(Mutex<Said>);

#[derive(Default)]
struct Said {
    last: Option<Instant>,
    since: u64,
}

impl WrongPath {
    /// Counts one, and says for how many a line stands, if it is time for one.
    fn due(&self) -> Option<u64> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.since += 1;
        if said.last.is_some_and(|last| last.elapsed() < QUIET) {
            return None;
        }
        said.last = Some(Instant::now());
        Some(std::mem::take(&mut said.since))
    }
}

/// Answers paths that do not exist. The path itself is a stranger's word, and no line of the log repeats it.
pub(super) async fn not_found(
    request: HttpRequest,
    told: Data<WrongPath>,
    metrics: Data<Metrics>,
) -> Result<HttpResponse, ApiError> {
    if request.method() != Method::POST || !request.headers().contains_key("x-neon-signature") {
        return Err(ApiError::NotFound);
    }
    metrics.refused(ApiError::WrongPath.parts().1);
    if let Some(requests) = told.due() {
        tracing::warn!(
            requests,
            right_path = super::WEBHOOK,
            "events of Neon come to a path that is not served and are lost; set the path of the webhook's URL to {}",
            super::WEBHOOK
        );
    }
    Err(ApiError::WrongPath)
}
