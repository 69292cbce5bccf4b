//! The webhook's URL is written by hand, and a silent 404 loses every code.

use crate::harness::{Start, TestRelay, otp, send};
use crate::process::ReadyRelay;
use crate::raw_client::RawClient;
use neon_sms_relay::domain::{Clock, SystemClock};

/// Field 24: a trailing slash, slashes that a base URL and a path both bring, capitals.
#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_is_served_at_every_way_to_write_its_path() {
    let relay = TestRelay::start().await;
    let paths = [
        "/webhooks/neon-auth/",
        "//webhooks/neon-auth",
        "/webhooks//neon-auth",
        "/Webhooks/Neon-Auth",
        "/WEBHOOKS/NEON-AUTH//",
        "/webhooks/neon-auth/?source=neon",
    ];
    for path in paths {
        let body = otp(|_| {}).to_string().into_bytes();
        let request = relay.http.post(format!("{}{path}", relay.url)).body(body.clone());
        let request = relay.signer.add_headers(request, SystemClock.now(), &body);
        assert_eq!(send(request).await.status, 200, "{path}");
    }
    assert_eq!(relay.stub.sent().len(), paths.len());
    for path in ["/livez/", "//readyz", "/Livez"] {
        assert_eq!(relay.get(path).await.status, 200, "{path}");
    }
}

/// Field 24: paths that may mean something else are not guessed at, and not passed over in silence.
#[tokio::test(flavor = "multi_thread")]
async fn events_at_another_path_are_counted_and_the_answer_names_the_right_one() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let vars = vec![("METRICS_PORT", port.to_string())];
    let relay = TestRelay::with(Start { vars, ..Start::default() }).await;
    let paths = ["/", "/webhook/neon-auth", "/api/webhooks/neon-auth", "/webhooks", "/webhooks/neon-auth/x"];
    for path in paths {
        let body = otp(|_| {}).to_string().into_bytes();
        let request = relay.http.post(format!("{}{path}", relay.url)).body(body.clone());
        let answer = send(relay.signer.add_headers(request, SystemClock.now(), &body)).await;
        assert_eq!(answer.error(), (404, "wrong_path".into()), "{path}");
        assert!(answer.text.contains("/webhooks/neon-auth"), "{}", answer.text);
    }
    // Not Neon's: strangers look for all kinds of things.
    assert_eq!(send(relay.http.post(format!("{}/wp-login.php", relay.url))).await.error().1, "not_found");
    let metrics = relay.http.get(relay.metrics_url.as_deref().unwrap()).send().await.unwrap();
    let (text, line) = (metrics.text().await.unwrap(), r#"requests_refused_total{reason="wrong_path"} 5"#);
    assert!(text.contains(line), "{text}");
    relay.assert_unharmed().await;
}

/// Field 24: the log says it, once for all of a minute, since anybody can send such a request.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_the_right_path_once_however_many_events_come_to_a_wrong_one() {
    let relay = ReadyRelay::start(&[("SMS_PROVIDER", "log"), ("ALLOW_LOG_PROVIDER", "1")]).await;
    for _ in 0..50 {
        let url = format!("{}/api/stranger-s-words", relay.process.url);
        send(relay.http.post(url).header("X-Neon-Signature", "any")).await;
    }
    relay.process.signal("TERM");
    let (_, output) = relay.process.ended();
    let warnings: Vec<_> = output.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{output}");
    assert!(warnings[0].contains("/webhooks/neon-auth"), "{output}");
    assert!(!output.contains("stranger-s-words"), "{output}");
}

/// Field 25: probes and monitors ask with HEAD.
#[tokio::test(flavor = "multi_thread")]
async fn head_gets_the_status_of_get_and_no_body() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let vars = vec![("METRICS_PORT", port.to_string())];
    let ready = TestRelay::with(Start { vars, ..Start::default() }).await;
    let unready = TestRelay::with(Start { without_keys: true, ..Start::default() }).await;
    let metrics = ready.metrics_url.as_deref().unwrap().trim_end_matches("/metrics");
    for (url, path, status) in [
        (ready.url.as_str(), "/livez", 200),
        (&ready.url, "/readyz", 200),
        (&unready.url, "/readyz", 503),
        (metrics, "/metrics", 200),
        (&ready.url, "/nowhere", 404),
    ] {
        assert_eq!(ready.http.get(format!("{url}{path}")).send().await.unwrap().status(), status);
        let mut client = RawClient::connect(url).await;
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        let said = client.end().await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {said}");
        assert!(said.ends_with("\r\n\r\n"), "{path}: {said}");
    }
}
