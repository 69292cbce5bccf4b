//! Only what Neon signed, for us and just now, gets in.

use crate::harness::{Answer, Signer, TestRelay, otp, send, signing_input};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use hmac::{Hmac, KeyInit, Mac};
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::json;
use sha2::Sha256;
use std::time::Duration;

/// A request with exactly these signature headers.
async fn with_headers(relay: &TestRelay, body: &[u8], headers: &[(&str, &str)]) -> Answer {
    let request = headers
        .iter()
        .fold(relay.unsigned_request(body), |request, (name, value)| request.header(*name, *value));
    send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_well_formed_signature_headers_is_refused() {
    let relay = TestRelay::start().await;
    let body = otp(|_| {}).to_string();
    let now = SystemClock.now().as_millis().to_string();
    let signature = relay.signer.sign(&now, body.as_bytes());
    let good = [
        ("X-Neon-Signature", signature.as_str()),
        ("X-Neon-Signature-Kid", relay.signer.kid.as_str()),
        ("X-Neon-Timestamp", now.as_str()),
    ];
    for missing in 0..good.len() {
        let headers: Vec<_> =
            good.iter().enumerate().filter(|(i, _)| *i != missing).map(|(_, header)| *header).collect();
        let answer = with_headers(&relay, body.as_bytes(), &headers).await;
        assert_eq!(answer.error(), (401, "invalid_signature_headers".into()), "without {}", good[missing].0);
        let mut doubled = good.to_vec();
        doubled.push(good[missing]);
        let answer = with_headers(&relay, body.as_bytes(), &doubled).await;
        assert_eq!(answer.error(), (401, "invalid_signature_headers".into()), "two {}", good[missing].0);
    }
    // As large as a head may be.
    let huge = "a".repeat(15_000);
    for (name, value) in [
        ("X-Neon-Timestamp", "soon"),
        ("X-Neon-Timestamp", "-1"),
        ("X-Neon-Timestamp", "99999999999999999999"),
        ("X-Neon-Signature", &huge),
        ("X-Neon-Signature-Kid", &huge),
    ] {
        let headers: Vec<_> =
            good.iter().map(|header| if header.0 == name { (name, value) } else { *header }).collect();
        let answer = with_headers(&relay, body.as_bytes(), &headers).await;
        assert_eq!(answer.error(), (401, "invalid_signature_headers".into()), "{name}");
    }
    relay.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_another_kind_is_refused() {
    let relay = TestRelay::start().await;
    let body = otp(|_| {}).to_string();
    let now = SystemClock.now().as_millis().to_string();
    let signer = &relay.signer;
    let none = {
        let protected = BASE64URL.encode(r#"{"alg":"none"}"#);
        format!("{protected}..")
    };
    // The classic: the public key, which everybody has, taken for the secret of an HMAC.
    let hs256 = {
        let protected = BASE64URL.encode(r#"{"alg":"HS256"}"#);
        let mac = Hmac::<Sha256>::new_from_slice(&signer.public_key()).unwrap();
        let mac = mac.chain_update(signing_input(&protected, &now, body.as_bytes())).finalize();
        format!("{protected}..{}", BASE64URL.encode(mac.into_bytes()))
    };
    let good = signer.sign(&now, body.as_bytes());
    let (protected, signature) = good.split_once("..").unwrap();
    let attached =
        format!("{protected}.{}.{signature}", BASE64URL.encode(format!("{now}.{}", BASE64URL.encode(&body))));
    let bytes = body.as_bytes();
    for (signature, code) in [
        (none, "malformed_signature"),
        (hs256, "malformed_signature"),
        (attached, "malformed_signature"),
        (format!("{good}="), "malformed_signature"),
        (
            signer.sign_as(&json!({"alg": "EdDSA", "crit": ["b64"], "b64": false}), &now, bytes),
            "malformed_signature",
        ),
        (signer.sign_as(&json!({"alg": "EdDSA", "b64": true}), &now, bytes), "malformed_signature"),
        (Signer::new().sign(&now, bytes), "invalid_signature"),
    ] {
        let headers = [
            ("X-Neon-Signature", signature.as_str()),
            ("X-Neon-Signature-Kid", signer.kid.as_str()),
            ("X-Neon-Timestamp", now.as_str()),
        ];
        assert_eq!(with_headers(&relay, bytes, &headers).await.error(), (401, code.into()), "{signature}");
    }
    relay.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_body_or_timestamp_breaks_the_signature() {
    let relay = TestRelay::start().await;
    let body = otp(|_| {}).to_string();
    let now = SystemClock.now().as_millis();
    let signature = relay.signer.sign(&now.to_string(), body.as_bytes());
    let tampered = body.replace("+15551234567", "+15557654321");
    assert_ne!(tampered, body);
    for (body, timestamp) in [(tampered.as_str(), now), (body.as_str(), now + 1)] {
        let timestamp = timestamp.to_string();
        let headers = [
            ("X-Neon-Signature", signature.as_str()),
            ("X-Neon-Signature-Kid", relay.signer.kid.as_str()),
            ("X-Neon-Timestamp", timestamp.as_str()),
        ];
        let answer = with_headers(&relay, body.as_bytes(), &headers).await;
        assert_eq!(answer.error(), (401, "invalid_signature".into()));
    }
    relay.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_five_minutes_off_is_refused_in_both_directions() {
    let relay = TestRelay::start().await;
    let (minute, now) = (Duration::from_secs(60), SystemClock.now());
    for (at, fresh) in [
        (now.minus(minute * 6), false),
        (now.minus(minute * 4), true),
        (now.plus(minute * 4), true),
        (now.plus(minute * 6), false),
    ] {
        let body = otp(|_| {}).to_string();
        let answer = send(relay.signed_request(&relay.signer, at, body.as_bytes())).await;
        if fresh {
            assert_eq!(answer.status, 200);
        } else {
            assert_eq!(answer.error(), (401, "stale_timestamp".into()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_disagrees_with_the_signed_body_is_refused() {
    let relay = TestRelay::start().await;
    let body = otp(|_| {});
    let (other_id, other_type) = (
        relay.signed_request(&relay.signer, SystemClock.now(), body.to_string().as_bytes()),
        relay.signed_request(&relay.signer, SystemClock.now(), body.to_string().as_bytes()),
    );
    let replace = |request: reqwest::RequestBuilder, name: &'static str| {
        let (client, request) = request.build_split();
        let mut request = request.unwrap();
        request.headers_mut().insert(name, "something-else".parse().unwrap());
        reqwest::RequestBuilder::from_parts(client, request)
    };
    for request in [replace(other_id, "x-neon-event-id"), replace(other_type, "x-neon-event-type")] {
        assert_eq!(send(request).await.error(), (400, "header_mismatch".into()));
    }
    relay.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_branch_that_is_not_ours_are_refused() {
    let relay = TestRelay::start().await;
    let preview = otp(|body| body["context"]["endpoint_id"] = json!("ep-preview-branch-1"));
    assert_eq!(relay.deliver(&preview).await.error(), (403, "endpoint_not_allowed".into()));
    relay.assert_unharmed().await;

    let nameless = otp(|body| body["context"] = json!({}));
    assert_eq!(relay.deliver(&nameless).await.status, 200);
    let open = TestRelay::with_vars([("NEON_ENDPOINT_IDS", "*")]).await;
    assert_eq!(open.deliver(&preview).await.status, 200);
}
