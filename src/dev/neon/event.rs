//! The events as Neon documents them, real ones and samples
//! (<https://neon.com/docs/auth/guides/webhooks#payload-structure>).

use super::accounts::User;
use super::caller::Caller;
use crate::dev::ENDPOINT_ID;
use crate::domain::{OtpCode, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The app that the texts speak of.
const PROJECT_NAME: &str = "Acme Dev";
/// A number from the range that is reserved for fiction.
const SAMPLE_NUMBER: &str = "+12025550142";
/// How long what the samples carry is valid.
const SAMPLE_VALIDITY: Duration = Duration::from_secs(300);

/// Every event that Neon's API can subscribe a webhook to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventType {
    SendOtp,
    SendMagicLink,
    BeforeCreate,
    UserCreated,
    PhoneVerified,
    InvitationCreated,
    InvitationAccepted,
}

impl EventType {
    pub const ALL: [Self; 7] = [
        Self::SendOtp,
        Self::SendMagicLink,
        Self::BeforeCreate,
        Self::UserCreated,
        Self::PhoneVerified,
        Self::InvitationCreated,
        Self::InvitationAccepted,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendOtp => "send.otp",
            Self::SendMagicLink => "send.magic_link",
            Self::BeforeCreate => "user.before_create",
            Self::UserCreated => "user.created",
            Self::PhoneVerified => "phone_number.verified",
            Self::InvitationCreated => "organization.invitation.created",
            Self::InvitationAccepted => "organization.invitation.accepted",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event_type| event_type.as_str() == name)
    }

    /// Whether a user waits for the answer.
    pub fn is_blocking(self) -> bool {
        match self {
            Self::SendOtp | Self::SendMagicLink | Self::BeforeCreate => true,
            Self::UserCreated | Self::PhoneVerified | Self::InvitationCreated | Self::InvitationAccepted => {
                false
            }
        }
    }
}

/// How a sample `send.otp` asks to be delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Channel {
    #[default]
    Sms,
    Email,
}

/// An event, written out once: every attempt sends the same bytes.
pub(super) struct Event {
    pub id: String,
    pub event_type: EventType,
    pub at: Timestamp,
    pub body: String,
}

impl Event {
    fn new(
        event_type: EventType,
        at: Timestamp,
        user: Value,
        mut event_data: Value,
        caller: &Caller,
    ) -> Self {
        let id = Uuid::new_v4().to_string();
        event_data["ip_address"] = json!(caller.ip);
        event_data["user_agent"] = json!(caller.user_agent);
        let context = json!({ "endpoint_id": ENDPOINT_ID, "project_name": PROJECT_NAME });
        // Written part by part to keep Neon's order, for those who read it on the page.
        let body = format!(
            r#"{{"event_id":"{id}","event_type":"{}","timestamp":"{at}","context":{context},"user":{user},"event_data":{event_data}}}"#,
            event_type.as_str()
        );
        Self { id, event_type, at, body }
    }

    /// A code that waits to be delivered by SMS. A number that belongs to nobody yet is all that is known
    /// of its user.
    pub fn send_otp(
        number: &str,
        user: Option<&User>,
        code: &OtpCode,
        at: Timestamp,
        expires_at: Timestamp,
        caller: &Caller,
    ) -> Self {
        let user = user.map_or_else(|| json!({ "phone_number": number }), User::in_event);
        Self::new(EventType::SendOtp, at, user, otp(code.expose(), Channel::Sms, expires_at), caller)
    }

    /// A number was verified.
    pub fn phone_verified(user: &User, at: Timestamp, caller: &Caller) -> Self {
        let verified = json!({ "phone_number": user.phone_number });
        Self::new(EventType::PhoneVerified, at, user.in_event(), verified, caller)
    }

    /// An event as Neon would send it, about somebody who does not exist.
    pub fn sample(event_type: EventType, channel: Channel, at: Timestamp, caller: &Caller) -> Self {
        let expires_at = at.plus(SAMPLE_VALIDITY);
        let mut user = json!({
            "id": Uuid::new_v4().to_string(), "email": "ada@example.com", "name": "Ada Example",
            "email_verified": true, "created_at": at.to_rfc3339(),
        });
        let token = Uuid::new_v4().simple().to_string();
        let event_data = match event_type {
            EventType::SendOtp => {
                if channel == Channel::Sms {
                    user["phone_number"] = json!(SAMPLE_NUMBER);
                    user["phone_number_verified"] = json!(true);
                }
                otp("042137", channel, expires_at)
            }
            EventType::SendMagicLink => json!({
                "link_type": "email-verification",
                "link_url": format!("https://app.example.com/verify-email?token={token}"),
                "token": token,
                "expires_at": expires_at.to_rfc3339(),
            }),
            EventType::BeforeCreate | EventType::UserCreated => json!({ "auth_provider": "credential" }),
            EventType::PhoneVerified => {
                user["phone_number"] = json!(SAMPLE_NUMBER);
                user["phone_number_verified"] = json!(true);
                json!({ "phone_number": SAMPLE_NUMBER })
            }
            // Neon lists these two and does not document what they carry.
            EventType::InvitationCreated | EventType::InvitationAccepted => json!({
                "invitation_id": Uuid::new_v4().to_string(),
                "organization_id": Uuid::new_v4().to_string(),
                "email": "grace@example.com",
                "role": "member",
            }),
        };
        Self::new(event_type, at, user, event_data, caller)
    }
}

fn otp(code: &str, channel: Channel, expires_at: Timestamp) -> Value {
    let preference = match channel {
        Channel::Sms => "sms",
        Channel::Email => "email",
    };
    json!({
        "otp_code": code,
        "otp_type": "sign-in",
        "delivery_preference": preference,
        "expires_at": expires_at.to_rfc3339(),
    })
}
