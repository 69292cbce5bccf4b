//! Neon's keys and Twilio's API, as far as the servers need them, in this process.

use super::load::{KID, key};
use actix_web::web::{self, Data, Path};
use actix_web::{App, HttpResponse, HttpServer};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where they are, and how long the vendor thinks.
pub struct Vendor {
    pub url: String,
    millis: Arc<AtomicU64>,
}

impl Vendor {
    pub fn thinks_for(&self, time: Duration) {
        self.millis.store(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

pub fn start() -> Vendor {
    let millis = Arc::new(AtomicU64::new(0));
    let thinks = Data::new(millis.clone());
    let keys = || async {
        let x = BASE64URL.encode(key().verifying_key());
        HttpResponse::Ok().json(json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": KID, "x": x}]}))
    };
    let take = |_: Path<String>, body: web::Bytes, thinks: Data<Arc<AtomicU64>>| async move {
        drop(body);
        let millis = thinks.load(Ordering::Relaxed);
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        HttpResponse::Created().json(json!({
            "sid": "SM00000000000000000000000000000001", "status": "queued", "num_segments": "1",
            "error_code": null, "error_message": null, "direction": "outbound-api", "price": null,
        }))
    };
    let server = HttpServer::new(move || {
        App::new()
            .app_data(thinks.clone())
            .route("/neondb/auth/.well-known/jwks.json", web::get().to(keys))
            .route("/2010-04-01/Accounts/{account}/Messages.json", web::post().to(take))
    });
    let server = server.workers(1).max_connections(30_000).backlog(8192).bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    tokio::runtime::Handle::current().spawn(server.disable_signals().run());
    Vendor { url, millis }
}
