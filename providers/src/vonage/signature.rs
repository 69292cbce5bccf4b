//! Vonage's `sig` parameter, for requests to the SMS API and for its delivery receipts.
//!
//! As documented at <https://developer.vonage.com/en/getting-started/concepts/signing-messages>: sort by
//! name, replace `&` and `=` in values by `_`, join as `&name=value` with a leading `&` and without any
//! URL encoding. Vonage's Node library signs outgoing requests in another way, so its vectors for them
//! prove nothing here.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use std::str::FromStr;

/// A signature secret with the method that the account is set to.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The secret, from the account's settings.
    pub secret: SecretString,
    /// The method, from the same place.
    pub method: SignatureMethod,
}

/// How `sig` is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignatureMethod {
    /// MD5 over the parameters and the secret behind them: the account's default.
    #[default]
    Md5Hash,
    /// HMAC-MD5
    Md5,
    /// HMAC-SHA1
    Sha1,
    /// HMAC-SHA256
    Sha256,
    /// HMAC-SHA512
    Sha512,
}

/// No method has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of md5hash, md5, sha1, sha256, sha512")]
pub struct UnknownMethod;

impl FromStr for SignatureMethod {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "md5hash" => Ok(Self::Md5Hash),
            "md5" => Ok(Self::Md5),
            "sha1" => Ok(Self::Sha1),
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(UnknownMethod),
        }
    }
}

impl Signature {
    /// The `sig` of these parameters, lower-case hex.
    pub(super) fn sign(&self, parameters: &[(&str, &str)]) -> String {
        let text = signed_text(parameters);
        match self.method {
            SignatureMethod::Md5Hash => {
                hex::encode(Md5::new().chain_update(text).chain_update(self.key()).finalize())
            }
            SignatureMethod::Md5 => hmac(Hmac::<Md5>::new_from_slice(self.key()), &text),
            SignatureMethod::Sha1 => hmac(Hmac::<Sha1>::new_from_slice(self.key()), &text),
            SignatureMethod::Sha256 => hmac(Hmac::<Sha256>::new_from_slice(self.key()), &text),
            SignatureMethod::Sha512 => hmac(Hmac::<Sha512>::new_from_slice(self.key()), &text),
        }
    }

    /// Whether `sig`, in upper or lower case, is the one of these parameters.
    pub(super) fn verify(&self, parameters: &[(&str, &str)], sig: &str) -> bool {
        let (ours, theirs) = (self.sign(parameters), sig.to_ascii_lowercase());
        // Comparing MACs of both under a key that nobody knows tells no position of a difference.
        let blind = |text: &str| Hmac::<Sha256>::new_from_slice(self.key()).map(|mac| mac.chain_update(text));
        match (blind(&ours), blind(&theirs)) {
            (Ok(ours), Ok(theirs)) => ours.verify(&theirs.finalize().into_bytes()).is_ok(),
            _ => false,
        }
    }

    fn key(&self) -> &[u8] {
        self.secret.expose_secret().as_bytes()
    }
}

fn signed_text(parameters: &[(&str, &str)]) -> String {
    let mut sorted = parameters.to_vec();
    sorted.sort_unstable();
    sorted.iter().map(|(name, value)| format!("&{name}={}", value.replace(['&', '='], "_"))).collect()
}

/// HMAC takes a key of any length, so the error cannot occur; an empty signature would be refused.
fn hmac<M: Mac, E>(mac: Result<M, E>, text: &str) -> String {
    mac.map(|mac| hex::encode(mac.chain_update(text).finalize().into_bytes())).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signature(secret: &str, method: SignatureMethod) -> Signature {
        Signature { secret: secret.into(), method }
    }

    /// From the tests of Vonage's Node library, `packages/sms/__tests__/__dataSets__/signature.ts`.
    const RECEIPT: [(&str, &str); 7] = [
        ("message-timestamp", "2013-11-21 15:27:30"),
        ("messageId", "020000001B0FE827"),
        ("msisdn", "14843472194"),
        ("text", "Test again"),
        ("timestamp", "1385047698"),
        ("to", "13239877404"),
        ("type", "text"),
    ];

    /// What it is signed with, by each method.
    pub(crate) const PUBLISHED: [(SignatureMethod, &str); 5] = [
        (SignatureMethod::Md5Hash, "d2e7b1dc968737c5998ad624e02f90b7"),
        (SignatureMethod::Md5, "DDEBD46008C2D4E93CCE578A332A52D5"),
        (SignatureMethod::Sha1, "27D0D05C2876C7CB1720DBCDBA4D492E1E55C09A"),
        (SignatureMethod::Sha256, "DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330"),
        (
            SignatureMethod::Sha512,
            "E0D3C650F8C9D1A5C174D10DDDBFB003E561F59B265616208B0487C5D819481CD3C311D59CF6165ECD1139622D5BA3A256C0D763AC4A9AD9144B5A426B94FE82",
        ),
    ];

    #[test]
    fn the_published_receipt_verifies_by_each_method() {
        for (method, sig) in PUBLISHED {
            let signature = signature("my_secret_key_for_testing", method);
            assert!(signature.verify(&RECEIPT, sig), "{method:?}");
            let mut tampered = RECEIPT;
            tampered[3].1 = "Test against";
            let last = if sig.ends_with('0') { "1" } else { "0" };
            let forged = format!("{}{last}", &sig[..sig.len() - 1]);
            assert!(!signature.verify(&tampered, sig) && !signature.verify(&RECEIPT, &forged), "{method:?}");
            assert!(!signature.verify(&RECEIPT[1..], sig) && !signature.verify(&RECEIPT, ""), "{method:?}");
        }
    }

    #[test]
    fn the_published_request_is_signed() {
        // From the tests of Vonage's Python library, `http_client/tests/test_auth.py`.
        let parameters = [("param1", "value1"), ("param2", "value2"), ("timestamp", "1234567890")];
        let signature = signature("signature_secret", SignatureMethod::Sha256);
        let expected = "280c4320703dbc98bfa22db676655ed2acfbfe8792b062ff7622e67f1183c287";
        assert_eq!(signature.sign(&parameters), expected);
    }

    #[test]
    fn signs_that_mean_something_in_a_form_are_replaced_in_values_and_nothing_is_encoded() {
        assert_eq!(signed_text(&[("text", "a&b=c d+é%20"), ("from", "A")]), "&from=A&text=a_b_c d+é%20");
    }

    proptest! {
        #[test]
        fn the_order_of_parameters_does_not_matter(mut pairs in proptest::collection::vec(("[a-z]{1,8}", "\\PC{0,20}"), 0..8), secret in "\\PC{1,20}") {
            pairs.sort();
            pairs.dedup_by(|a, b| a.0 == b.0);
            let forward: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let backward: Vec<_> = forward.iter().rev().copied().collect();
            let signature = signature(&secret, SignatureMethod::Sha256);
            prop_assert_eq!(signature.sign(&forward), signature.sign(&backward));
            prop_assert!(signature.verify(&backward, &signature.sign(&forward)));
        }

        #[test]
        fn a_value_that_was_changed_does_not_verify(value in "[^&=_]{1,20}", other in "[^&=_]{1,20}") {
            prop_assume!(value != other);
            let signature = signature("secret", SignatureMethod::Md5Hash);
            prop_assert!(!signature.verify(&[("text", &other)], &signature.sign(&[("text", &value)])));
        }
    }
}
