//! `/sign-up/email`, `/sign-in/email`, and what a user changes about themselves.

use super::body::Body;
use super::{keep, opening, signed_in};
use crate::dev::neon::email::{SignUp, Update};
use crate::dev::neon::fields::Fields;
use crate::dev::neon::{AuthError, Caller, NeonEmulator};
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

pub(super) async fn sign_up(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, AuthError> {
    let mut fields = Fields::of(body.bytes())?;
    let sign_up = SignUp {
        name: fields.text("name"),
        email: fields.email("email"),
        password: fields.text("password"),
        image: fields.optional_text("image"),
        is_remembered: fields.optional_flag("rememberMe").unwrap_or(true),
    };
    fields.finish()?;
    let new = emulator.sign_up(sign_up, &Caller::of(&request))?;
    Ok(opening(&emulator, &new.session).json(json!({ "token": new.session.token, "user": new.user })))
}

pub(super) async fn sign_in(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, AuthError> {
    let mut fields = Fields::of(body.bytes())?;
    let (email, password) = (fields.text("email"), fields.text("password"));
    let url = fields.optional_text("callbackURL");
    let is_remembered = fields.optional_flag("rememberMe").unwrap_or(true);
    fields.finish()?;
    let known = emulator.sign_in(&email, &password, is_remembered, &Caller::of(&request))?;
    let mut response = opening(&emulator, &known.session);
    let mut answer = json!({
        "redirect": url.is_some(),
        "token": known.session.token,
        "user": known.user,
    });
    if let Some(url) = url {
        response.insert_header((LOCATION, url.as_str()));
        answer["url"] = json!(url);
    }
    Ok(response.json(answer))
}

pub(super) async fn update(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, AuthError> {
    let mut fields = Fields::of_any(body.bytes())?;
    if fields.has("phoneNumber") {
        return Err(AuthError::PhoneNumberFixed);
    }
    let who = signed_in(&emulator, &request).ok_or(AuthError::Unauthorized)?;
    if fields.has("email") {
        return Err(AuthError::EmailFixed);
    }
    if fields.has("phoneNumberVerified") {
        return Err(AuthError::FieldNotAllowed("phoneNumberVerified"));
    }
    if !fields.has("name") && !fields.has("image") {
        return Err(AuthError::NothingToUpdate);
    }
    let update = Update { name: fields.optional_text("name"), image: fields.clearable_text("image") };
    fields.finish()?;
    emulator.update(&who.user, update);
    let mut response = HttpResponse::Ok();
    keep(&mut response, &emulator, &who.session);
    Ok(response.json(json!({ "status": true })))
}
