//! Many strangers at once take from each other, not from Neon.

use crate::harness::{Start, TestRelay, otp, send};
use crate::raw_client::{GET, RawClient};
use neon_sms_relay::app::Parts;
use neon_sms_relay::http::connection::Limits;

async fn relay(parts: Parts, vars: &[(&'static str, &str)]) -> TestRelay {
    let vars = vars.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    TestRelay::with(Start { parts, vars, ..Start::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_make_room_for_those_that_do() {
    // Room for ten connections, about.
    let parts = Parts { descriptors: Some(80), ..Parts::default() };
    let relay = relay(parts, &[("WORKERS", "1")]).await;
    let mut strangers = Vec::new();
    for said in ["", &GET[..20]].repeat(30) {
        let mut stranger = RawClient::connect(&relay.url).await;
        stranger.send(said).await;
        strangers.push(stranger);
    }
    // On a connection of its own: one that was used before is a stranger's, too, and may be leaving.
    let event = crate::raw_client::written(relay.request(&otp(|_| {})));
    let answer = RawClient::connect(&relay.url).await.ask(event).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(strangers[0].end().await, "", "the oldest has left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_neon_has_used_stays_when_strangers_come() {
    let parts = Parts { descriptors: Some(80), ..Parts::default() };
    let relay = relay(parts, &[("WORKERS", "1")]).await;
    let mut neon = RawClient::connect(&relay.url).await;
    let event = || crate::raw_client::written(relay.request(&otp(|_| {})));
    neon.ask(event()).await;
    let mut strangers = Vec::new();
    for _ in 0..40 {
        let mut stranger = RawClient::connect(&relay.url).await;
        // Answered, and idle from then on.
        stranger.ask(GET).await;
        strangers.push(stranger);
    }
    assert!(neon.ask(event()).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn unverified_bodies_hold_no_more_than_their_budget_and_give_it_back() {
    let limits = Limits { unverified: 100_000, ..Limits::default() };
    let relay = relay(Parts { limits, ..Parts::default() }, &[]).await;
    let head = "POST /webhooks/neon-auth HTTP/1.1\r\nHost: x\r\nContent-Length: 60001\r\n\r\n";
    let mut stalled = RawClient::connect(&relay.url).await;
    stalled.send(format!("{head}{}", "x".repeat(60_000))).await;
    // Once it has been read, a second one of its size has no room, and one of Neon's size has.
    let body = "x".repeat(60_000).into_bytes();
    while send(relay.unsigned_request(&body)).await.error() != (503, "overloaded".into()) {}
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    assert!(stalled.ask("x").await.starts_with("HTTP/1.1 401"));
    assert_eq!(send(relay.unsigned_request(&body)).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_neons_size_are_taken_however_much_strangers_hold() {
    let limits = Limits { unverified: 0, ..Limits::default() };
    let relay = relay(Parts { limits, ..Parts::default() }, &[]).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    let large = otp(|body| body["padding"] = "x".repeat(5_000).into());
    assert_eq!(relay.deliver(&large).await.error(), (503, "overloaded".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_may_have_16_kib() {
    let vars = [
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "token"),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
        ("PUBLIC_URL", "https://relay.example.com"),
    ];
    let vars = vars.map(|(name, value)| (name, value.to_owned())).to_vec();
    let relay = TestRelay::with(Start { vars, configured_providers: true, ..Start::default() }).await;
    let report = async |length: usize| {
        let url = format!("{}/callbacks/twilio/{}-1", relay.url, "0".repeat(32));
        let request = relay.http.post(url).header("X-Twilio-Signature", "none").body("x".repeat(length));
        send(request).await.error()
    };
    assert_eq!(report(16 * 1024).await, (403, "callback_refused".into()));
    assert_eq!(report(16 * 1024 + 1).await, (413, "body_too_large".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_at_once_are_kept_until_they_are_served() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let vars = [
        ("HOST", "127.0.0.1".to_owned()),
        ("PORT", port.to_string()),
        ("METRICS_PORT", "0".to_owned()),
        ("STORE_URL", "memory:".to_owned()),
        ("SMS_PROVIDER", "log".to_owned()),
        ("ALLOW_LOG_PROVIDER", "1".to_owned()),
        ("NEON_AUTH_URL", "http://127.0.0.1:1/neondb/auth".to_owned()),
        ("NEON_ENDPOINT_IDS", "*".to_owned()),
    ];
    let vars = vars.map(|(name, value)| (name.to_owned(), value));
    let settings = neon_sms_relay::config::Settings::from_vars(vars).unwrap();
    // It listens, and nobody takes what comes yet.
    let app = neon_sms_relay::app::App::build(&settings, Parts::default()).unwrap();
    let url = format!("http://{}", app.address());
    let crowd = futures_util::future::join_all((0..1_000).map(|_| RawClient::connect(&url)));
    let crowd = tokio::time::timeout(std::time::Duration::from_secs(60), crowd).await;
    assert_eq!(crowd.expect("connections are turned away").len(), 1_000);
}
