//! What `neon-sms-relay dev` starts beside the relay: an emulator of Neon Auth and an inbox for the texts.
//!
//! One listener serves both. It must not know how the relay verifies or stores: its signer is a second,
//! independent reading of Neon's documentation, and it reaches the relay over HTTP alone, as Neon does.

mod feed;
pub mod inbox;
pub mod neon;
mod ring;

pub use inbox::InboxProvider;

use crate::domain::Clock;
use crate::tasks::Tasks;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The `context.endpoint_id` of every event of the emulator.
pub const ENDPOINT_ID: &str = "ep-local-dev-00000000";

/// What the emulator and the inbox are made of.
pub struct DevOptions {
    /// Where both listen; on a loopback address, since the page shows codes.
    pub listener: TcpListener,
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
    /// How long a code is valid: 60 to 600 seconds, Neon's `otp_expires_in`.
    pub otp_expires_in: Duration,
    /// How long one attempt of a webhook may take: 1 to 10 seconds, Neon's `timeout_seconds`.
    pub timeout: Duration,
}

/// Why the development server did not start.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// `otp_expires_in` is out of Neon's range.
    #[error("a code must be valid for 60 to 600 seconds")]
    OtpExpiresIn,
    /// `timeout` is out of Neon's range.
    #[error("the webhook's time-out must be 1 to 10 seconds")]
    Timeout,
    /// The listener is not usable.
    #[error("the development server cannot listen: {0}")]
    Listen(#[from] std::io::Error),
}

/// The emulator and the inbox, listening.
pub struct DevServer {
    neon_url: Url,
    inbox_url: Url,
    inbox: InboxProvider,
}

impl DevServer {
    /// Serves on the listener until [`stop`](Self::stop) or until the tasks drain.
    ///
    /// # Errors
    /// If a duration is out of Neon's range or the listener cannot be used.
    pub fn start(options: DevOptions) -> Result<Self, DevError> {
        if !(60..=600).contains(&options.otp_expires_in.as_secs()) {
            return Err(DevError::OtpExpiresIn);
        }
        if !(1..=10).contains(&options.timeout.as_secs()) {
            return Err(DevError::Timeout);
        }
        let address = options.listener.local_addr()?;
        let inbox_url = Url::parse(&format!("http://{address}/")).map_err(std::io::Error::other)?;
        let neon_url = inbox_url.join("neondb/auth").map_err(std::io::Error::other)?;
        Ok(Self { neon_url, inbox_url, inbox: options.inbox })
    }

    /// The emulator's `NEON_AUTH_URL`: `http://127.0.0.1:PORT/neondb/auth`.
    pub fn neon_url(&self) -> &Url {
        &self.neon_url
    }

    /// The page to open: `http://127.0.0.1:PORT/`.
    pub fn inbox_url(&self) -> &Url {
        &self.inbox_url
    }

    /// The provider whose texts the page shows.
    pub fn inbox(&self) -> InboxProvider {
        self.inbox.clone()
    }

    /// Ends open streams and stops listening.
    pub async fn stop(self) {}
}
