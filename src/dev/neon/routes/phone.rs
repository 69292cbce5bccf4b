//! `/phone-number/…`.

use super::body::Body;
use super::{keep, signed_in};
use crate::dev::neon::fields::Fields;
use crate::dev::neon::phone::Verification;
use crate::dev::neon::{AuthError, Caller, NeonEmulator};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

pub(super) async fn send_otp(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, AuthError> {
    let mut fields = Fields::of(body.bytes())?;
    let number = fields.text("phoneNumber");
    fields.finish()?;
    emulator.send_otp(&number, &Caller::of(&request)).await?;
    Ok(HttpResponse::Ok().json(json!({ "message": "code sent" })))
}

pub(super) async fn verify(
    emulator: Data<NeonEmulator>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, AuthError> {
    let mut fields = Fields::of(body.bytes())?;
    let verification = Verification {
        number: fields.text("phoneNumber"),
        code: fields.text("code"),
        disable_session: fields.optional_flag("disableSession").unwrap_or(false),
        update_phone_number: fields.optional_flag("updatePhoneNumber").unwrap_or(false),
        signed_in: signed_in(&emulator, &request),
    };
    fields.finish()?;
    let verified = emulator.verify(&verification, &Caller::of(&request))?;
    let mut response = HttpResponse::Ok();
    if let Some(session) = &verified.session {
        keep(&mut response, &emulator, session);
    }
    Ok(response.json(json!({ "status": true, "token": verified.token, "user": verified.user })))
}
