//! How the emulator behaves, and where everything is.

use super::answer::{self, Refused};
use crate::dev::settings::{Changes, LiveSettings};
use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde_json::{Value, json};

/// Where everything is.
pub(in crate::dev) struct Addresses {
    /// The emulator's URL.
    pub neon_auth_url: String,
    /// Where events go.
    pub webhook_url: String,
}

pub(super) async fn now(settings: Data<LiveSettings>, addresses: Data<Addresses>) -> HttpResponse {
    HttpResponse::Ok().json(shown(&settings, &addresses))
}

pub(super) async fn change(
    settings: Data<LiveSettings>,
    addresses: Data<Addresses>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let changes: Changes = answer::read(&body)?;
    settings.change(&changes).map_err(|fault| Refused::new("INVALID_SETTING", fault))?;
    Ok(HttpResponse::Ok().json(shown(&settings, &addresses)))
}

fn shown(settings: &LiveSettings, addresses: &Addresses) -> Value {
    let mut shown = json!(settings.now());
    shown["neon_auth_url"] = json!(addresses.neon_auth_url);
    shown["webhook_url"] = json!(addresses.webhook_url);
    shown
}
