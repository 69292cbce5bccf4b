//! Signs as Neon documents it: an Ed25519 JWS whose payload is detached.
//!
//! A reading of its own (<https://neon.com/docs/auth/guides/webhooks#signature-verification>), so that a
//! misreading in the relay's verifier meets somebody who disagrees.

use crate::domain::Timestamp;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A key pair of its own, new with every start.
pub(in crate::dev) struct Signer {
    key: SigningKey,
    kid: String,
}

impl Signer {
    /// A signer with a random key under a random id.
    pub fn random() -> Self {
        // A UUID has 122 random bits; two of them, hashed, make a seed.
        let seed = Sha256::new().chain_update(Uuid::new_v4()).chain_update(Uuid::new_v4()).finalize();
        Self { key: SigningKey::from_bytes(&seed.into()), kid: Uuid::new_v4().to_string() }
    }

    /// The id of the key: a UUID, the `X-Neon-Signature-Kid`.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What `/.well-known/jwks.json` answers.
    pub fn jwks(&self) -> Value {
        let x = BASE64URL.encode(self.key.verifying_key().as_bytes());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": self.kid, "x": x }] })
    }

    /// A JWT with these claims, in compact form.
    pub fn token(&self, claims: &str) -> String {
        let header = json!({ "alg": "EdDSA", "kid": self.kid });
        let signing_input = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims));
        let signature = self.key.sign(signing_input.as_bytes());
        format!("{signing_input}.{}", BASE64URL.encode(signature.to_bytes()))
    }

    /// The `X-Neon-Signature` of a body sent at `timestamp`: `protected..signature`.
    pub fn sign(&self, timestamp: Timestamp, body: &[u8]) -> String {
        self.sign_as(self, timestamp, body)
    }

    /// The same, by this key under the name of another: a forgery.
    pub fn sign_as(&self, other: &Self, timestamp: Timestamp, body: &[u8]) -> String {
        // Neon's sample names the first eight characters of the key's id here and all of it in the header.
        let header = format!(r#"{{"alg":"EdDSA","typ":"JWS","kid":"{}"}}"#, &other.kid[..8]);
        let protected = BASE64URL.encode(header);
        let payload = format!("{}.{}", timestamp.as_millis(), BASE64URL.encode(body));
        let signing_input = format!("{protected}.{}", BASE64URL.encode(payload));
        let signature = self.key.sign(signing_input.as_bytes());
        format!("{protected}..{}", BASE64URL.encode(signature.to_bytes()))
    }
}
