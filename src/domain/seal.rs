//! What has to be kept and must not be readable where it lies: events that wait for the user's app, and the
//! app's answers. They name people, and an answer may repeat a code.

use super::{EventId, HashKey};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;

/// Keys for different ends are derived, so that neither is of use for the other's.
const PURPOSE: &[u8] = b"neon-sms-relay: seal";

impl HashKey {
    /// Encrypts for the store (AES-256-GCM, a random nonce in front); bound to the event, so that a row's
    /// content cannot be moved to another. `None` never happens with a key of this type.
    pub fn seal(&self, id: &EventId, plain: &[u8]) -> Option<Vec<u8>> {
        let mut text = plain.to_vec();
        let nonce = self.cipher()?.seal_in_place_append_tag(Aad::from(id.as_str()), &mut text).ok()?;
        Some([nonce.as_ref().as_slice(), &text].concat())
    }

    /// Decrypts what was sealed under the same key for the same event; `None` for anything else.
    pub fn open(&self, id: &EventId, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self.cipher()?.open_in_place(nonce, Aad::from(id.as_str()), &mut text).ok()?;
        Some(plain.to_vec())
    }

    fn cipher(&self) -> Option<RandomizedNonceKey> {
        let mac = Hmac::<Sha256>::new_from_slice(self.expose()).ok()?.chain_update(PURPOSE);
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(mac.finalize().into_bytes().into());
        RandomizedNonceKey::new(&AES_256_GCM, key.as_slice()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_the_same_key_for_the_same_event_and_no_other() {
        let (key, id) = (HashKey::new(b"key"), EventId::new("a").unwrap());
        let sealed = key.seal(&id, b"+15551234567").unwrap();
        assert_eq!(key.open(&id, &sealed).as_deref(), Some(b"+15551234567".as_slice()));
        assert!(!sealed.windows(6).any(|bytes| bytes == b"123456"));
        assert_ne!(sealed, key.seal(&id, b"+15551234567").unwrap(), "the nonce is not random");

        assert_eq!(HashKey::new(b"other").open(&id, &sealed), None);
        assert_eq!(key.open(&EventId::new("b").unwrap(), &sealed), None);
        for length in 0..sealed.len() {
            assert_eq!(key.open(&id, &sealed[..length]), None, "{length} bytes");
        }
        let mut changed = sealed.clone();
        changed[NONCE_LEN] ^= 1;
        assert_eq!(key.open(&id, &changed), None);
    }
}
