//! How each vendor signs its reports: written down once more, by its documentation, so that a mistake in the verifiers
//! would have to be made twice.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A report as it comes in.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The address that it came to.
    pub url: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // A key of any length will do, so there is always one.
    let mac = M::new_from_slice(key).ok();
    let mac = mac.map(|mac| parts.iter().fold(mac, |mac, part| mac.chain_update(part)));
    mac.map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn form(fields: &BTreeMap<String, String>) -> String {
    let escape = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.bytes().map(one).collect::<String>()
    };
    let pairs: Vec<_> =
        fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}

fn jwt(key: &[u8], claims: &serde_json::Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = mac::<Hmac<Sha256>>(key, &[input.as_bytes()]);
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Twilio: HMAC-SHA1 over the address and the sorted form.
pub fn twilio(token: &str, url: &str, fields: &BTreeMap<String, String>) -> Signed {
    let text = fields.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
    let signature = STANDARD.encode(mac::<Hmac<Sha1>>(token.as_bytes(), &[text.as_bytes()]));
    let headers = vec![header("x-twilio-signature", signature)];
    Signed { url: url.to_owned(), headers, body: form(fields).into_bytes() }
}

/// MessageBird's classic API: a JWT over the hashes of the address and of the body.
pub fn messagebird(key: &str, url: &str, now: u64) -> Signed {
    let claims = serde_json::json!({
        "iss": "MessageBird", "nbf": now, "exp": now + 60, "jti": "0d9c",
        "url_hash": hex::encode(Sha256::digest(url)),
    });
    let headers = vec![header("messagebird-signature-jwt", jwt(key.as_bytes(), &claims))];
    Signed { url: url.to_owned(), headers, body: Vec::new() }
}

/// Bird's channels: HMAC-SHA256 over time, address and hash of the body.
pub fn bird_channels(key: &str, url: &str, now: u64, body: &[u8]) -> Signed {
    let (now, hash) = (now.to_string(), Sha256::digest(body));
    let signature =
        mac::<Hmac<Sha256>>(key.as_bytes(), &[now.as_bytes(), b"\n", url.as_bytes(), b"\n", hash.as_slice()]);
    let headers = vec![
        header("messagebird-signature", STANDARD.encode(signature)),
        header("messagebird-request-timestamp", now),
    ];
    Signed { url: url.to_owned(), headers, body: body.to_vec() }
}

/// Bird's platform, by Standard Webhooks: HMAC-SHA256 over id, time and body.
pub fn bird_v1(key: &[u8], url: &str, now: u64, body: &[u8]) -> Signed {
    let now = now.to_string();
    let signature = mac::<Hmac<Sha256>>(key, &[b"msg_1", b".", now.as_bytes(), b".", body]);
    let headers = vec![
        header("webhook-id", "msg_1"),
        header("webhook-signature", format!("v1,{}", STANDARD.encode(signature))),
        header("webhook-timestamp", now),
    ];
    Signed { url: url.to_owned(), headers, body: body.to_vec() }
}

/// Vonage's SMS API: `sig`, here HMAC-SHA256, over the sorted parameters.
pub fn vonage_sms(secret: &str, url: &str, fields: &BTreeMap<String, String>) -> Signed {
    let pair = |(name, value): (&String, &String)| format!("&{name}={}", value.replace(['&', '='], "_"));
    let text: String = fields.iter().map(pair).collect();
    let sig = hex::encode(mac::<Hmac<Sha256>>(secret.as_bytes(), &[text.as_bytes()]));
    let mut fields = fields.clone();
    fields.insert("sig".to_owned(), sig);
    Signed { url: url.to_owned(), headers: Vec::new(), body: form(&fields).into_bytes() }
}

/// Vonage's Messages API: a JWT over the hash of the body.
pub fn vonage_messages(secret: &str, url: &str, now: u64, body: &[u8]) -> Signed {
    let claims = serde_json::json!({
        "iss": "Vonage", "iat": now, "jti": "0d9c", "api_key": "key", "payload_hash": hex::encode(Sha256::digest(body)),
    });
    let headers = vec![header("authorization", format!("Bearer {}", jwt(secret.as_bytes(), &claims)))];
    Signed { url: url.to_owned(), headers, body: body.to_vec() }
}
