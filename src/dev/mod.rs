//! What `neon-sms-relay dev` starts beside the relay: an emulator of Neon Auth and an inbox for the texts.
//!
//! One listener serves both. It must not know how the relay verifies or stores: its signer is a second,
//! independent reading of Neon's documentation, and it reaches the relay over HTTP alone, as Neon does.

mod api;
pub mod bench;
mod cors;
mod faults;
mod feed;
mod guard;
mod inbox;
mod neon;
mod ring;
mod settings;
pub mod tunnel;

pub use inbox::InboxProvider;
pub use settings::Behaviour;

use crate::domain::Clock;
use crate::tasks::Tasks;
use actix_web::dev::ServerHandle;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use api::{Addresses, Patience};
use guard::Neighbours;
use inbox::routes::Streams;
use neon::NeonEmulator;
use settings::LiveSettings;
use std::net::TcpListener;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// The `context.endpoint_id` of every event of the emulator.
pub const ENDPOINT_ID: &str = "ep-local-dev-00000000";

/// What the emulator and the inbox are made of.
pub struct DevOptions {
    /// Where both listen, all on one port: on loopback addresses, since the page shows codes.
    pub listeners: Vec<TcpListener>,
    /// Whether other machines may come too.
    pub is_open: bool,
    /// The relay's `/webhooks/neon-auth`.
    pub webhook_url: Url,
    /// The time that codes expire by.
    pub clock: Arc<dyn Clock>,
    /// Runs what outlives a request.
    pub tasks: Tasks,
    /// Calls the webhook.
    pub http: reqwest::Client,
    /// The relay's provider, whose texts the page shows.
    pub inbox: InboxProvider,
    /// How the emulator behaves at the start.
    pub behaviour: Behaviour,
}

/// Why the development server did not start.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// How the emulator is to behave is out of range.
    #[error("{0}")]
    Behaviour(&'static str),
    /// There is no listener.
    #[error("the development server has no socket to listen on")]
    NoListener,
    /// A listener is open to other machines, and nobody said that they may come.
    #[error("the inbox shows codes, so it must listen on a loopback address")]
    NotLoopback,
    /// A listener is not usable.
    #[error("the development server cannot listen")]
    Listen(#[from] std::io::Error),
    /// The listener's address does not make a URL.
    #[error("the development server has no URL")]
    Url(#[from] url::ParseError),
}

/// The emulator and the inbox, listening.
pub struct DevServer {
    neon_url: Url,
    inbox_url: Url,
    inbox: InboxProvider,
    server: ServerHandle,
    stopping: CancellationToken,
}

impl DevServer {
    /// Serves on the listeners until [`stop`](Self::stop) or until the tasks drain.
    ///
    /// # Errors
    /// If the behaviour is out of range, or a listener cannot be used or is not a loopback one, or there is none.
    pub fn start(options: DevOptions) -> Result<Self, DevError> {
        let settings = LiveSettings::new(options.behaviour, options.inbox.feed().clone());
        let settings = settings.map_err(DevError::Behaviour)?;
        let addresses =
            options.listeners.iter().map(TcpListener::local_addr).collect::<Result<Vec<_>, _>>()?;
        let port = addresses.first().ok_or(DevError::NoListener)?.port();
        if !options.is_open && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(DevError::NotLoopback);
        }
        // The name, since cookies and many an app's settings tell localhost from 127.0.0.1.
        let inbox_url = Url::parse(&format!("http://localhost:{port}/"))?;
        let neon_url = inbox_url.join("neondb/auth")?;
        let stopping = CancellationToken::new();
        options.inbox.report_by(options.http.clone(), options.tasks.clone());
        let issuer = neon_url.origin().ascii_serialization();
        let emulator = Data::new(NeonEmulator::new(&options, settings.clone(), issuer));
        let inbox = Data::new(options.inbox.clone());
        let streams = Data::new(Streams::new(options.inbox.feed().clone(), stopping.clone()));
        let patience = Data::new(Patience::until(stopping.clone()));
        let settings = Data::new(settings);
        let addresses = Data::new(Addresses {
            neon_auth_url: neon_url.to_string(),
            webhook_url: options.webhook_url.to_string(),
        });
        let neighbours = Data::new(if options.is_open { Neighbours::May } else { Neighbours::MayNot });
        let mut server = HttpServer::new(move || {
            App::new()
                .wrap(from_fn(guard::own_requests_only))
                .wrap(
                    DefaultHeaders::new()
                        .add(("Cache-Control", "no-store"))
                        .add(("Cross-Origin-Resource-Policy", "same-origin"))
                        .add(("Referrer-Policy", "no-referrer"))
                        .add(("X-Content-Type-Options", "nosniff")),
                )
                .app_data(emulator.clone())
                .app_data(inbox.clone())
                .app_data(streams.clone())
                .app_data(patience.clone())
                .app_data(settings.clone())
                .app_data(addresses.clone())
                .app_data(neighbours.clone())
                .configure(neon::routes::routes)
                .configure(api::routes)
                .configure(inbox::routes::routes)
                .default_service(web::to(neon::routes::not_emulated))
        })
        .disable_signals()
        .workers(1)
        .shutdown_timeout(1);
        for listener in options.listeners {
            server = server.listen(listener)?;
        }
        let server = server.run();
        let handle = server.handle();
        options.tasks.spawn_until_drain(async {
            if let Err(error) = server.await {
                tracing::error!(%error, "the development server failed");
            }
        });
        Ok(Self { neon_url, inbox_url, inbox: options.inbox, server: handle, stopping })
    }

    /// The emulator's `NEON_AUTH_URL`: `http://localhost:PORT/neondb/auth`.
    pub fn neon_url(&self) -> &Url {
        &self.neon_url
    }

    /// The page to open: `http://localhost:PORT/`.
    pub fn inbox_url(&self) -> &Url {
        &self.inbox_url
    }

    /// The provider whose texts the page shows.
    pub fn inbox(&self) -> InboxProvider {
        self.inbox.clone()
    }

    /// Ends open streams and stops listening.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.server.stop(true).await;
    }
}

#[cfg(test)]
mod tests;
