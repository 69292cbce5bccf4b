//! The session as a client carries it: a cookie under two names, or a bearer token.

use super::accounts::{Passwords, SESSION_LIFETIME, Session};
use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, COOKIE};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};

/// Better Auth's name of the cookie over plain HTTP, which every browser keeps.
const PLAIN_COOKIE: &str = "better-auth.session_token";
/// Neon's own name, the only one that its server handler passes on to an app.
const NEON_COOKIE: &str = "__Secure-neon-auth.session_token";

/// What is set when a session opens, or is renewed.
pub(super) fn opened(session: &Session, signer: &Passwords) -> [String; 2] {
    let signature = BASE64URL.encode(signer.signature(&session.token));
    let age = session.is_remembered.then_some(SESSION_LIFETIME.as_secs());
    both(&format!("{}.{signature}", session.token), age)
}

/// What is set when it ends.
pub(super) fn closed() -> [String; 2] {
    both("", Some(0))
}

/// The session under both of its names. Pages of other loopback origins need the second one to be
/// `SameSite=None`, which a browser keeps only if it is `Secure`, and `localhost` counts as that.
fn both(value: &str, max_age: Option<u64>) -> [String; 2] {
    let age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let cookie = |name: &str, kind: &str| format!("{name}={value}{age}; Path=/; HttpOnly; {kind}");
    [cookie(PLAIN_COOKIE, "SameSite=Lax"), cookie(NEON_COOKIE, "Secure; SameSite=None; Partitioned")]
}

/// Every token that comes along. A cookie of an earlier run may lie beside the one that counts.
pub(super) fn tokens(request: &HttpRequest) -> impl Iterator<Item = &str> {
    let cookies = request.headers().get_all(COOKIE).filter_map(|cookies| cookies.to_str().ok());
    let of_cookies = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(name, _)| [PLAIN_COOKIE, NEON_COOKIE].contains(name))
        .map(|(_, value)| value);
    let bearer = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let of_bearer =
        bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, value)| value);
    // Whoever knows the token may leave the signature out.
    of_cookies.chain(of_bearer).map(|value| value.split_once('.').map_or(value, |(token, _)| token).trim())
}
