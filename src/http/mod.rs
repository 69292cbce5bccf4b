//! The HTTP face of the relay: the whole route table on one screen.

mod callback;
mod delivery;
mod error;
mod health;
mod metrics;
mod request_log;
mod webhook;

pub use callback::Callbacks;
pub use delivery::Gate;
pub use error::ApiError;
pub use health::Subscribed;
pub use metrics::serve as metrics;
pub use request_log::request_log;

use actix_web::web::{self, ServiceConfig};

/// The routes on the public port. Their handlers need `Data` of [`Gate`], [`Callbacks`], [`Subscribed`], `Relay`
/// and `Refusals`.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/webhooks/neon-auth")
                .post(webhook::receive)
                .default_service(web::to(error::method)),
        )
        .service(
            web::resource("/callbacks/{provider}/{delivery_ref}")
                .get(callback::receive)
                .post(callback::receive)
                .default_service(web::to(error::method)),
        )
        .service(web::resource("/livez").get(health::livez))
        .service(web::resource("/readyz").get(health::readyz))
        .default_service(web::to(error::not_found));
}
