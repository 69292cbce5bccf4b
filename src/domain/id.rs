//! The ids that tie a delivery together.

use std::fmt;
use uuid::Uuid;

/// Neon's id of an event, the same on every retry: a UUID, kept as the text that was signed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventId(String);

impl EventId {
    /// At most 128 visible ASCII characters; anything else is not an id.
    pub fn new(id: &str) -> Option<Self> {
        is_token(id).then(|| Self(id.to_owned()))
    }

    /// The id as Neon wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Neon's id of a compute endpoint, which names the branch: `ep-cool-sound-12345678`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointId(String);

impl EndpointId {
    /// At most 128 visible ASCII characters; anything else is not an id.
    pub fn new(id: &str) -> Option<Self> {
        is_token(id).then(|| Self(id.to_owned()))
    }

    /// The id as Neon wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_token(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Our own random reference of a delivery: what a callback URL carries, so that it tells a stranger
/// nothing and cannot be guessed. 32 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryRef(String);

impl DeliveryRef {
    /// How many characters it has.
    pub const LENGTH: usize = 32;

    /// A new random reference (122 random bits).
    pub fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// Takes a reference from a URL or a store row.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed =
            text.len() == Self::LENGTH && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The reference as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_break_a_log_line_is_not_an_id() {
        assert!(EventId::new("550e8400-e29b-41d4-a716-446655440000").is_some());
        for bad in ["", "a b", "a\nb", "é", &"x".repeat(129)] {
            assert!(EventId::new(bad).is_none() && EndpointId::new(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_delivery_reference_survives_its_way_through_a_url() {
        let reference = DeliveryRef::random();
        assert_eq!(DeliveryRef::parse(reference.as_str()), Some(reference));
        assert_eq!(DeliveryRef::parse("../../etc/passwd"), None);
    }
}
