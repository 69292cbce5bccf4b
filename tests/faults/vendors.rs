//! A vendor that hangs, drips, hangs up, or answers with far too much, beside one that works, and alone.

use crate::harness::{Start, TestRelay, otp};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Works,
    /// Takes the request and says nothing.
    Hangs,
    /// A byte of its answer now and then.
    Drips,
    /// Takes the request and ends the connection.
    HangsUp,
    /// A megabyte, in which its answer is.
    Rambles,
}

/// Twilio, by hand: nothing that keeps to HTTP would do all that.
struct OddVendor {
    url: String,
    manner: watch::Sender<Manner>,
    asked: Arc<AtomicUsize>,
}

impl OddVendor {
    async fn who(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (manner, asked) = (watch::Sender::new(manner), Arc::new(AtomicUsize::new(0)));
        let (current, count) = (manner.subscribe(), asked.clone());
        tokio::runtime::Handle::current().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (current, count) = (current.clone(), count.clone());
                tokio::runtime::Handle::current().spawn(serve(stream, current, count));
            }
        });
        Self { url, manner, asked }
    }
}

async fn serve(mut stream: TcpStream, manner: watch::Receiver<Manner>, asked: Arc<AtomicUsize>) {
    loop {
        let mut request = Vec::new();
        // The form's last field is there once its name is; none is in the head.
        while !request.windows(12).any(|bytes| bytes == b"SmartEncoded") {
            let mut bytes = [0; 2048];
            match stream.read(&mut bytes).await {
                Ok(read @ 1..) => request.extend_from_slice(&bytes[..read]),
                _ => return,
            }
        }
        asked.fetch_add(1, Ordering::SeqCst);
        let body = json!({"sid": "SM11111111111111111111111111111111", "status": "queued"}).to_string();
        let head = |length| {
            format!(
                "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            )
        };
        let manner = *manner.borrow();
        let answer = match manner {
            Manner::HangsUp => return,
            Manner::Hangs => std::future::pending().await,
            Manner::Rambles => {
                let body = format!("{}{body}", " ".repeat(1 << 20));
                format!("{}{body}", head(body.len()))
            }
            Manner::Works | Manner::Drips => format!("{}{body}", head(body.len())),
        };
        for piece in answer.as_bytes().chunks(if manner == Manner::Drips { 1 } else { 65_536 }) {
            if stream.write_all(piece).await.is_err() {
                return;
            }
            if manner == Manner::Drips {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        }
    }
}

async fn relay(chain: &str, twilio: &OddVendor, vonage: &MockServer) -> TestRelay {
    let vars = vec![
        ("SMS_PROVIDER", chain.to_owned()),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned()),
        ("TWILIO_AUTH_TOKEN", "token".to_owned()),
        ("TWILIO_FROM_NUMBER", "+15005550006".to_owned()),
        ("TWILIO_BASE_URL", twilio.url.clone()),
        ("VONAGE_API_KEY", "abcd1234".to_owned()),
        ("VONAGE_API_SECRET", "secret".to_owned()),
        ("VONAGE_FROM", "Acme".to_owned()),
        ("VONAGE_BASE_URL", vonage.uri()),
    ];
    TestRelay::with(Start { vars, configured_providers: true, ..Start::default() }).await
}

async fn vonage() -> MockServer {
    let vonage = MockServer::start().await;
    let body =
        json!({"message-count": "1", "messages": [{"status": "0", "message-id": "0A0000000123ABCD1"}]});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(&vonage)
        .await;
    vonage
}

/// All at once, since each has its four seconds.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_first_vendor_does_the_second_one_is_asked_in_time() {
    let cases = [Manner::Hangs, Manner::Drips, Manner::HangsUp, Manner::Rambles].map(|manner| async move {
        let (twilio, vonage) = (OddVendor::who(manner).await, vonage().await);
        let relay = relay("twilio,vonage", &twilio, &vonage).await;
        let code = otp(|_| {});
        let mut answer = relay.deliver(&code).await;
        // On a machine that has no time for it, Neon comes again for the answer.
        while answer.status == 503 && answer.error().1 == "in_flight" {
            answer = relay.deliver(&code).await;
        }
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["provider"]),
            (200, &json!("vonage")),
            "{manner:?}"
        );
        assert_eq!(twilio.asked.load(Ordering::SeqCst), 1, "{manner:?}");
        assert_eq!(vonage.received_requests().await.unwrap().len(), 1, "{manner:?}");
        assert!(relay.deliver(&code).await.replayed, "{manner:?}");
    });
    futures_util::future::join_all(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for time-outs; ./test faults"]
async fn a_vendor_alone_is_asked_twice_at_most_and_once_it_works_new_codes_go_out() {
    let cases = [Manner::Hangs, Manner::Drips, Manner::HangsUp, Manner::Rambles].map(|manner| async move {
        let (twilio, vonage) = (OddVendor::who(manner).await, vonage().await);
        let relay = relay("twilio", &twilio, &vonage).await;
        let code = otp(|_| {});
        let mut errors = Vec::new();
        for _ in 0..6 {
            let (status, error) = relay.deliver(&code).await.error();
            assert_eq!(status, 503, "{manner:?}: {error}");
            errors.push(error);
        }
        assert!(errors.contains(&"no_verdict".to_owned()), "{manner:?}: {errors:?}");
        assert!((1..=2).contains(&twilio.asked.load(Ordering::SeqCst)), "{manner:?}");
        twilio.manner.send_replace(Manner::Works);
        assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200, "{manner:?}");
    });
    futures_util::future::join_all(cases).await;
}
