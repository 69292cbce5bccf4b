//! Events as Neon would send them, about somebody who does not exist.

use super::{BEFORE_CREATE, Draft, PHONE_VERIFIED, SEND_MAGIC_LINK, SEND_OTP, USER_CREATED, otp};
use crate::dev::neon::caller::Caller;
use crate::domain::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// A number from the range that is reserved for fiction.
const NUMBER: &str = "+12025550142";
/// How long what the samples carry is valid.
const VALIDITY: Duration = Duration::from_secs(300);

/// A sample of any type. What Neon does not document carries its user alone.
pub(in crate::dev::neon) fn sample(event_type: &str, at: Timestamp, caller: &Caller) -> Draft {
    let expires_at = at.plus(VALIDITY);
    let mut user = json!({
        "id": Uuid::new_v4().to_string(), "email": "ada@example.com", "name": "Ada Example",
        "email_verified": true, "created_at": at.to_rfc3339(),
    });
    if event_type == SEND_OTP || event_type == PHONE_VERIFIED {
        user["phone_number"] = json!(NUMBER);
        user["phone_number_verified"] = json!(true);
    }
    Draft::new(event_type, at, user, event_data(event_type, expires_at), caller)
}

fn event_data(event_type: &str, expires_at: Timestamp) -> Value {
    match event_type {
        SEND_OTP => otp("042137", expires_at),
        SEND_MAGIC_LINK => {
            let token = Uuid::new_v4().simple().to_string();
            json!({
                "link_type": "email-verification",
                "link_url": format!("https://app.example.com/verify-email?token={token}"),
                "token": token,
                "expires_at": expires_at.to_rfc3339(),
            })
        }
        BEFORE_CREATE | USER_CREATED => json!({ "auth_provider": "credential" }),
        PHONE_VERIFIED => json!({ "phone_number": NUMBER }),
        // Neon lists these two and does not document what they carry.
        "organization.invitation.created" | "organization.invitation.accepted" => json!({
            "invitation_id": Uuid::new_v4().to_string(),
            "organization_id": Uuid::new_v4().to_string(),
            "email": "grace@example.com",
            "role": "member",
        }),
        _ => json!({}),
    }
}
