//! Whatever is signed or sent, the answer is a clear error, no SMS goes out, and the server lives on.

use crate::harness::{Answer, TestRelay, otp, send};
use neon_sms_relay::domain::{Clock, SystemClock};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn signed(relay: &TestRelay, body: &[u8]) -> Answer {
    send(relay.signed_request(&relay.signer, SystemClock.now(), body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_body_that_is_not_an_event_is_refused() {
    let relay = TestRelay::start().await;
    let deep = format!(
        r#"{{"event_id":"x","event_type":"send.otp","event_data":{}{}}}"#,
        r#"{"a":"#.repeat(5_000),
        "1".to_owned() + &"}".repeat(5_000)
    );
    let bodies: [&[u8]; 8] = [
        b"",
        b"not json",
        b"<html></html>",
        b"null",
        b"\xff\xfe{}",
        br#"{"event_id":"a","event_id":"b","event_type":"send.otp"}"#,
        br#"{"event_type":"send.otp"}"#,
        deep.as_bytes(),
    ];
    for body in bodies {
        assert_eq!(signed(&relay, body).await.error(), (400, "invalid_body".into()));
    }
    let fields: [(&str, Value); 5] = [
        ("/event_data/otp_code", Value::Null),
        ("/event_data/otp_code", json!({"digits": 6})),
        ("/event_data/expires_at", json!("soon")),
        ("/user/phone_number", json!(["+15551234567"])),
        ("/event_data", json!("none")),
    ];
    for (field, value) in fields {
        let body = otp(|body| *body.pointer_mut(field).unwrap() = value.clone());
        assert_eq!(relay.deliver(&body).await.error(), (400, "invalid_body".into()), "{field} = {value}");
    }
    relay.assert_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_64_kib_is_refused_however_it_is_sent() {
    let relay = TestRelay::start().await;
    let huge = otp(|body| body["padding"] = json!("x".repeat(64 * 1024)));
    assert_eq!(relay.deliver(&huge).await.error(), (413, "body_too_large".into()));

    // Without a length that announces it.
    let mut stream = TcpStream::connect(relay.url.trim_start_matches("http://")).await.unwrap();
    stream
        .write_all(b"POST /webhooks/neon-auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await
        .unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 16 * 1024, "x".repeat(16 * 1024));
    let mut reply = Vec::new();
    for _ in 0..5 {
        // The relay may hang up before everything is written, which is its right.
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        reply.extend_from_slice(&buffer[..read]);
        if reply.ends_with(b"}") {
            break;
        }
    }
    let reply = String::from_utf8_lossy(&reply);
    assert!(reply.starts_with("HTTP/1.1 413") && reply.contains("body_too_large"), "{reply}");

    // The largest that is allowed is read and judged by its content.
    let mut exact = otp(|body| body["padding"] = json!("")).to_string();
    let room = 64 * 1024 - exact.len();
    exact = exact.replace(r#""padding":"""#, &format!(r#""padding":"{}""#, "x".repeat(room)));
    assert_eq!(signed(&relay, exact.as_bytes()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_get_a_clear_error() {
    let relay = TestRelay::start().await;
    assert_eq!(relay.get("/webhooks/neon-auth").await.error(), (405, "method_not_allowed".into()));
    assert_eq!(relay.get("/").await.error(), (404, "not_found".into()));
    assert_eq!(relay.get("/metrics").await.error(), (404, "not_found".into()));
    relay.assert_unharmed().await;
}
