//! The key set and the choice by key id. Pure.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use ed25519_dalek::VerifyingKey;
use serde::Deserialize;
use std::collections::HashMap;

/// The id of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kid(String);

impl Kid {
    /// Takes an id as it was sent.
    pub fn new(kid: impl Into<String>) -> Self {
        Self(kid.into())
    }
}

/// The Ed25519 keys of a JWK set (RFC 7517), by id.
#[derive(Debug, Clone, Default)]
pub struct JwkSet(HashMap<Kid, VerifyingKey>);

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<serde_json::Value>,
}

/// An OKP key (RFC 8037).
#[derive(Deserialize)]
struct RawKey {
    kty: String,
    crv: String,
    kid: String,
    x: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
}

/// The document is not a key set, or holds no key that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document is not a JWK set with an Ed25519 signing key")]
pub struct JwkSetError;

impl JwkSet {
    /// Reads a document; keys of other kinds, and weak ones, are left out.
    pub fn parse(document: &[u8]) -> Result<Self, JwkSetError> {
        let set: RawSet = serde_json::from_slice(document).map_err(|_| JwkSetError)?;
        let keys: HashMap<_, _> = set.keys.into_iter().filter_map(read_key).collect();
        if keys.is_empty() { Err(JwkSetError) } else { Ok(Self(keys)) }
    }

    /// The key of this id.
    pub fn get(&self, kid: &Kid) -> Option<VerifyingKey> {
        self.0.get(kid).copied()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn read_key(raw: serde_json::Value) -> Option<(Kid, VerifyingKey)> {
    let raw: RawKey = serde_json::from_value(raw).ok()?;
    let signs = raw.purpose.is_none_or(|purpose| purpose == "sig");
    let eddsa = raw.alg.is_none_or(|alg| alg == "EdDSA" || alg == "Ed25519");
    if raw.kty != "OKP" || raw.crv != "Ed25519" || !signs || !eddsa {
        return None;
    }
    let bytes: [u8; 32] = BASE64URL.decode(raw.x).ok()?.try_into().ok()?;
    let key = VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak())?;
    Some((Kid::new(raw.kid), key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The public key of RFC 8037 appendix A.2.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn parse(keys: serde_json::Value) -> Option<usize> {
        JwkSet::parse(json!({ "keys": keys }).to_string().as_bytes()).ok().map(|set| set.len())
    }

    #[test]
    fn an_ed25519_key_is_found_by_its_id_with_or_without_alg() {
        for key in [
            json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "a", "x": X}),
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": X, "use": "sig", "key_ops": ["verify"]}),
        ] {
            let set = JwkSet::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap();
            assert!(set.get(&Kid::new("a")).is_some());
            assert!(set.get(&Kid::new("b")).is_none());
        }
    }

    #[test]
    fn keys_of_other_kinds_and_weak_keys_are_left_out() {
        let good = json!({"kty": "OKP", "crv": "Ed25519", "kid": "good", "x": X});
        for odd in [
            json!({"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}),
            json!({"kty": "OKP", "crv": "X25519", "kid": "a", "x": X}),
            json!({"kty": "OKP", "crv": "Ed25519", "alg": "RS256", "kid": "a", "x": X}),
            json!({"kty": "OKP", "crv": "Ed25519", "use": "enc", "kid": "a", "x": X}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": X}),
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": &X[1..]}),
            // The neutral element: everything verifies under it when small orders are allowed.
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": BASE64URL.encode([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])}),
            json!(17),
        ] {
            assert_eq!(parse(json!([odd, good])), Some(1), "{odd}");
            assert_eq!(parse(json!([odd])), None, "{odd}");
        }
    }

    #[test]
    fn what_is_not_a_key_set_is_an_error() {
        for document in ["", "<html></html>", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#] {
            assert!(JwkSet::parse(document.as_bytes()).is_err(), "{document}");
        }
    }
}
