//! The detached JWS: parsing, and the bytes that are signed. Pure.
//!
//! Neon signs `protected "." base64url(payload)` where the payload is
//! `timestamp "." base64url(body)`: the body is encoded twice
//! (RFC 7515 appendix F for the detached form, RFC 8037 for EdDSA).

use super::error::VerifyError;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// A detached JWS whose protected header asks for nothing but EdDSA.
#[derive(Debug)]
pub struct DetachedJws<'a> {
    protected: &'a str,
    signature: Signature,
}

/// The parameters that decide how a JWS is verified. `kid` is not among them: Neon's own sample holds
/// another one than `X-Neon-Signature-Kid`.
#[derive(Deserialize)]
struct ProtectedHeader {
    alg: String,
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
    #[serde(default, deserialize_with = "is_there")]
    b64: bool,
}

/// Whatever the value, null included.
fn is_there<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

impl<'a> DetachedJws<'a> {
    /// Reads `protected..signature`.
    pub fn parse(text: &'a str) -> Result<Self, VerifyError> {
        let mut parts = text.split('.');
        let (Some(protected), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(VerifyError::Jws("it does not have three parts"));
        };
        if !payload.is_empty() {
            return Err(VerifyError::Jws("its payload is not detached"));
        }
        let header = BASE64URL
            .decode(protected)
            .map_err(|_| VerifyError::Jws("its header is not unpadded base64url"))?;
        let header: ProtectedHeader = super::parse_object(&header)
            .ok_or(VerifyError::Jws("its header is not an object with an alg"))?;
        if header.alg != "EdDSA" {
            return Err(VerifyError::Jws("its alg is not EdDSA"));
        }
        // Either would change what is signed or how it is to be understood (RFC 7515 §4.1.11, RFC 7797).
        if header.crit || header.b64 {
            return Err(VerifyError::Jws("its header has crit or b64"));
        }
        let signature = BASE64URL
            .decode(signature)
            .ok()
            .and_then(|bytes| Signature::from_slice(&bytes).ok())
            .ok_or(VerifyError::Jws("its signature is not 64 bytes of unpadded base64url"))?;
        Ok(Self { protected, signature })
    }

    /// The bytes that are signed.
    pub fn signing_input(&self, timestamp: &str, body: &[u8]) -> String {
        let payload = format!("{timestamp}.{}", BASE64URL.encode(body));
        format!("{}.{}", self.protected, BASE64URL.encode(payload))
    }

    /// Checks the signature strictly: no small-order key, no second signature for the same bytes.
    pub fn verify(&self, key: &VerifyingKey, timestamp: &str, body: &[u8]) -> Result<(), VerifyError> {
        key.verify_strict(self.signing_input(timestamp, body).as_bytes(), &self.signature)
            .map_err(|_| VerifyError::WrongSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn jws(header: &str) -> String {
        format!("{}..{}", BASE64URL.encode(header), BASE64URL.encode([0; 64]))
    }

    #[test]
    fn a_header_that_asks_for_anything_but_eddsa_is_refused() {
        assert!(DetachedJws::parse(&jws(r#"{"alg":"EdDSA","typ":"JWS","kid":"01dec52b"}"#)).is_ok());
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"eddsa"}"#,
            r#"{"typ":"JWS"}"#,
            r#"{"alg":"EdDSA","crit":["exp"]}"#,
            r#"{"alg":"EdDSA","crit":[]}"#,
            r#"{"alg":"EdDSA","crit":null}"#,
            r#"{"alg":"EdDSA","b64":true}"#,
            r#"{"alg":"none","alg":"EdDSA"}"#,
            r#"["EdDSA"]"#,
            "",
        ] {
            assert!(DetachedJws::parse(&jws(header)).is_err(), "{header}");
        }
    }

    #[test]
    fn a_text_that_is_not_three_parts_of_unpadded_base64url_is_refused() {
        let good = jws(r#"{"alg":"EdDSA"}"#);
        let (header, signature) = good.split_once("..").unwrap();
        for text in [
            String::new(),
            "..".into(),
            header.into(),
            format!("{header}.{signature}"),
            format!("{header}.e30.{signature}"),
            format!("{header}...{signature}"),
            format!("{header}..{signature}."),
            format!("{header}=..{signature}"),
            format!("{header}..{signature}=="),
            format!("{header}..{}", &signature[..40]),
            // The last character of 64 bytes in base64url leaves four bits over; they have to be zero.
            format!("{header}..{}B", &signature[..signature.len() - 1]),
        ] {
            assert!(DetachedJws::parse(&text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_without_panic(text in "\\PC*") {
            let _ = DetachedJws::parse(&text);
        }
    }
}
