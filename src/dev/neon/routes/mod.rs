//! The emulator over HTTP: Better Auth's routes under `/neondb/auth`, and the keys.

mod body;
mod email;
mod phone;
mod session;

use super::{AuthError, Caller, NeonEmulator, Session, cookies};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::SET_COOKIE;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::json;

/// Where Better Auth's routes are.
const BASE: &str = "/neondb/auth";
/// Better Auth's name of the header with the token that a client may send as a bearer.
const BEARER: &str = "set-auth-token";

/// Mounts the emulator. Its `Data` is the caller's to add.
pub(in crate::dev) fn routes(cfg: &mut ServiceConfig) {
    let phone_number = web::scope("/phone-number")
        .wrap(from_fn(limit))
        .route("/send-otp", web::post().to(phone::send_otp))
        .route("/verify", web::post().to(phone::verify));
    cfg.service(
        web::scope(BASE)
            .service(phone_number)
            .route("/ok", web::get().to(ok))
            .route("/sign-up/email", web::post().to(email::sign_up))
            .route("/sign-in/email", web::post().to(email::sign_in))
            .route("/update-user", web::post().to(email::update))
            .route("/get-session", web::get().to(session::get))
            .route("/list-sessions", web::get().to(session::list))
            .route("/token", web::get().to(session::token))
            .route("/get-jwt-token", web::get().to(session::token))
            .route("/sign-out", web::post().to(session::sign_out))
            .route("/jwks", web::get().to(jwks))
            .route("/.well-known/jwks.json", web::get().to(jwks)),
    )
    // Where some look who strip the path off their Auth URL.
    .route("/.well-known/jwks.json", web::get().to(jwks));
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

async fn ok() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "ok": true }))
}

async fn jwks(emulator: Data<NeonEmulator>) -> HttpResponse {
    HttpResponse::Ok().json(emulator.jwks())
}

/// What Neon Auth has and this emulator has not, and what neither has.
pub(in crate::dev) async fn not_emulated() -> Result<HttpResponse, AuthError> {
    Err(AuthError::NotEmulated)
}

/// An answer that opens a session.
fn opening(emulator: &NeonEmulator, session: &Session) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    keep(&mut response, emulator, session);
    response
}

/// Gives the session to the client, as cookies and as a bearer token.
fn keep(response: &mut HttpResponseBuilder, emulator: &NeonEmulator, session: &Session) {
    response.insert_header((BEARER, session.token.as_str()));
    for cookie in cookies::opened(session, &emulator.passwords) {
        response.append_header((SET_COOKIE, cookie));
    }
}

/// Takes the session from the client.
fn take_away(response: &mut HttpResponseBuilder) {
    for cookie in cookies::closed() {
        response.append_header((SET_COOKIE, cookie));
    }
}

fn signed_in(emulator: &NeonEmulator, request: &HttpRequest) -> Option<super::SignedIn> {
    emulator.signed_in(cookies::tokens(request))
}
