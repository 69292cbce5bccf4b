//! `GET /test-codes/{number}`: the code of a test number, to whoever has the token.
//!
//! Without the right token nothing is looked at but the token, and the answer says nothing of the number. The number
//! in the path is no part of what is logged: a request is known by its route.

use super::error::ApiError;
use crate::relay::Relay;
use crate::relay::texting::TestCode;
use crate::telemetry::{Refusal, Refusals};
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};
use sms_providers::PhoneNumber;
use tokio::sync::watch;

/// What opens the codes of test numbers; with `None` there is nothing at the path.
pub struct TestAccess(pub watch::Sender<Option<SecretString>>);

pub(super) async fn read(
    request: HttpRequest,
    number: Path<String>,
    access: Data<TestAccess>,
    refusals: Data<Refusals>,
    relay: Data<Relay>,
) -> Result<HttpResponse, ApiError> {
    let token = access.0.borrow().clone().ok_or(ApiError::NotFound)?;
    if !shows(&request, &token) {
        let (message, problem) =
            ("codes of test numbers are asked for without the token", ApiError::TestToken.problem());
        refusals.note(Refusal { message, problem, provider: None }, || {
            "the token is missing or wrong".to_owned()
        });
        return Err(ApiError::TestToken);
    }
    let number: PhoneNumber = number.parse().map_err(|_| ApiError::NoTestCode)?;
    let found = relay.texting.test_code(&number).await.map_err(ApiError::TryAgain)?;
    let TestCode { code, expires_at } = found.ok_or(ApiError::NoTestCode)?;
    let body = json!({ "code": code.expose(), "expires_at": expires_at.to_rfc3339() });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// Whether the request bears the token. How long that takes says nothing of the token, not even its length.
fn shows(request: &HttpRequest, token: &SecretString) -> bool {
    let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let shown = header.and_then(|header| header.split_once(' '));
    let Some((scheme, shown)) = shown else { return false };
    let digest = |text: &str| Sha256::digest(text.trim());
    let equal = verify_slices_are_equal(&digest(shown), &digest(token.expose_secret())).is_ok();
    equal && scheme.eq_ignore_ascii_case("bearer")
}
