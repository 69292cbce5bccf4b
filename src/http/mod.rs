//! The HTTP face of the relay: the whole route table on one screen.

mod callback;
pub mod connection;
mod delivery;
mod door;
mod error;
mod health;
mod metrics;
mod operator;
mod request_log;
mod test_codes;
mod unverified;
mod webhook;
mod wrong_path;

pub use callback::{Callbacks, Verifiers};
pub use delivery::Gate;
pub use door::{Door, meant_path};
pub use error::ApiError;
pub use health::{Instance, Subscribed};
pub use metrics::serve as metrics;
pub use test_codes::TestAccess;
pub use unverified::Unverified;

use actix_web::web::{self, ServiceConfig};

/// Where Neon's events are taken.
pub const WEBHOOK: &str = "/webhooks/neon-auth";

/// The routes on the public port. Their handlers need `Data` of [`Gate`], [`Callbacks`], [`TestAccess`], [`Subscribed`],
/// [`Unverified`], `Relay` and `Refusals`.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource(WEBHOOK).post(webhook::receive).default_service(web::to(error::method)))
        .service(
            web::resource("/callbacks/{provider}/{reference}")
                .get(callback::receive)
                .post(callback::receive)
                .default_service(web::to(error::method)),
        )
        .service(
            web::resource("/callbacks/{provider}")
                .get(callback::receive_any)
                .post(callback::receive_any)
                .default_service(web::to(error::method)),
        )
        .service(
            web::resource("/test-codes/{number}")
                .get(test_codes::read)
                .default_service(web::to(error::method)),
        )
        .service(web::resource("/livez").get(health::livez).head(health::livez))
        .service(web::resource("/readyz").get(health::readyz).head(health::readyz))
        .default_service(web::to(wrong_path::not_found));
}
