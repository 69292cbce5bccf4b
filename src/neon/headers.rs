//! The `X-Neon-*` headers and their forms.
//!
//! Only the timestamp is signed; the rest is a claim that the signed body must confirm.

use super::error::VerifyError;
use super::jwks::Kid;
use crate::domain::Timestamp;

/// What the names of all of Neon's headers start with.
pub const PREFIX: &str = "x-neon-";

/// The detached JWS.
pub const SIGNATURE: &str = "x-neon-signature";
/// The id of the signing key.
pub const KID: &str = "x-neon-signature-kid";
/// Unix time in milliseconds.
pub const TIMESTAMP: &str = "x-neon-timestamp";
/// The body's `event_type` again.
pub const EVENT_TYPE: &str = "x-neon-event-type";
/// The body's `event_id` again.
pub const EVENT_ID: &str = "x-neon-event-id";
/// `1`, `2` or `3`.
pub const ATTEMPT: &str = "x-neon-delivery-attempt";

/// Far above any header that Neon sends, the signature included (about 150 bytes).
const LONGEST: usize = 1024;

/// The headers of a delivery, in form and not yet believed.
#[derive(Debug, Clone)]
pub struct SignatureHeaders {
    /// The detached JWS, `protected..signature`.
    pub signature: String,
    /// The key that it names.
    pub kid: Kid,
    /// The timestamp exactly as it was sent, since these bytes are signed.
    pub timestamp_text: String,
    /// The same as a point in time.
    pub timestamp: Timestamp,
    /// The body's type, if the header is there.
    pub event_type: Option<String>,
    /// The body's id, if the header is there.
    pub event_id: Option<String>,
    /// Which attempt of Neon's this is, if the header says so; for logs only.
    pub attempt: Option<u8>,
}

impl SignatureHeaders {
    /// Reads the headers; `all` yields every value of a header name, in lower case.
    ///
    /// A header that is signed or leads to the key must be there once: of two, a proxy and we might
    /// each believe another.
    pub fn parse<'a, I>(all: impl Fn(&'static str) -> I) -> Result<Self, VerifyError>
    where
        I: Iterator<Item = &'a [u8]>,
    {
        let one = |name| -> Result<Option<String>, VerifyError> {
            let mut values = all(name);
            match (values.next(), values.next()) {
                (None, _) => Ok(None),
                (Some(value), None) => {
                    let graphic =
                        (1..=LONGEST).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
                    let text = std::str::from_utf8(value).ok().filter(|_| graphic);
                    text.map(|text| Some(text.to_owned())).ok_or(VerifyError::Header(name))
                }
                (Some(_), Some(_)) => Err(VerifyError::Header(name)),
            }
        };
        let required = |name| one(name)?.ok_or(VerifyError::Header(name));
        let timestamp_text = required(TIMESTAMP)?;
        let in_form = timestamp_text.len() <= 15 && timestamp_text.bytes().all(|b| b.is_ascii_digit());
        let millis = timestamp_text.parse().ok().filter(|_| in_form).ok_or(VerifyError::Header(TIMESTAMP))?;
        Ok(Self {
            signature: required(SIGNATURE)?,
            kid: Kid::new(required(KID)?),
            timestamp: Timestamp::from_millis(millis),
            timestamp_text,
            event_type: one(EVENT_TYPE)?,
            event_id: one(EVENT_ID)?,
            attempt: one(ATTEMPT)?.and_then(|attempt| attempt.parse().ok()),
        })
    }
}
