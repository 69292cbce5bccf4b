//! The bare handler: reads, verifies, claims in memory, posts. No second thoughts about anything.

use super::load::{KID, key};
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use ed25519_dalek::{Signature, VerifyingKey};
use neon_sms_relay::domain::{Clock, SystemClock};
use serde::Deserialize;
use serde_json::{Value, json};
use sms_providers::client::http_client;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

#[derive(Deserialize)]
struct Event<'a> {
    event_id: String,
    #[serde(borrow)]
    user: User<'a>,
    #[serde(borrow)]
    event_data: Otp<'a>,
}

#[derive(Deserialize)]
struct User<'a> {
    phone_number: &'a str,
}

#[derive(Deserialize)]
struct Otp<'a> {
    otp_code: &'a str,
}

#[derive(Deserialize)]
struct Header<'a> {
    alg: &'a str,
}

struct Handler {
    key: VerifyingKey,
    claimed: Arc<Mutex<HashSet<String>>>,
    http: reqwest::Client,
    vendor: String,
}

fn verified<'a>(request: &HttpRequest, body: &'a [u8], key: &VerifyingKey) -> Option<Event<'a>> {
    let header = |name| request.headers().get(name)?.to_str().ok();
    let (jws, kid, timestamp) =
        (header("x-neon-signature")?, header("x-neon-signature-kid")?, header("x-neon-timestamp")?);
    let age = SystemClock.now().as_millis() - timestamp.parse::<i64>().ok()?;
    if age.abs() > 300_000 || kid != KID {
        return None;
    }
    let (protected, signature) = jws.split_once("..")?;
    let decoded = BASE64URL.decode(protected).ok()?;
    let decoded: Header<'_> = serde_json::from_slice(&decoded).ok()?;
    if decoded.alg != "EdDSA" {
        return None;
    }
    let signature = Signature::from_slice(&BASE64URL.decode(signature).ok()?).ok()?;
    let payload = BASE64URL.encode(format!("{timestamp}.{}", BASE64URL.encode(body)));
    key.verify_strict(format!("{protected}.{payload}").as_bytes(), &signature).ok()?;
    serde_json::from_slice(body).ok()
}

async fn receive(request: HttpRequest, body: Bytes, handler: Data<Handler>) -> HttpResponse {
    let Some(event) = verified(&request, &body, &handler.key) else {
        return HttpResponse::Unauthorized().json(json!({ "error": "unverified" }));
    };
    if !handler.claimed.lock().unwrap().insert(event.event_id) {
        return HttpResponse::Ok().json(json!({ "status": "accepted" }));
    }
    let text = format!("Your code is {}.", event.event_data.otp_code);
    let form = [("To", event.user.phone_number), ("From", "+15551234567"), ("Body", &text)];
    let sending = handler.http.post(&handler.vendor).basic_auth("AC0", Some("token")).form(&form).send();
    let answer = sending.await.unwrap().bytes().await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    HttpResponse::Ok().json(json!({ "status": "accepted", "message_id": answer["sid"] }))
}

/// Serves until the process is ended.
pub fn serve(port: u16, vendor: &str) {
    let claimed = Arc::<Mutex<HashSet<String>>>::default();
    let vendor = format!("{vendor}/2010-04-01/Accounts/AC0/Messages.json");
    let server = HttpServer::new(move || {
        let handler = Data::new(Handler {
            key: key().verifying_key(),
            claimed: claimed.clone(),
            http: http_client().unwrap(),
            vendor: vendor.clone(),
        });
        App::new()
            .app_data(handler)
            .route("/readyz", web::get().to(HttpResponse::Ok))
            .route("/webhooks/neon-auth", web::post().to(receive))
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { server.bind(("127.0.0.1", port)).unwrap().run().await.unwrap() });
}
