//! The events as Neon documents them, real ones and samples
//! (<https://neon.com/docs/auth/guides/webhooks#payload-structure>).

mod sample;

pub(super) use sample::sample;

use super::accounts::User;
use super::caller::Caller;
use crate::dev::ENDPOINT_ID;
use crate::domain::{OtpCode, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The app that the texts speak of.
const PROJECT_NAME: &str = "Acme Dev";

pub(super) const SEND_OTP: &str = "send.otp";
pub(super) const SEND_MAGIC_LINK: &str = "send.magic_link";
pub(super) const BEFORE_CREATE: &str = "user.before_create";
pub(super) const USER_CREATED: &str = "user.created";
pub(super) const PHONE_VERIFIED: &str = "phone_number.verified";

/// Whether a user waits for the answer, also of a channel to come.
pub(super) fn is_blocking(event_type: &str) -> bool {
    event_type == BEFORE_CREATE || event_type.starts_with("send.")
}

/// An event, written out once: every attempt sends the same bytes.
pub(super) struct Event {
    pub id: String,
    pub event_type: String,
    pub at: Timestamp,
    pub body: String,
    /// The number and the code of a text that it asks for.
    pub text: Option<(String, String)>,
}

/// A part of an event that cannot be replaced as asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoSuchPlace;

/// An event that is not yet written out.
pub(super) struct Draft {
    at: Timestamp,
    /// In Neon's order, for those who read it on the page.
    parts: Vec<(String, Value)>,
}

impl Draft {
    fn new(event_type: &str, at: Timestamp, user: Value, mut event_data: Value, caller: &Caller) -> Self {
        event_data["ip_address"] = json!(caller.ip);
        event_data["user_agent"] = json!(caller.user_agent);
        let parts = [
            ("event_id", json!(Uuid::new_v4().to_string())),
            ("event_type", json!(event_type)),
            ("timestamp", json!(at.to_rfc3339())),
            ("context", json!({ "endpoint_id": ENDPOINT_ID, "project_name": PROJECT_NAME })),
            ("user", user),
            ("event_data", event_data),
        ];
        Self { at, parts: parts.map(|(name, value)| (name.to_owned(), value)).into() }
    }

    /// Puts a value where a path such as `event_data.otp_code` leads; what is missing on the way is made.
    ///
    /// # Errors
    /// If the path has an empty step, or leads into something that has no fields.
    pub fn set(&mut self, path: &str, value: Value) -> Result<(), NoSuchPlace> {
        let mut steps = path.split('.');
        let first = steps.next().filter(|name| !name.is_empty()).ok_or(NoSuchPlace)?;
        let position = self.parts.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
            self.parts.push((first.to_owned(), Value::Object(Map::new())));
            self.parts.len() - 1
        });
        let mut place = &mut self.parts.get_mut(position).ok_or(NoSuchPlace)?.1;
        for step in steps {
            let Value::Object(fields) = place else { return Err(NoSuchPlace) };
            if step.is_empty() {
                return Err(NoSuchPlace);
            }
            place = fields.entry(step).or_insert_with(|| Value::Object(Map::new()));
        }
        *place = value;
        Ok(())
    }

    /// Writes it out.
    pub fn finish(self) -> Event {
        let part = |wanted: &str| self.parts.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        let text_of = |name| part(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let field = |parent, name| Some(part(parent)?.get(name)?.as_str()?.to_owned());
        let written: Vec<_> = self
            .parts
            .iter()
            .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
            .collect();
        Event {
            id: text_of("event_id"),
            event_type: text_of("event_type"),
            at: self.at,
            text: field("user", "phone_number").zip(field("event_data", "otp_code")),
            body: format!("{{{}}}", written.join(",")),
        }
    }
}

/// A code that waits to be delivered by SMS. A number that belongs to nobody yet is all that is known of its
/// user.
pub(super) fn send_otp(
    number: &str,
    user: Option<&User>,
    code: &OtpCode,
    at: Timestamp,
    expires_at: Timestamp,
    caller: &Caller,
) -> Event {
    let user = user.map_or_else(|| json!({ "phone_number": number }), User::in_event);
    Draft::new(SEND_OTP, at, user, otp(code.expose(), expires_at), caller).finish()
}

/// A number was verified.
pub(super) fn phone_verified(user: &User, number: &str, at: Timestamp, caller: &Caller) -> Event {
    let verified = json!({ "phone_number": number });
    Draft::new(PHONE_VERIFIED, at, user.in_event(), verified, caller).finish()
}

/// Somebody signed up by e-mail.
pub(super) fn user_created(user: &User, at: Timestamp, caller: &Caller) -> Event {
    let data = json!({ "auth_provider": "credential" });
    Draft::new(USER_CREATED, at, user.in_event(), data, caller).finish()
}

fn otp(code: &str, expires_at: Timestamp) -> Value {
    json!({
        "otp_code": code,
        "otp_type": "sign-in",
        "delivery_preference": "sms",
        "expires_at": expires_at.to_rfc3339(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn draft() -> Draft {
        let caller = Caller { ip: Ipv4Addr::LOCALHOST.into(), user_agent: "test".into() };
        sample(SEND_OTP, Timestamp::from_millis(1_740_312_000_000), &caller)
    }

    #[test]
    fn any_field_can_be_replaced_and_what_is_missing_is_made() {
        let mut event = draft();
        for (path, value) in [
            ("event_id", json!("again")),
            ("event_data.otp_code", json!("555555")),
            ("user", json!({ "phone_number": "+12025550199" })),
            ("context.a.b", json!([1])),
            ("new", Value::Null),
        ] {
            event.set(path, value).unwrap();
        }
        let event = event.finish();
        let body: Value = serde_json::from_str(&event.body).unwrap();
        assert_eq!((event.id.as_str(), &body["event_id"]), ("again", &json!("again")));
        assert_eq!(event.text, Some(("+12025550199".into(), "555555".into())));
        assert_eq!((&body["context"]["a"]["b"], body.get("new")), (&json!([1]), Some(&Value::Null)));
        assert!(event.body.starts_with(r#"{"event_id":"again","event_type":"send.otp","timestamp":"#));
    }

    #[test]
    fn a_path_that_leads_nowhere_is_no_path() {
        for path in ["", ".", "user.", ".user", "user..name", "event_type.name", "event_data.otp_code.a"] {
            assert_eq!(draft().set(path, Value::Null), Err(NoSuchPlace), "{path}");
        }
    }
}
