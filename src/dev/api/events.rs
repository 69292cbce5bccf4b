//! What was sent to the webhook, and samples.

use super::answer::{self, Refused};
use crate::dev::neon::{Caller, NeonEmulator, TriggerError};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};

pub(super) async fn list(emulator: Data<NeonEmulator>) -> HttpResponse {
    HttpResponse::Ok().json(emulator.deliveries())
}

pub(super) async fn send(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
    event_type: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let trigger = answer::read(&body)?;
    let sent = emulator.trigger(&event_type, trigger, &Caller::of(&request)).await;
    let sent = sent.map_err(|error| match error {
        TriggerError::Busy => Refused::busy(error),
        TriggerError::Name | TriggerError::Url | TriggerError::Path(_) => {
            Refused::new("INVALID_EVENT", error)
        }
    })?;
    Ok(HttpResponse::Ok().json(sent))
}
