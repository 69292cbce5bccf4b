//! The API for an app's own tests, and for the page: what arrived, what was sent, how strict and how faulty.

mod answer;
mod events;
mod faults;
mod messages;
mod settings;

use answer::Refused;

use super::inbox::InboxProvider;
use super::neon::{NeonEmulator, NewUser};
use super::settings::LiveSettings;
use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
pub(super) use messages::Patience;
use serde_json::json;
pub(super) use settings::Addresses;

/// Mounts the API. The `Data` are the caller's to add.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/dev/messages", web::get().to(messages::list))
        .route("/dev/messages", web::delete().to(messages::forget))
        .route("/dev/messages/latest", web::get().to(messages::latest))
        .route("/dev/events", web::get().to(events::list))
        .route("/dev/events/{event_type}", web::post().to(events::send))
        .route("/dev/faults", web::get().to(faults::left))
        .route("/dev/faults", web::put().to(faults::plan))
        .route("/dev/faults", web::delete().to(faults::clear))
        .route("/dev/settings", web::get().to(settings::now))
        .route("/dev/settings", web::patch().to(settings::change))
        .route("/dev/users", web::post().to(add_user))
        .route("/dev/reset", web::post().to(reset));
}

async fn add_user(emulator: Data<NeonEmulator>, body: Bytes) -> Result<HttpResponse, Refused> {
    let new: NewUser = answer::read(&body)?;
    let user = emulator.add_user(new).map_err(|error| Refused::new("INVALID_USER", error))?;
    Ok(HttpResponse::Created().json(json!({ "user": user })))
}

/// Everything as it was at the start.
async fn reset(
    emulator: Data<NeonEmulator>,
    inbox: Data<InboxProvider>,
    settings: Data<LiveSettings>,
) -> HttpResponse {
    emulator.reset();
    inbox.forget();
    inbox.faults().clear();
    settings.reset();
    HttpResponse::NoContent().finish()
}
