//! Who is signed in, where else, and with what token; and signing out.

use super::body::Body;
use super::{signed_in, take_away};
use crate::dev::neon::fields::Fields;
use crate::dev::neon::{AuthError, NeonEmulator, cookies};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

/// Better Auth's name of the header that holds the session's JWT.
const JWT: &str = "set-auth-jwt";

/// `null` for somebody who is not signed in; a cookie that is good for nothing any more goes.
pub(super) async fn get(emulator: Data<NeonEmulator>, request: HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    let found = signed_in(&emulator, &request);
    if let Some(found) = &found {
        response.insert_header((JWT, emulator.jwt(&found.user)));
    } else if cookies::tokens(&request).next().is_some() {
        take_away(&mut response);
    }
    response.json(found.map(|found| json!({ "session": found.session, "user": found.user })))
}

pub(super) async fn list(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
) -> Result<HttpResponse, AuthError> {
    let found = signed_in(&emulator, &request).ok_or(AuthError::Unauthorized)?;
    Ok(HttpResponse::Ok().json(emulator.sessions_of(&found.user)))
}

pub(super) async fn token(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
) -> Result<HttpResponse, AuthError> {
    let found = signed_in(&emulator, &request).ok_or(AuthError::Unauthorized)?;
    Ok(HttpResponse::Ok().json(json!({ "token": emulator.jwt(&found.user) })))
}

pub(super) async fn sign_out(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, AuthError> {
    // It takes no field; what is no JSON is refused all the same.
    if body.bytes().is_some_and(|body| !body.is_empty()) {
        Fields::of(body.bytes())?;
    }
    for token in cookies::tokens(&request) {
        emulator.sign_out(token);
    }
    let mut response = HttpResponse::Ok();
    take_away(&mut response);
    Ok(response.json(json!({ "success": true })))
}
