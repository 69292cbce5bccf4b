//! What stands around the relay: Neon's keys, and a vendor that takes every text after a while and remembers whom it
//! was for. One server is both.

use super::measure::{Measured, Texts};
use crate::dev::neon::Signer;
use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data, Form};
use actix_web::{App, HttpResponse, HttpServer};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::task::TaskTracker;
use url::Url;
use uuid::Uuid;

/// The keys and the vendor.
pub struct Stage {
    pub(super) signer: Arc<Signer>,
    vendor: Data<Vendor>,
    address: SocketAddr,
    server: ServerHandle,
}

/// A vendor with Twilio's API.
struct Vendor {
    takes: Duration,
    taken: Mutex<HashMap<String, u64>>,
}

impl Vendor {
    fn taken(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "To")]
    to: String,
}

impl Stage {
    /// Serves on this listener; the vendor takes so long for each text.
    ///
    /// # Errors
    /// If the listener cannot be used.
    pub fn start(listener: TcpListener, vendor_takes: Duration) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let signer = Arc::new(Signer::random());
        let vendor = Data::new(Vendor { takes: vendor_takes, taken: Mutex::default() });
        let (keys, taking) = (signer.jwks(), vendor.clone());
        let server = HttpServer::new(move || {
            let keys = keys.clone();
            App::new()
                .app_data(taking.clone())
                .route(
                    "/neondb/auth/.well-known/jwks.json",
                    web::get().to(move || std::future::ready(HttpResponse::Ok().json(&keys))),
                )
                .route("/2010-04-01/Accounts/{account}/Messages.json", web::post().to(take))
        })
        .disable_signals()
        .workers(1)
        .shutdown_timeout(0)
        .listen(listener)?
        .run();
        let handle = server.handle();
        TaskTracker::new().spawn(server);
        Ok(Self { signer, vendor, address, server: handle })
    }

    /// What a relay has to have as `NEON_AUTH_URL`.
    pub fn auth_url(&self) -> String {
        format!("http://{}/neondb/auth", self.address)
    }

    /// What a relay has to have as `TWILIO_BASE_URL`.
    pub fn vendor_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Forgets which texts the vendor took.
    pub fn forget_texts(&self) {
        self.vendor.taken().clear();
    }

    /// What the vendor got, against what the relay said.
    pub fn texts(&self, measured: &Measured) -> Texts {
        Texts::of(&self.vendor.taken(), &measured.signed.accepted)
    }

    /// Stops serving.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }

    /// The address of a relay's webhook, from any address of it.
    pub fn webhook(relay: &Url) -> Url {
        let mut url = relay.clone();
        if url.path() == "/" {
            url.set_path("/webhooks/neon-auth");
        }
        url
    }
}

async fn take(vendor: Data<Vendor>, text: Form<Text>) -> HttpResponse {
    tokio::time::sleep(vendor.takes).await;
    *vendor.taken().entry(text.into_inner().to).or_default() += 1;
    let sid = format!("SM{}", Uuid::new_v4().simple());
    HttpResponse::Created().json(json!({ "sid": sid, "status": "queued" }))
}
