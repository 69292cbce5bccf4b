//! How a phone number, or a user, appears where they must not appear: in stores and logs.

use super::{EndpointId, Subject, canonical};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use sms_providers::PhoneNumber;
use std::sync::Arc;

/// The key of the HMAC-SHA256 under which numbers are stored and logged; a key derived from it seals what
/// waits for the app (`seal.rs`).
///
/// There are few enough phone numbers to try them all, so a plain hash would be no secret.
pub struct HashKey(SecretBox<[u8]>);

impl HashKey {
    /// Takes key material of any length.
    pub fn new(key: &[u8]) -> Self {
        Self(SecretBox::new(key.into()))
    }

    /// A new random key of 32 bytes.
    pub fn random() -> Self {
        Self::new(&[uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat())
    }

    /// The key itself, for the store that keeps it.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// The stand-in for `number`.
    pub fn recipient(&self, number: &PhoneNumber) -> Recipient {
        Recipient {
            hash: self.hash(canonical(number).as_e164()).into(),
            last_two: number.last_two().to_owned(),
        }
    }
}

impl HashKey {
    /// The stand-in for a user of a branch: their events are delivered to the app one after the other.
    pub fn lane(&self, endpoint: Option<&EndpointId>, subject: &Subject) -> String {
        let endpoint = endpoint.map_or("", EndpointId::as_str);
        self.hash(&format!("lane {endpoint} {}", subject.expose()))
    }

    /// HMAC-SHA256, 64 lower-case hex digits.
    fn hash(&self, text: &str) -> String {
        // HMAC takes a key of any length, so the error cannot occur; an empty hash would still leak nothing.
        Hmac::<Sha256>::new_from_slice(self.expose())
            .map(|mac| hex::encode(mac.chain_update(text).finalize().into_bytes()))
            .unwrap_or_default()
    }
}

/// A phone number that can be recognised and not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// HMAC-SHA256 of the E.164 number, 64 lower-case hex digits. Clones share it.
    pub hash: Arc<str>,
    /// The last two digits.
    pub last_two: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_recognised_under_one_key_and_not_under_another() {
        let number: PhoneNumber = "+15551234567".parse().unwrap();
        let key = HashKey::new(b"key");
        assert_eq!(key.recipient(&number), key.recipient(&number));
        let (national, international) = ("+4407700900123".parse().unwrap(), "+447700900123".parse().unwrap());
        assert_eq!(key.recipient(&national), key.recipient(&international), "they reach one phone");
        assert_ne!(key.recipient(&number).hash, HashKey::random().recipient(&number).hash);
        // printf +15551234567 | openssl dgst -sha256 -hmac key
        assert_eq!(
            &*key.recipient(&number).hash,
            "99fbd7f267fb1750b7d90af3b4068823bb7a173285625ccc062384d0acb2a865"
        );
    }
}
