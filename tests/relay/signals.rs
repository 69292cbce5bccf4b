//! What the process does when it is signalled, and what it tells its supervisor.

use crate::harness::otp;
use crate::process::{ReadyRelay, RelayProcess, command};
use serde_json::json;
use sms_providers::client::http_client;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

const LOG_PROVIDER: [(&str, &str); 2] = [("SMS_PROVIDER", "log"), ("ALLOW_LOG_PROVIDER", "1")];

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_server_at_once_with_the_code_of_a_killed_process() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        // Takes the request and never answers it.
        let twilio = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", twilio.local_addr().unwrap());
        let relay = ReadyRelay::start(&[
            ("SMS_PROVIDER", "twilio"),
            ("TWILIO_BASE_URL", &base_url),
            ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("TWILIO_AUTH_TOKEN", "token"),
            ("TWILIO_FROM_NUMBER", "+15005550006"),
        ])
        .await;
        let body = otp(|_| {}).to_string().into_bytes();
        let now = neon_sms_relay::domain::Clock::now(&neon_sms_relay::domain::SystemClock);
        let request = relay.signer.add_headers(relay.unsigned(&body), now, &body);
        let delivery = tokio::runtime::Handle::current().spawn(request.send());
        let _held = twilio.accept().await.unwrap();
        relay.process.signal("TERM");
        relay.process.wait_for_line("stopping");
        relay.process.signal(signal);
        let (status, log) = relay.process.ended();
        assert_eq!(status.code(), Some(code), "{log}");
        assert!(log.contains("stopped at once by a second signal"), "{log}");
        // Neon hears nothing, or that it shall try again.
        let answer = delivery.await.unwrap();
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 503));
    }
}

/// The next message that systemd would get.
fn told(socket: &UnixDatagram) -> String {
    let mut message = [0; 4096];
    let length = socket.recv(&mut message).unwrap();
    String::from_utf8(message[..length].to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_when_the_server_listens_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let vars = [&LOG_PROVIDER[..], &[("NOTIFY_SOCKET", path.to_str().unwrap())]].concat();
    let relay = ReadyRelay::start(&vars).await;
    let ready = told(&socket);
    assert!(ready.lines().any(|line| line == "READY=1"), "{ready}");
    assert!(ready.contains(relay.process.url.trim_start_matches("http://")), "{ready}");
    relay.process.signal("TERM");
    let stopping = told(&socket);
    assert!(stopping.lines().any(|line| line == "STOPPING=1"), "{stopping}");
    assert_eq!(relay.process.ended().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_dev_at_once_too() {
    let folder = tempfile::tempdir().unwrap();
    let command = command(folder.path(), &["dev"], &[("PORT", "0"), ("DEV_PORT", "0")]);
    let dev = RelayProcess::spawn(command, folder);
    let page = dev.wait_for_line("      http://localhost:").trim().to_owned();
    let http = http_client().unwrap();
    let faults = format!("{page}dev/faults");
    let hangs = json!({"vendor": {"kind": "timeout", "times": 1}});
    assert!(http.put(&faults).json(&hangs).send().await.unwrap().status().is_success());
    let planned = || async { http.get(&faults).send().await.unwrap().text().await.unwrap() };
    let before = planned().await;
    let ask = http.post(format!("{page}neondb/auth/phone-number/send-otp"));
    let asked = ask.json(&json!({"phoneNumber": "+15551234567"})).send();
    let asked = tokio::runtime::Handle::current().spawn(asked);
    // The vendor has the text, and says nothing.
    while planned().await == before {
        tokio::task::yield_now().await;
    }
    dev.signal("INT");
    dev.wait_for_line("stopping");
    dev.signal("INT");
    let (status, log) = dev.ended();
    assert_eq!(status.code(), Some(130), "{log}");
    asked.abort();
}
