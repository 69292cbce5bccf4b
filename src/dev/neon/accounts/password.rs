//! Passwords of people who do not exist. Somebody may type a real one all the same, so none is kept as it is.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// The key under which passwords are kept; it ends with the process, and with it whatever was kept.
pub(in crate::dev::neon) struct Passwords {
    key: [u8; 16],
}

/// What is kept of a password.
#[derive(Clone)]
pub(in crate::dev::neon) struct Password {
    salt: Uuid,
    digest: Vec<u8>,
}

impl Passwords {
    pub fn new() -> Self {
        Self { key: Uuid::new_v4().into_bytes() }
    }

    pub fn keep(&self, password: &str) -> Password {
        let salt = Uuid::new_v4();
        Password { salt, digest: self.digest(salt, password).finalize().into_bytes().to_vec() }
    }

    pub fn fits(&self, kept: &Password, password: &str) -> bool {
        self.digest(kept.salt, password).verify_slice(&kept.digest).is_ok()
    }

    /// The signature behind a session's token in its cookie.
    pub fn signature(&self, token: &str) -> Vec<u8> {
        self.digest(Uuid::nil(), token).finalize().into_bytes().to_vec()
    }

    fn digest(&self, salt: Uuid, password: &str) -> Hmac<Sha256> {
        let mut key = [0; 64];
        key[..16].copy_from_slice(&self.key);
        let mut digest = Hmac::<Sha256>::new(&key.into());
        digest.update(salt.as_bytes());
        digest.update(password.as_bytes());
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_not_kept() {
        let passwords = Passwords::new();
        let kept = passwords.keep("correct horse");
        assert!(passwords.fits(&kept, "correct horse"));
        assert!(!passwords.fits(&kept, "correct horsE"));
        assert!(!kept.digest.windows(5).any(|bytes| bytes == b"horse"));
        assert_ne!(kept.digest, passwords.keep("correct horse").digest);
    }
}
