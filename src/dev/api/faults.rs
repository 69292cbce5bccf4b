//! What goes wrong next.

use super::answer::{self, Refused};
use crate::dev::inbox::InboxProvider;
use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};

pub(super) async fn left(inbox: Data<InboxProvider>) -> HttpResponse {
    HttpResponse::Ok().json(inbox.faults().left())
}

pub(super) async fn plan(inbox: Data<InboxProvider>, body: Bytes) -> Result<HttpResponse, Refused> {
    let plan = answer::read(&body)?;
    let plan = inbox.faults().plan(plan).map_err(|fault| Refused::new("INVALID_FAULT", fault))?;
    Ok(HttpResponse::Ok().json(plan))
}

pub(super) async fn clear(inbox: Data<InboxProvider>) -> HttpResponse {
    inbox.faults().clear();
    HttpResponse::NoContent().finish()
}
