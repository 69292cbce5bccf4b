//! Strangers by the thousand, while Neon's codes go through.

use crate::scene::{Relay, Scene};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const CODES: usize = 50;

/// Idle connections, and as many again that send a body, slowly.
const EACH: usize = 5_000;

async fn connect(relay: &Relay<'_>) -> Option<TcpStream> {
    let address = relay.process.url.trim_start_matches("http://").to_owned();
    let connection = tokio::time::timeout(Duration::from_secs(10), TcpStream::connect(address)).await;
    connection.ok()?.ok()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "opens ten thousand connections; ./test faults"]
async fn ten_thousand_connections_that_are_idle_or_slow_keep_no_code_back() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let scene = Scene::new().await;
    let relay = scene.relay("memory:", &[]).await;
    let mut crowd = Vec::new();
    for number in 0..2 * EACH {
        let Some(mut connection) = connect(&relay).await else { continue };
        if number % 2 == 0 {
            let head = "POST /webhooks/neon-auth HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n{";
            // Whoever was turned away meanwhile is not heard.
            let _ = connection.write_all(head.as_bytes()).await;
        }
        crowd.push(connection);
    }
    assert!(crowd.len() > EACH, "{} connections", crowd.len());
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    let drip = async {
        loop {
            for connection in &mut crowd {
                let _ = connection.write_all(b" ").await;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { () = relay.takes_all(&codes) => {}, () = drip => {} }
    assert_eq!(scene.assert_texted(&codes, 1), CODES);
    relay.is_ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_forgeries_keeps_no_code_back_and_is_summed_up_in_the_log() {
    let scene = Scene::new().await;
    let relay = scene.relay("memory:", &[]).await;
    let forge = async {
        let one = || async {
            loop {
                let code = scene.code().to_string().into_bytes();
                let request =
                    scene.http.post(format!("{}/webhooks/neon-auth", relay.process.url)).body(code.clone());
                let now = neon_sms_relay::domain::Clock::now(&neon_sms_relay::domain::SystemClock);
                // Signed well, and then changed.
                let forged = [code, b" ".to_vec()].concat();
                let request = scene.signer.add_headers(request, now, &forged);
                if let Ok(answer) = request.send().await {
                    assert!([401, 503].contains(&answer.status().as_u16()), "{}", answer.status());
                }
            }
        };
        futures_util::future::join_all((0..64).map(|_| one())).await;
    };
    let codes: Vec<_> = (0..CODES).map(|_| scene.code()).collect();
    let taken = async {
        relay.takes_all(&codes).await;
        while relay.metric("requests_refused_total").await < 500.0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { () = taken => {}, _ = forge => {} }
    assert_eq!(scene.assert_texted(&codes, 1), CODES);
    relay.process.signal("TERM");
    let (_, log) = relay.process.ended();
    let of_forgeries = log.lines().filter(|line| line.contains("invalid_signature")).count();
    assert!((1..100).contains(&of_forgeries), "{of_forgeries} lines");
}
