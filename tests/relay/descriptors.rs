//! File descriptors run out before anything else does: the relay takes what it may have, and no more than fits.

#![cfg(target_os = "linux")]

use crate::harness::{Answer, otp};
use crate::process::ReadyRelay;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpListener;

#[tokio::test(flavor = "multi_thread")]
async fn the_soft_limit_is_raised_to_the_hard_one() {
    let vars = [("SMS_PROVIDER", "log"), ("ALLOW_LOG_PROVIDER", "1")];
    let relay = ReadyRelay::start_after("ulimit -Sn 256 && ulimit -Hn 4321", &vars).await;
    assert_eq!(relay.process.descriptors(), ("4321".into(), "4321".into()));
    relay.process.signal("TERM");
    let (_, output) = relay.process.ended();
    assert!(!output.contains("MAX_IN_FLIGHT"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_asked_to_come_again_and_no_code_is_lost() {
    // A provider that takes requests and is slow to answer.
    let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let provider_url = format!("http://{}", provider.local_addr().unwrap());
    let vars = [
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "token"),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
        ("TWILIO_BASE_URL", &provider_url),
        ("NEON_ENDPOINT_IDS", "*"),
    ];
    let relay = ReadyRelay::start_after("ulimit -n 300", &vars).await;
    let line = relay.process.wait_for_line("MAX_IN_FLIGHT");
    assert!(line.contains("WARN") && line.contains("file descriptors") && line.contains("52"), "{line}");

    let events: Vec<_> = (0..100).map(|_| otp(|_| {})).collect();
    let mut deliveries: FuturesUnordered<_> = events.iter().map(|event| relay.deliver(event)).collect();
    let mut held = Vec::new();
    // Those that do not fit are answered while the provider still thinks about the others.
    for _ in 52..100 {
        let answer: Answer = tokio::select! {
            answer = deliveries.next() => answer.unwrap(),
            () = async { loop { held.push(provider.accept().await.unwrap()); } } => unreachable!(),
        };
        assert_eq!(answer.error(), (503, "overloaded".into()));
    }
    while held.len() < 52 {
        tokio::select! {
            answer = deliveries.next() => panic!("lost: {:?}", answer.unwrap().error()),
            connection = provider.accept() => held.push(connection.unwrap()),
        }
    }
}
