//! The emulator over HTTP: Better Auth's routes under `/neondb/auth`, and the event log.

use super::caller::Caller;
use super::event::{Channel, EventType};
use super::{AuthError, NeonEmulator, Verification};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::JsonPayloadError;
use actix_web::http::header::{COOKIE, SET_COOKIE};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, Json, JsonConfig, Path, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

/// Far more than any request of a client.
const BODY_LIMIT: usize = 4 * 1024;
/// Better Auth's name of the cookie over plain HTTP, which every browser keeps.
const PLAIN_COOKIE: &str = "better-auth.session_token";
/// Neon's own name, the only one that its server handler passes on to an app.
const NEON_COOKIE: &str = "__Secure-neon-auth.session_token";

/// Mounts the emulator. Its `Data` is the caller's to add.
pub(in crate::dev) fn routes(cfg: &mut ServiceConfig) {
    let json = JsonConfig::default().limit(BODY_LIMIT).error_handler(|error, _| match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            AuthError::TooLarge.into()
        }
        _ => AuthError::Malformed.into(),
    });
    let phone_number = web::scope("/phone-number")
        .wrap(from_fn(limit))
        .route("/send-otp", web::post().to(send_otp))
        .route("/verify", web::post().to(verify));
    cfg.app_data(json)
        .service(
            web::scope("/neondb/auth")
                .service(phone_number)
                .route("/get-session", web::get().to(get_session))
                .route("/sign-out", web::post().to(sign_out))
                .route("/.well-known/jwks.json", web::get().to(jwks)),
        )
        // Where some look who strip the path off their Auth URL.
        .route("/.well-known/jwks.json", web::get().to(jwks))
        .route("/dev/events", web::get().to(events))
        .route("/dev/events/{event_type}", web::post().to(fire));
}

/// Counts before anything is read, as Better Auth does: a request with a broken body counts too.
async fn limit(
    emulator: Data<NeonEmulator>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    emulator.admit(Caller::of(request.request()).ip)?;
    next.call(request).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendOtp {
    phone_number: String,
}

async fn send_otp(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
    body: Json<SendOtp>,
) -> Result<HttpResponse, AuthError> {
    emulator.send_otp(&body.phone_number, &Caller::of(&request)).await?;
    Ok(HttpResponse::Ok().json(json!({ "message": "code sent" })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verify {
    phone_number: String,
    code: String,
    #[serde(default)]
    update_phone_number: bool,
    #[serde(default)]
    disable_session: bool,
}

async fn verify(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
    body: Json<Verify>,
) -> Result<HttpResponse, AuthError> {
    let session_token = session_token(&emulator, &request);
    let verification = Verification {
        number: &body.phone_number,
        code: &body.code,
        update_phone_number: body.update_phone_number,
        disable_session: body.disable_session,
        session_token: session_token.as_deref(),
    };
    let verified = emulator.verify(&verification, &Caller::of(&request))?;
    let mut response = HttpResponse::Ok();
    if let (true, Some(token)) = (verified.opened_session, &verified.token) {
        for cookie in cookies(token, super::accounts::SESSION_LIFETIME.as_secs()) {
            response.append_header((SET_COOKIE, cookie));
        }
    }
    Ok(response.json(json!({ "status": true, "token": verified.token, "user": verified.user })))
}

/// `null` for somebody who is not signed in.
async fn get_session(emulator: Data<NeonEmulator>, request: HttpRequest) -> HttpResponse {
    let found = session_token(&emulator, &request).and_then(|token| emulator.session(&token));
    HttpResponse::Ok().json(found.map(|(session, user)| json!({ "session": session, "user": user })))
}

async fn sign_out(emulator: Data<NeonEmulator>, request: HttpRequest) -> HttpResponse {
    for token in session_tokens(&request) {
        emulator.sign_out(token);
    }
    let mut response = HttpResponse::Ok();
    for cookie in cookies("", 0) {
        response.append_header((SET_COOKIE, cookie));
    }
    response.json(json!({ "success": true }))
}

async fn jwks(emulator: Data<NeonEmulator>) -> HttpResponse {
    HttpResponse::Ok().json(emulator.jwks())
}

async fn events(emulator: Data<NeonEmulator>) -> HttpResponse {
    HttpResponse::Ok().json(emulator.deliveries())
}

#[derive(Deserialize)]
struct Sample {
    #[serde(default)]
    delivery_preference: Channel,
}

async fn fire(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
    event_type: Path<String>,
    body: Json<Sample>,
) -> Result<HttpResponse, AuthError> {
    let event_type = EventType::from_name(&event_type).ok_or(AuthError::UnknownEvent)?;
    let id = emulator.fire_sample(event_type, body.delivery_preference, &Caller::of(&request))?;
    Ok(HttpResponse::Accepted().json(json!({ "event_id": id })))
}

/// What Neon Auth has and this emulator has not, and what neither has.
pub(in crate::dev) async fn not_emulated() -> Result<HttpResponse, AuthError> {
    Err(AuthError::NotEmulated)
}

/// The session under both of its names. Pages of other loopback origins need the second one to be
/// `SameSite=None`, which a browser keeps only if it is `Secure`, and `localhost` counts as that.
fn cookies(token: &str, max_age: u64) -> [String; 2] {
    let cookie =
        |name: &str, kind: &str| format!("{name}={token}; Max-Age={max_age}; Path=/; HttpOnly; {kind}");
    [cookie(PLAIN_COOKIE, "SameSite=Lax"), cookie(NEON_COOKIE, "Secure; SameSite=None; Partitioned")]
}

/// The token of whoever is signed in. A cookie of an earlier run may lie beside the one that counts.
fn session_token(emulator: &NeonEmulator, request: &HttpRequest) -> Option<String> {
    session_tokens(request).find(|token| emulator.session(token).is_some()).map(str::to_owned)
}

fn session_tokens(request: &HttpRequest) -> impl Iterator<Item = &str> {
    let cookies = request.headers().get_all(COOKIE).filter_map(|cookies| cookies.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(name, _)| [PLAIN_COOKIE, NEON_COOKIE].contains(name))
        .map(|(_, token)| token)
}
