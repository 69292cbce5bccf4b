//! `POST /webhooks/neon-auth`: a verified delivery in, an answer to Neon out.

use super::delivery::Arrived;
use super::error::ApiError;
use super::request_log;
use crate::domain::{Accepted, Reply};
use crate::relay::{Answer, Relay};
use crate::telemetry::trace;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::{Value, json};
use std::sync::Arc;
use tracing::Instrument;

pub(super) async fn receive(request: HttpRequest, arrived: Arrived, relay: Data<Relay>) -> HttpResponse {
    let span = request_log::span(&request);
    answer(&request, arrived, relay).instrument(span).await
}

async fn answer(request: &HttpRequest, arrived: Arrived, relay: Data<Relay>) -> HttpResponse {
    let delivery = Arc::new(arrived.delivery);
    let (event, attempt) = (delivery.event(), delivery.attempt());
    let span = trace::webhook(event, attempt, |name| request.headers().get(name)?.to_str().ok());
    let relay = relay.into_inner();
    let handled = relay.handle(delivery.clone(), arrived.at);
    let answer = handled.instrument(span.clone()).await;
    let response = respond(&answer);
    trace::answered(&span, response.status().as_u16(), answer.replayed);
    tracing::info!(
        event.id = %event.id, event.kind = event.kind.label(), attempt,
        status = response.status().as_u16(), reply = answer.reply.label(), replayed = answer.replayed,
        elapsed_ms = u64::try_from(arrived.at.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

fn respond(answer: &Answer) -> HttpResponse {
    let mut response = match &answer.reply {
        Reply::Done(accepted) => HttpResponse::Ok().json(success(accepted.as_ref())),
        Reply::App { status, body } => {
            // A stored status is one that was received, so it is in range.
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            HttpResponse::build(status).content_type("application/json").body(body.clone())
        }
        Reply::Refused(reason) => ApiError::Refused(*reason).error_response(),
        Reply::TryAgain(reason) => ApiError::TryAgain(*reason).error_response(),
    };
    if answer.replayed {
        let name = actix_web::http::header::HeaderName::from_static("idempotent-replayed");
        response.headers_mut().insert(name, actix_web::http::header::HeaderValue::from_static("true"));
    }
    response
}

fn success(accepted: Option<&Accepted>) -> Value {
    match accepted {
        None => json!({ "status": "accepted" }),
        Some(Accepted { provider, message_id }) => {
            json!({ "status": "accepted", "provider": provider.as_str(), "message_id": message_id })
        }
    }
}
