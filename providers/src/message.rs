//! What a provider is asked to send.

use crate::{Country, PhoneNumber, ProviderName};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use url::Url;

/// The text of one SMS. It holds the code, so `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsBody(String);

impl SmsBody {
    /// Takes the finished text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for a request to a provider and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SmsBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmsBody({} chars)", self.0.chars().count())
    }
}

/// Our own opaque reference of a message, echoed by providers that can.
///
/// At most 100 characters of `[0-9a-z-]`: what the strictest provider (Vonage's `client-ref`) takes. An older
/// page of Vonage's says 40, so shorter is better.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageRef(String);

impl MessageRef {
    /// Takes a reference made by us; it is never user input.
    pub fn new(reference: impl Into<String>) -> Self {
        Self(reference.into())
    }

    /// A reference as it came back from a provider; `None` if it cannot be one of ours.
    pub fn from_wire(reference: &str) -> Option<Self> {
        let is_ours = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let could_be = (1..=100).contains(&reference.len()) && reference.bytes().all(is_ours);
        could_be.then(|| Self(reference.to_owned()))
    }

    /// The reference as it goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The reference of request `n` about this message: `{reference}-{n}`.
    pub fn numbered(&self, n: u8) -> Self {
        Self(format!("{}-{n}", self.0))
    }
}

/// One SMS, ready for any provider.
#[derive(Debug, Clone)]
pub struct SmsMessage {
    /// The recipient.
    pub to: PhoneNumber,
    /// The text, the same bytes for every provider.
    pub body: SmsBody,
    /// Where the number belongs, for providers that use another sender there; `None` uses the general one.
    pub country: Option<Country>,
    /// Our reference of this message.
    pub reference: MessageRef,
    /// The same for every try of one request, so that a provider with idempotency keys sends once.
    pub idempotency_key: String,
    /// Which request about this text it is, whoever got the others; the first is 1.
    pub attempt: u8,
    /// The public URL under which delivery reports arrive; `None` asks for no report.
    pub callbacks: Option<Url>,
    /// What is left of the code's life: after it the text is worthless and should not be delivered.
    pub expires_in: Duration,
}

impl SmsMessage {
    /// Where `provider` reports the delivery status: `{callbacks}/{provider}/{reference}`.
    pub fn status_url(&self, provider: ProviderName) -> Option<Url> {
        let mut url = self.callbacks.clone()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend([provider.as_str(), self.reference.as_str()]);
        Some(url)
    }

    /// Request `n` about this message: a text of its own, with a reference and an idempotency key of its own.
    ///
    /// ```
    /// # use sms_providers::MessageRef;
    /// assert_eq!(MessageRef::new("0d9c1f6e").numbered(2).as_str(), "0d9c1f6e-2");
    /// ```
    pub fn numbered(&self, n: u8) -> Self {
        Self {
            reference: self.reference.numbered(n),
            idempotency_key: format!("{}-{n}", self.idempotency_key),
            attempt: n,
            ..self.clone()
        }
    }

    /// Who it comes from: the sender of the number's country, or else the general one.
    pub(crate) fn sender<'a, T>(&self, by_country: &'a BTreeMap<Country, T>, general: &'a T) -> &'a T {
        self.country.and_then(|country| by_country.get(&country)).unwrap_or(general)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A message for the tests of this crate.
    pub(crate) fn message() -> SmsMessage {
        SmsMessage {
            to: "+15551234567".parse().unwrap(),
            body: SmsBody::new("Your Acme code is 123456."),
            country: None,
            reference: MessageRef::new("0d9c1f6e"),
            idempotency_key: "evt-1".into(),
            attempt: 1,
            callbacks: None,
            expires_in: Duration::from_secs(300),
        }
    }

    #[test]
    fn a_message_shown_for_debugging_holds_neither_text_nor_number() {
        let shown = format!("{:?}", message());
        assert!(!shown.contains("123456") && !shown.contains("Acme"), "{shown}");
    }
}
