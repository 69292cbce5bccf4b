//! How long deliveries take while strangers send forged ones as fast as they can, the server on one core.

use super::load::{Client, Fault};
use super::process::relay;
use super::vendor::Vendor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const DELIVERIES: usize = 400;
const EVERY: Duration = Duration::from_millis(20);

pub async fn measure(vendor: &Vendor) {
    let relay = relay(vendor, "memory:", &[], true).await;
    let client = Client::new(true);
    client.deliver_all(&relay.url, Fault::None, (2_000, 16), &[200]).await;
    let idle = client.deliver_steadily(&relay.url, DELIVERIES, EVERY).await;
    println!(
        "deliveries, {} a second, while forged requests come; the server has one core",
        1000 / EVERY.as_millis()
    );
    println!("{:<36} {:>8} {:>8} {:>12}", "", "p50 ms", "p99 ms", "forged/s");
    print(&"nobody else".to_owned(), idle, 0.0);
    for at_once in [64, 1_000] {
        for (name, fault) in [
            ("bad signature", Fault::BadSignature),
            ("unknown kid", Fault::UnknownKid),
            ("stale", Fault::Stale),
        ] {
            let (over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
            let stranger = Client::new(false);
            let floods: Vec<_> = (0..at_once)
                .map(|_| {
                    let (over, sent) = (over.clone(), sent.clone());
                    let (stranger, url) = (stranger.clone(), relay.url.clone());
                    tokio::runtime::Handle::current().spawn(async move {
                        while !over.load(Ordering::Relaxed) {
                            stranger.deliver(&url, fault).await;
                            sent.fetch_add(1, Ordering::Relaxed);
                        }
                    })
                })
                .collect();
            let begun = Instant::now();
            let took = client.deliver_steadily(&relay.url, DELIVERIES, EVERY).await;
            let rate = sent.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
            over.store(true, Ordering::Relaxed);
            for flood in floods {
                flood.await.unwrap();
            }
            print(&format!("{name}, {at_once} connections"), took, rate);
        }
    }
}

fn print(name: &String, mut took: Vec<Duration>, rate: f64) {
    took.sort();
    let at = |share: usize| took[took.len() * share / 100].as_secs_f64() * 1e3;
    println!("{name:<36} {:>8.1} {:>8.1} {rate:>12.0}", at(50), at(99));
}
