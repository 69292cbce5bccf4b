//! What comes to the webhook, and the keys that it is verified with.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use bolero::check;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use neon_sms_relay::domain::{Destination, Event, NeonEvent, Timestamp};
use neon_sms_relay::neon::headers::SignatureHeaders;
use neon_sms_relay::neon::jwks::{JwkSet, Kid};
use neon_sms_relay::neon::jws::DetachedJws;
use neon_sms_relay::neon::{Endpoints, KeyError, KeySource, Verifier, VerifyError, envelope};
use neon_sms_relay_fuzz::{assert_says_nothing, flipped, spoilt};
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_771_848_000_430);
const SMS: &[u8] = include_bytes!("../../fixtures/neon/accepted/send_otp_sms.json");
const VERIFIED: &[u8] = include_bytes!("../../fixtures/neon/accepted/phone_number_verified.json");
const EMAIL: &[u8] = include_bytes!("../../fixtures/neon/accepted/send_otp_email.json");

/// A delivery as it comes in.
#[derive(Clone, PartialEq, Debug)]
struct Delivery {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

fn fixture(file: &[u8]) -> (Delivery, Vec<u8>) {
    let file: Value = serde_json::from_slice(file).unwrap();
    let headers = file["headers"].as_object().unwrap().iter();
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap().into()));
    let headers = headers.filter(|(name, _)| name.starts_with("x-neon-")).collect();
    (Delivery { headers, body: file["body"].as_str().unwrap().into() }, file["jwks"].to_string().into_bytes())
}

fn bodies() -> [Vec<u8>; 3] {
    [SMS, VERIFIED, EMAIL].map(|file| fixture(file).0.body)
}

struct Keys(JwkSet);

impl KeySource for Keys {
    fn key<'a, 'b, 'c>(
        &'a self,
        kid: &'b Kid,
    ) -> Pin<Box<dyn Future<Output = Result<VerifyingKey, KeyError>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(std::future::ready(self.0.get(kid).ok_or(KeyError::Unknown)))
    }

    fn is_ready(&self) -> bool {
        true
    }
}

struct Relay {
    verifier: Verifier,
    runtime: tokio::runtime::Runtime,
}

impl Relay {
    fn with(jwks: &[u8]) -> Self {
        let keys = Arc::new(Keys(JwkSet::parse(jwks).unwrap()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { verifier: Verifier::new(keys, Duration::from_secs(300), Endpoints::Any), runtime }
    }

    fn verify(&self, delivery: &Delivery) -> Result<Event, VerifyError> {
        let Delivery { headers, body } = delivery.clone();
        let verified = self.runtime.block_on(self.verifier.verify(headers, body.into(), NOW));
        verified.map(|delivery| delivery.event().clone()).inspect_err(|error| {
            assert_says_nothing(&format!("{error} {error:?}"));
        })
    }
}

/// What is signed or leads to what is done; the rest may be anything.
fn signed(delivery: &Delivery) -> (Option<&[u8]>, &[u8]) {
    let timestamp = delivery.headers.iter().find(|(name, _)| name == "x-neon-timestamp");
    (timestamp.map(|(_, value)| value.as_slice()), &delivery.body)
}

#[test]
fn nothing_but_what_neon_signed_is_believed() {
    let (delivery, jwks) = fixture(SMS);
    let relay = AssertUnwindSafe(Relay::with(&jwks));
    relay.verify(&delivery).unwrap();
    check!().with_type::<(u8, Vec<u8>)>().for_each(|(part, recipe)| {
        let mut other = delivery.clone();
        let parts = other.headers.len() + 1;
        match other.headers.get_mut(usize::from(*part) % parts) {
            Some((_, value)) => *value = spoilt(&[&value.clone()], recipe),
            None => other.body = spoilt(&[&delivery.body], recipe),
        }
        if relay.verify(&other).is_ok() {
            assert_eq!(signed(&other), signed(&delivery));
        }
    });
}

#[test]
fn whatever_is_signed_verifies_and_with_one_bit_changed_it_does_not() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let x = BASE64URL.encode(key.verifying_key().to_bytes());
    let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}]}).to_string();
    let (relay, bodies) = (AssertUnwindSafe(Relay::with(jwks.as_bytes())), bodies());
    let sign = |body: &[u8]| {
        let (protected, timestamp) = (BASE64URL.encode(r#"{"alg":"EdDSA"}"#), NOW.as_millis().to_string());
        let payload = BASE64URL.encode(format!("{timestamp}.{}", BASE64URL.encode(body)));
        let signature = key.sign(format!("{protected}.{payload}").as_bytes()).to_bytes();
        let jws = format!("{protected}..{}", BASE64URL.encode(signature));
        let headers = [("signature", jws), ("signature-kid", "k".to_owned()), ("timestamp", timestamp)];
        let headers = headers.map(|(name, value)| (format!("x-neon-{name}"), value.into_bytes()));
        Delivery { headers: headers.to_vec(), body: body.to_vec() }
    };
    check!().with_type::<(Vec<u8>, u16)>().for_each(|(recipe, bit)| {
        let delivery = sign(&spoilt(&bodies.each_ref().map(Vec::as_slice), recipe));
        match relay.verify(&delivery) {
            Ok(event) => {
                assert_eq!(format!("{event:?}"), format!("{:?}", envelope::read(&delivery.body).unwrap()))
            }
            Err(error) => assert!(matches!(error, VerifyError::Body(_)), "{error}"),
        }
        let changed =
            [flipped(&delivery.body, usize::from(*bit)), flipped(&delivery.headers[0].1, usize::from(*bit))];
        let [body, signature] = changed;
        for other in [
            Delivery { body, ..delivery.clone() },
            Delivery {
                headers: [vec![(delivery.headers[0].0.clone(), signature)], delivery.headers[1..].to_vec()]
                    .concat(),
                ..delivery.clone()
            },
        ] {
            assert!(other == delivery || relay.verify(&other).is_err());
        }
    });
}

#[test]
fn signature_headers_are_read_or_refused() {
    let (delivery, _) = fixture(SMS);
    check!().with_type::<Vec<(u8, Vec<u8>)>>().for_each(|given| {
        let mut headers = delivery.headers.clone();
        for (which, recipe) in given {
            let index = usize::from(*which) % headers.len();
            let (name, value) = headers[index].clone();
            let value = spoilt(&[&value], recipe);
            if *which > 128 { headers.push((name, value)) } else { headers[index].1 = value }
        }
        let all = |wanted| {
            headers.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value.as_slice())
        };
        match SignatureHeaders::parse(all) {
            Ok(read) => {
                assert_eq!(read.timestamp_text.parse(), Ok(read.timestamp.as_millis()));
                assert!(read.signature.len() <= 1024);
            }
            Err(error) => assert_says_nothing(&format!("{error} {error:?}")),
        }
    });
}

#[test]
fn a_jws_is_read_or_refused_and_what_is_read_covers_the_body() {
    let (delivery, _) = fixture(SMS);
    let jws = &delivery.headers.iter().find(|(name, _)| name == "x-neon-signature").unwrap().1;
    check!().with_type::<(Vec<u8>, Vec<u8>)>().for_each(|(recipe, body)| {
        let text = String::from_utf8_lossy(&spoilt(&[jws], recipe)).into_owned();
        match DetachedJws::parse(&text) {
            Ok(jws) => {
                let input = jws.signing_input("1", body);
                let payload = BASE64URL.decode(input.split_once('.').unwrap().1).unwrap();
                assert_eq!(payload, format!("1.{}", BASE64URL.encode(body)).into_bytes());
            }
            Err(error) => assert_says_nothing(&format!("{error} {error:?}")),
        }
    });
}

#[test]
fn a_key_set_is_read_or_refused_and_holds_no_more_than_it_said() {
    let seeds = [SMS, include_bytes!("../../fixtures/neon/accepted/previous_key_without_alg.json")];
    let seeds = seeds.map(|file| fixture(file).1);
    check!().with_type::<Vec<u8>>().for_each(|recipe| {
        let document = spoilt(&seeds.each_ref().map(Vec::as_slice), recipe);
        if let Ok(keys) = JwkSet::parse(&document) {
            let said = serde_json::from_slice::<Value>(&document).unwrap()["keys"].as_array().unwrap().len();
            assert!((1..=said).contains(&keys.len()));
        }
    });
}

#[test]
fn an_envelope_is_read_or_refused_without_a_word_of_it() {
    let seeds = bodies();
    check!().with_type::<Vec<u8>>().for_each(|recipe| {
        let body = spoilt(&seeds.each_ref().map(Vec::as_slice), recipe);
        match envelope::read(&body) {
            Ok(event) => {
                assert!(event.id.as_str().len() <= 128 && event.name.len() <= 128);
                if let NeonEvent::SendOtp(otp) = &event.kind {
                    if let Destination::Number(number) = &otp.destination {
                        assert!(number.as_e164().starts_with('+') && number.as_e164().len() <= 16);
                    }
                    assert!(otp.code.as_ref().is_none_or(|code| code.expose().len() == 6));
                }
                assert!(!format!("{:?}", event.kind).contains("042137"), "a code can be printed");
            }
            Err(error) => assert_says_nothing(&format!("{error} {error:?}")),
        }
    });
}
