//! What a relay's metrics look like after a day on which everything happened that they can tell of.

use crate::app_stub::{AppStub, status};
use crate::harness::{TestRelay, event, manual_clock};
use crate::second_vendor::{Vendors, otp_to, verified};
use neon_sms_relay::app::Parts;
use neon_sms_relay::telemetry::metrics::{Metrics, Series};
use sms_providers::{FailureKind, SendError};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A transient failure, by Twilio's code.
const UNREACHABLE: Option<&str> = Some("30003");

/// What Prometheus reads at the end of the day: at least one number of every series that there is.
pub async fn scrape() -> String {
    let (vendors, clock) = (Vendors::new().await, manual_clock());
    let app = AppStub::answering(status(200)).await;
    let panicked = AtomicBool::default();
    let parts = Parts {
        clock: Some(clock.clone()),
        trip: Some(Arc::new(move |task| task == "warm_up" && !panicked.swap(true, Ordering::SeqCst))),
        ..Parts::default()
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let vars = [
        ("METRICS_PORT", &*port),
        ("SMS_ROUTING", "adaptive"),
        ("FORWARD_URL", &app.url()),
        ("GUARD", "enforce"),
        ("SMS_PRICE", "0.05 USD"),
        ("SMS_DAILY_SPEND", "100 USD"),
        ("SMS_DAILY_LIMIT", "1000"),
    ];
    let relay = vendors.relay(&vars, parts).await;

    users_ask_for_codes(&relay, &vendors).await;
    vendors_refuse(&relay, &vendors).await;
    for kind in ["user.created", "user.before_create"] {
        assert_eq!(relay.deliver(&event(kind)).await.status, 200);
    }
    relay.unsigned_request(b"{}").send().await.unwrap();
    // Codes that nobody used are over, and what is known of a vendor has grown.
    clock.advance(Duration::from_secs(301));
    whole(&relay).await
}

/// Codes to two countries: texts that arrive and lead to a verification, and texts that do not.
async fn users_ask_for_codes(relay: &TestRelay, vendors: &Vendors) {
    // Who is asked first is left to luck.
    for n in 0.. {
        let number = if n % 2 == 0 { format!("+1555123{n:04}") } else { format!("+49151123{n:05}") };
        assert_eq!(relay.deliver(&otp_to(&number)).await.status, 200);
        let sent = vendors.first.sent();
        if sent.last().is_some_and(|text| text.to.as_e164() == number) {
            if sent.len() == 1 {
                let texts = vendors.second.sent().len();
                vendors.reports(relay, 0, "failed", UNREACHABLE).await;
                vendors.second.wait_for_sends(texts + 1).await;
            } else {
                vendors.reports(relay, sent.len() - 1, "delivered", None).await;
                // The guard has a pause between two texts to a number.
                assert_eq!(relay.deliver(&otp_to(&number)).await.error().1, "too_many_codes");
            }
            assert_eq!(relay.deliver(&verified(&number)).await.status, 200);
        }
        if sent.len() > 4 && n > 8 {
            return;
        }
    }
}

async fn vendors_refuse(relay: &TestRelay, vendors: &Vendors) {
    for (kind, number) in
        [(FailureKind::OptedOut, "+447700900123"), (FailureKind::Misconfigured, "+33612345678")]
    {
        for vendor in [&vendors.first, &vendors.second] {
            vendor.answer_always(Err(SendError::new(kind)));
        }
        assert!(relay.deliver(&otp_to(number)).await.status.is_client_error());
    }
}

/// A scrape with a number of every series; what is told in the background comes a little later.
async fn whole(relay: &TestRelay) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let scrape = relay.http.get(relay.metrics_url.as_deref().unwrap()).send().await.unwrap();
        let scrape = scrape.text().await.unwrap();
        let is_there = |series: &Series| {
            let begins =
                |line: &str| line.strip_prefix(&series.name).is_some_and(|rest| !rest.starts_with(' '));
            let plain = format!("{} ", series.name);
            scrape.lines().any(|line| begins(line) || line.starts_with(&plain))
        };
        let missing: Vec<_> = Metrics::default().series().into_iter().filter(|s| !is_there(s)).collect();
        if missing.is_empty() {
            return scrape;
        }
        assert!(Instant::now() < until, "no number of {missing:?} in\n{scrape}");
        tokio::task::yield_now().await;
    }
}
