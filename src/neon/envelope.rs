//! The signed body → [`Event`]. Lenient about what Neon may add, strict about what is acted upon.

use super::error::VerifyError;
use crate::domain::{
    DeliveryPreference, Destination, EndpointId, Event, EventId, NeonEvent, OtpCode, OtpType, SendOtp,
    Subject, Timestamp, User,
};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;
use std::net::IpAddr;

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
struct Context<'a> {
    #[serde(borrow)]
    endpoint_id: Option<&'a RawValue>,
    #[serde(borrow)]
    project_name: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct RawUser<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    /// What older events call it.
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow)]
    phone_number: Option<&'a RawValue>,
    #[serde(borrow)]
    email: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct OtpData<'a> {
    #[serde(borrow)]
    otp_code: Option<&'a RawValue>,
    #[serde(borrow)]
    otp_type: Option<&'a RawValue>,
    #[serde(borrow)]
    delivery_preference: Option<&'a RawValue>,
    #[serde(borrow)]
    expires_at: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct VerifiedData<'a> {
    #[serde(borrow)]
    phone_number: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    ip_address: Option<&'a RawValue>,
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
    // An id of another type is no reason to refuse what does not depend on it.
    let user_id = [raw_user.id, raw_user.user_id].into_iter().find_map(|id| text(id, "").ok().flatten());
    let user = User { has_email: email.is_some(), has_phone: phone.is_some(), has_id: user_id.is_some() };
    let subject = user_id.or_else(|| email.or_else(|| phone.clone())).map(Subject::new);
    let kind = match name.as_str() {
        "send.otp" => NeonEvent::SendOtp(read_otp(envelope.event_data, phone.as_deref())?),
        "send.magic_link" => NeonEvent::SendMagicLink,
        other if other.starts_with("send.") => NeonEvent::SendOther,
        "user.before_create" => NeonEvent::BeforeCreate,
        "user.created" => NeonEvent::UserCreated,
        "phone_number.verified" => {
            NeonEvent::PhoneVerified(verified_number(phone.as_deref(), envelope.event_data))
        }
        "organization.invitation.created" | "organization.invitation.accepted" => NeonEvent::Invitation,
        _ => NeonEvent::Unknown,
    };
    // A project name of another type is no reason to keep a code from a user.
    let project_name = text(context.project_name, "").ok().flatten();
    let address = match kind {
        NeonEvent::SendOtp(_) | NeonEvent::PhoneVerified(_) => asked_from(envelope.event_data),
        _ => None,
    };
    Ok(Event { id, name: name.as_str().to_owned(), endpoint, project_name, user, subject, address, kind })
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
        destination: Destination::of(phone),
        code: OtpCode::new(&code),
        otp_type: otp_type.as_deref().map_or(OtpType::SignIn, OtpType::from_name),
        expires_at,
    })
}

/// Who asked; one that cannot be read is no reason to keep a code from a user.
fn asked_from(data: Option<&RawValue>) -> Option<IpAddr> {
    let data: Asked = parse(data?.get().as_bytes(), "").ok()?;
    text(data.ip_address, "").ok()??.parse().ok()
}

/// The number that was verified. No payload of this event is published, so both places are looked at, and neither is
/// relied on.
fn verified_number(user: Option<&str>, data: Option<&RawValue>) -> Destination {
    let of_data = || {
        let data: VerifiedData = parse(data?.get().as_bytes(), "").ok()?;
        text(data.phone_number, "").ok()?
    };
    Destination::of(user.map(str::to_owned).or_else(of_data).as_deref())
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
fn text(value: Option<&RawValue>, problem: &'static str) -> Result<Option<String>, VerifyError> {
    let Some(json) = value.map(RawValue::get) else { return Ok(None) };
    match json.as_bytes().first() {
        Some(b'"') => {
            let Lossy(text) = serde_json::from_str(json).map_err(|_| VerifyError::Body(problem))?;
            Ok(Some(text).filter(|text| !text.is_empty()))
        }
        Some(b'-' | b'0'..=b'9') => Ok(Some(json.to_owned())),
        _ => Err(VerifyError::Body(problem)),
    }
}

/// A text in which half a character counts as an unknown one: JavaScript cuts names in the middle of an emoji, and
/// that is no reason to keep a code from a user.
struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for bytes, the parser takes the halves, too.
        deserializer.deserialize_bytes(LossyVisitor)
    }
}

struct LossyVisitor;

impl Visitor<'_> for LossyVisitor {
    type Value = Lossy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Lossy, E> {
        Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
    }
}

#[cfg(test)]
mod tests;
