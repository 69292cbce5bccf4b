//! The signed body → [`Event`]. Lenient about what Neon may add, strict about what is acted upon.

use super::error::VerifyError;
use crate::domain::{
    DeliveryPreference, Destination, EndpointId, Event, EventId, NeonEvent, OtpCode, OtpType, SendOtp,
    Subject, Timestamp, User,
};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What all events share. The parts that differ by event stay unread until the type is known.
#[derive(Deserialize)]
struct Envelope<'a> {
    event_id: String,
    event_type: String,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    event_data: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Context {
    endpoint_id: Option<Value>,
    project_name: Option<Value>,
}

#[derive(Default, Deserialize)]
struct RawUser {
    id: Option<Value>,
    /// What older events call it.
    user_id: Option<Value>,
    phone_number: Option<Value>,
    email: Option<Value>,
}

#[derive(Deserialize)]
struct OtpData {
    otp_code: Option<Value>,
    otp_type: Option<Value>,
    delivery_preference: Option<Value>,
    expires_at: Option<Value>,
}

/// Reads the body of a delivery whose signature holds.
pub fn read(body: &[u8]) -> Result<Event, VerifyError> {
    let envelope: Envelope = parse(body, "it is not a JSON object with event_id and event_type")?;
    let id = EventId::new(&envelope.event_id).ok_or(VerifyError::Body("event_id is not an id"))?;
    let name = EventId::new(&envelope.event_type).ok_or(VerifyError::Body("event_type is not a name"))?;
    let context: Context = optional(envelope.context, "context is not an object")?;
    let endpoint = text(context.endpoint_id, "context.endpoint_id is not a text")?
        .map(|id| EndpointId::new(&id).ok_or(VerifyError::Body("context.endpoint_id is not an id")))
        .transpose()?;
    let raw_user: RawUser = optional(envelope.user, "user is not an object")?;
    let phone = text(raw_user.phone_number, "user.phone_number is not a text")?;
    let email = text(raw_user.email, "user.email is not a text")?;
    let user = User { has_email: email.is_some(), has_phone: phone.is_some() };
    // An id of another type is no reason to refuse what does not depend on it.
    let user_id = [raw_user.id, raw_user.user_id].into_iter().find_map(|id| text(id, "").ok().flatten());
    let subject = user_id.or_else(|| email.or_else(|| phone.clone())).map(Subject::new);
    let kind = match name.as_str() {
        "send.otp" => NeonEvent::SendOtp(read_otp(envelope.event_data, phone.as_deref())?),
        "send.magic_link" => NeonEvent::SendMagicLink,
        "user.before_create" => NeonEvent::BeforeCreate,
        "user.created" => NeonEvent::UserCreated,
        "phone_number.verified" => NeonEvent::PhoneVerified,
        "organization.invitation.created" | "organization.invitation.accepted" => NeonEvent::Invitation,
        _ => NeonEvent::Unknown,
    };
    // A project name of another type is no reason to keep a code from a user.
    let project_name = text(context.project_name, "").ok().flatten();
    Ok(Event { id, name: name.as_str().to_owned(), endpoint, project_name, user, subject, kind })
}

fn read_otp(data: Option<&RawValue>, phone: Option<&str>) -> Result<SendOtp, VerifyError> {
    let data = data.ok_or(VerifyError::Body("event_data is missing"))?;
    let data: OtpData = parse(data.get().as_bytes(), "event_data is not an object")?;
    let code = text(data.otp_code, "event_data.otp_code is not a text")?
        .ok_or(VerifyError::Body("event_data.otp_code is missing"))?;
    let preference = text(data.delivery_preference, "event_data.delivery_preference is not a text")?;
    let otp_type = text(data.otp_type, "event_data.otp_type is not a text")?;
    let expires_at = text(data.expires_at, "event_data.expires_at is not a time")?
        .map(|at| {
            Timestamp::from_rfc3339(&at).ok_or(VerifyError::Body("event_data.expires_at is not a time"))
        })
        .transpose()?;
    Ok(SendOtp {
        preference: match preference.as_deref() {
            Some("sms") => DeliveryPreference::Sms,
            Some(_) => DeliveryPreference::Other,
            None => DeliveryPreference::Absent,
        },
        destination: match phone.map(str::parse) {
            Some(Ok(number)) => Destination::Number(number),
            Some(Err(_)) => Destination::NotE164,
            None => Destination::Missing,
        },
        code: OtpCode::new(&code),
        otp_type: otp_type.as_deref().map_or(OtpType::SignIn, OtpType::from_name),
        expires_at,
    })
}

/// Parses JSON; the error is ours alone, since the parser's quotes what it read.
fn parse<'a, T: Deserialize<'a>>(json: &'a [u8], problem: &'static str) -> Result<T, VerifyError> {
    super::parse_object(json).ok_or(VerifyError::Body(problem))
}

fn optional<'a, T: Deserialize<'a> + Default>(
    json: Option<&'a RawValue>,
    problem: &'static str,
) -> Result<T, VerifyError> {
    json.map_or_else(|| Ok(T::default()), |json| parse(json.get().as_bytes(), problem))
}

/// A text, or a number as text, since vendors disagree about which is which; null and "" are absent.
fn text(value: Option<Value>, problem: &'static str) -> Result<Option<String>, VerifyError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(VerifyError::Body(problem)),
    }
}

#[cfg(test)]
mod tests;
