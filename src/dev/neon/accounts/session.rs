//! A session, in the fields and names of Better Auth.

use super::user::rfc3339;
use crate::dev::neon::caller::Caller;
use crate::domain::Timestamp;
use serde::Serialize;
use std::time::Duration;
use uuid::Uuid;

/// Better Auth's default (<https://www.better-auth.com/docs/concepts/session-management>).
pub(in crate::dev::neon) const SESSION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// What `rememberMe: false` leaves of it.
const UNREMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// Somebody who is signed in.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::dev::neon) struct Session {
    #[serde(serialize_with = "rfc3339")]
    pub expires_at: Timestamp,
    pub token: String,
    #[serde(serialize_with = "rfc3339")]
    created_at: Timestamp,
    #[serde(serialize_with = "rfc3339")]
    updated_at: Timestamp,
    ip_address: String,
    user_agent: String,
    pub user_id: String,
    id: String,
    /// Whether the cookie outlives the browser.
    #[serde(skip)]
    pub is_remembered: bool,
}

impl Session {
    pub fn new(user_id: &str, caller: &Caller, is_remembered: bool, now: Timestamp) -> Self {
        Self {
            expires_at: now.plus(if is_remembered { SESSION_LIFETIME } else { UNREMEMBERED }),
            token: Uuid::new_v4().simple().to_string(),
            created_at: now,
            updated_at: now,
            ip_address: caller.ip.to_string(),
            user_agent: caller.user_agent.clone(),
            user_id: user_id.to_owned(),
            id: Uuid::new_v4().to_string(),
            is_remembered,
        }
    }
}
