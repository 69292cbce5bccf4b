//! Reports as the vendors send them, and as somebody sends them who is not the vendor.

use crate::harness::{Start, TestRelay, otp};
use crate::process::ReadyRelay;
use crate::twilio::{PUBLIC, Twilio, sign};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A vendor that takes everything.
async fn vendor(reply: serde_json::Value) -> MockServer {
    let vendor = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(201).set_body_json(reply)).mount(&vendor).await;
    vendor
}

async fn vonage(api: &str) -> (TestRelay, MockServer) {
    let taken = json!({"message-count": "1", "messages": [{"status": "0", "message-id": "0A01"}]});
    let vonage = vendor(taken).await;
    let vars = vec![
        ("SMS_PROVIDER", "vonage".to_owned()),
        ("VONAGE_API", api.to_owned()),
        ("VONAGE_API_KEY", "abcd1234".to_owned()),
        ("VONAGE_API_SECRET", "api-secret".to_owned()),
        ("VONAGE_FROM", "Acme".to_owned()),
        ("VONAGE_SIGNATURE_SECRET", "signature-secret".to_owned()),
        ("VONAGE_SIGNATURE_METHOD", "sha256".to_owned()),
        ("VONAGE_BASE_URL", vonage.uri()),
        ("PUBLIC_URL", PUBLIC.to_owned()),
    ];
    let start = Start { vars, configured_providers: true, ..Start::default() };
    (TestRelay::with(start).await, vonage)
}

/// Where the vendor was told to report on its `n`th text.
async fn report_url(vendor: &MockServer, n: usize) -> String {
    let request = &vendor.received_requests().await.unwrap()[n];
    let url = url::form_urlencoded::parse(&request.body).find(|(name, _)| name == "callback").unwrap().1;
    url.strip_prefix(PUBLIC).unwrap().to_owned()
}

/// A receipt that Vonage signed, about the text of this reference.
fn receipt(reference: &str) -> BTreeMap<String, String> {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().to_string();
    let fields =
        [("client-ref", reference), ("messageId", "0A01"), ("status", "delivered"), ("timestamp", &now)];
    let text: String = fields.iter().map(|(name, value)| format!("&{name}={value}")).collect();
    let mac = Hmac::<Sha256>::new_from_slice(b"signature-secret").unwrap().chain_update(text);
    let sig = hex::encode(mac.finalize().into_bytes());
    let fields = fields.into_iter().chain([("sig", sig.as_str())]);
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn post(relay: &TestRelay, path: &str, form: &BTreeMap<String, String>) -> u16 {
    let request = relay.http.post(format!("{}{path}", relay.url)).form(form);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_vonages_is_taken_for_its_own_text_and_for_no_other() {
    let (relay, vonage) = vonage("sms").await;
    for _ in 0..2 {
        assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    }
    let (mine, other) = (report_url(&vonage, 0).await, report_url(&vonage, 1).await);
    let reference = mine.rsplit_once('/').unwrap().1;
    assert_eq!(post(&relay, &other, &receipt(reference)).await, 403, "signed, and about another text");
    assert_eq!(post(&relay, &mine, &receipt(reference)).await, 204);
    assert_eq!(post(&relay, &mine, &receipt(reference)).await, 204, "a repeated one changes nothing");
    assert_eq!(post(&relay, &mine, &receipt("0123456789abcdef")).await, 403);
    assert_eq!(post(&relay, &mine, &BTreeMap::new()).await, 403, "unsigned");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_report_of_the_messages_api_is_asked_for_again() {
    let (relay, _vonage) = vonage("messages").await;
    let url = format!("{}/callbacks/vonage/{}-1", relay.url, "0".repeat(32));
    let report = |token: Option<&str>| {
        let request = relay.http.post(&url).json(&json!({"status": "delivered", "client_ref": "0"}));
        token.iter().fold(request, |request, token| request.bearer_auth(token)).send()
    };
    assert_eq!(report(None).await.unwrap().status(), 503);
    assert_eq!(report(Some("e30.e30.AA")).await.unwrap().status(), 403, "signed by somebody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_larger_than_any_is_refused_unread() {
    let twilio = Twilio::that_accepts().await;
    let relay = twilio.relay().await;
    let url = format!("{}/callbacks/twilio/{}-1", relay.url, "0".repeat(32));
    for (length, status) in [(16 * 1024, 403), (16 * 1024 + 1, 413)] {
        let request = relay.http.post(&url).header("X-Twilio-Signature", "c2ln").body("a".repeat(length));
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{length}");
    }
}

/// Field 27: the query is part of what Twilio signs, as it wrote it.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_by_get_is_checked_over_the_bytes_of_its_query() {
    let twilio = Twilio::that_accepts().await;
    let relay = twilio.relay().await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    let path = twilio.report_path().await;
    let address = relay.url.trim_start_matches("http://");
    // `"`, `<` and `>` come encoded: as they are, HTTP does not allow them and the server answers 400.
    for odd in ["'", "+", "%27", "%2B", "%22", "%3C%3E", "%3c%3e", "[]", "{}", "|", "$&=!*();:@,~"] {
        let target = format!("{path}?MessageStatus=delivered&From=O{odd}Neil");
        let signature = sign(&target, &[]);
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Twilio-Signature: {signature}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 204"), "{odd}: {answer}");
    }
}

/// Field 37: what a carrier says about a sender an hour later is what the operator has to hear most.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_a_failure_is_logged_with_the_remedy_and_counted_by_its_status() {
    let twilio = Twilio::that_accepts().await;
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port().to_string();
    let vars = twilio.vars();
    let mut vars: Vec<_> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    vars.push(("METRICS_PORT", &port));
    let relay = ReadyRelay::start(&vars).await;
    let body = otp(|body| body["context"] = json!({}));
    assert_eq!(relay.deliver(&body).await.status, 200);
    let path = twilio.report_path().await;
    let failed = [("MessageStatus", "undelivered"), ("ErrorCode", "30034")];
    for _ in 0..2 {
        assert_eq!(twilio.reports(&relay.process.url, &path, &failed).await, 204);
    }
    let line = relay.process.wait_for_line("the provider reported a failure");
    for words in ["30034", "unreachable", "undelivered", "register the sender"] {
        assert!(line.contains(words), "{words} in: {line}");
    }
    let metrics = relay.http.get(format!("http://127.0.0.1:{port}/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let expected = r#"neon_sms_relay_reports_total{provider="twilio",status="undelivered"} 1"#;
    assert!(metrics.contains(expected), "{metrics}");
}
