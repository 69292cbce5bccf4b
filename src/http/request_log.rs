//! The span that every log line of a request hangs on, once it is known to be Neon's or a provider's: a stranger's costs
//! no span, and has no line of its own.
//!
//! The method, the route and an id: not the URL, where a provider's callback carries a phone number.

use actix_web::HttpRequest;
use tracing::Span;
use uuid::Uuid;

/// The span of a request.
pub(super) fn span(request: &HttpRequest) -> Span {
    tracing::info_span!(
        "request",
        request.id = %Uuid::new_v4(),
        method = %request.method(),
        route = request.match_pattern().unwrap_or_default()
    )
}
