//! The ids that tie a delivery together.

use super::Timestamp;
use std::fmt;
use std::sync::Arc;
use uuid::{NoContext, Uuid};

/// Neon's id of an event, the same on every retry: a UUID, kept as the text that was signed. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(Arc<str>);

impl EventId {
    /// At most 128 visible ASCII characters; anything else is not an id.
    pub fn new(id: &str) -> Option<Self> {
        is_token(id).then(|| Self(id.into()))
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

/// Our own reference of a delivery: what a callback URL carries, so that it tells a stranger nothing but when, and
/// cannot be guessed. 32 lower-case hex digits.
///
/// It is a UUID of version 7: deliveries of one moment are neighbours in an index, so that a store which writes them
/// together writes few pages, and 74 random bits follow the time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryRef([u8; Self::LENGTH]);

impl DeliveryRef {
    /// How many characters it has.
    pub const LENGTH: usize = 32;

    /// A new reference of a delivery that is claimed at `now`.
    pub fn new(now: Timestamp) -> Self {
        let millis = u64::try_from(now.as_millis()).unwrap_or_default();
        let nanos = u32::try_from(millis % 1000).unwrap_or_default() * 1_000_000;
        let mut text = [0; Self::LENGTH];
        Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, millis / 1000, nanos))
            .simple()
            .encode_lower(&mut text);
        Self(text)
    }

    /// A new reference that says not even when: for a delivery of which nothing is to be told any more.
    pub fn random() -> Self {
        let mut text = [0; Self::LENGTH];
        Uuid::new_v4().simple().encode_lower(&mut text);
        Self(text)
    }

    /// Takes a reference from a URL or a store row.
    pub fn parse(text: &str) -> Option<Self> {
        let text: [u8; Self::LENGTH] = text.as_bytes().try_into().ok()?;
        text.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')).then_some(Self(text))
    }

    /// The reference as text.
    pub fn as_str(&self) -> &str {
        // Made of digits alone, so the fallback cannot occur.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for DeliveryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
        let reference = DeliveryRef::new(Timestamp::from_millis(1_770_000_000_000));
        assert_eq!(DeliveryRef::parse(reference.as_str()), Some(reference));
        for bad in ["../../etc/passwd", &"A".repeat(32), &"a".repeat(31), &"a".repeat(33)] {
            assert_eq!(DeliveryRef::parse(bad), None);
        }
    }

    #[test]
    fn references_are_in_the_order_of_their_deliveries_and_no_two_are_alike() {
        let at = |millis| DeliveryRef::new(Timestamp::from_millis(millis));
        let (first, twin, later) = (at(1_770_000_000_000), at(1_770_000_000_000), at(1_770_000_000_001));
        assert_ne!(first, twin);
        assert!(first.as_str().max(twin.as_str()) < later.as_str());
    }
}
