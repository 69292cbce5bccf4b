//! Errors and memory with 2,000 deliveries in flight, where the vendor takes its time.

use super::load::{Client, Fault};
use super::process::relay;
use super::vendor::Vendor;
use std::time::Duration;

const IN_FLIGHT: usize = 2_000;
const DELIVERIES: usize = 20_000;

pub async fn measure(vendor: &Vendor) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("relay.db").display());
    println!("{IN_FLIGHT} in flight, the vendor answers after 300 ms; {DELIVERIES} deliveries");
    println!("{:<12} {:>8} {:>10} {:>10}", "", "errors", "most MB", "after MB");
    for (name, store) in [("memory", "memory:"), ("sqlite", sqlite.as_str())] {
        let relay = relay(vendor, store, &[("NEON_TIMEOUT_SECONDS", "10")], false).await;
        vendor.thinks_for(Duration::from_millis(300));
        let answered =
            Client::new(true).deliver_all(&relay.url, Fault::None, (DELIVERIES, IN_FLIGHT), &[200]).await;
        vendor.thinks_for(Duration::ZERO);
        let (now, most) = relay.memory();
        println!("{name:<12} {:>8} {most:>10.1} {now:>10.1}", DELIVERIES - answered);
    }
}
