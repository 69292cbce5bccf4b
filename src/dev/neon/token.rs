//! The JWT of a session, which an app's backend or a database checks against the JWKS.

use super::accounts::User;
use super::signer::Signer;
use crate::domain::Timestamp;
use serde_json::{Value, json};

/// Better Auth's default.
const LIFETIME_SECONDS: i64 = 15 * 60;

/// A signed token that says who somebody is. `issuer` is the origin of the Auth URL.
pub(super) fn jwt(signer: &Signer, issuer: &str, user: &User, now: Timestamp) -> String {
    let issued_at = now.as_millis().div_euclid(1000);
    let mut claims = json!(user);
    let additions = json!({
        "iat": issued_at,
        "exp": issued_at + LIFETIME_SECONDS,
        "sub": user.id,
        "iss": issuer,
        "aud": issuer,
        // The role of a request in Neon's Data API.
        "role": "authenticated",
    });
    if let (Value::Object(claims), Value::Object(additions)) = (&mut claims, additions) {
        claims.extend(additions);
    }
    signer.token(&claims.to_string())
}
