//! CPU for one request that is refused.

use super::load::{Client, Fault};
use super::process::{bare, relay};
use super::{median, vendor::Vendor};
use std::time::Duration;

const ROUNDS: usize = 5;
const REQUESTS: usize = 2_000;
const AT_ONCE: usize = 64;

pub async fn measure(vendor: &Vendor) {
    let (bare, relay) = (bare(vendor, false).await, relay(vendor, "memory:", &[], false).await);
    // As strangers come; and a request that is not verified ends its connection anyway.
    let client = Client::new(false);
    println!("CPU for one refusal, {AT_ONCE} at once, each on a connection of its own");
    println!("{:<24} {:>8} {:>8} {:>8}", "", "bare µs", "relay µs", "ratio");
    for (name, fault) in [
        ("bad signature", Fault::BadSignature),
        ("unknown kid", Fault::UnknownKid),
        ("stale", Fault::Stale),
        ("no signature", Fault::NoSignature),
    ] {
        // Those of an unknown key wait until their fetch, or until others need the room: so many that they have to.
        let (count, at_once) =
            if fault == Fault::UnknownKid { (4 * REQUESTS, 1_000) } else { (REQUESTS, AT_ONCE) };
        let mut figures = [Vec::new(), Vec::new()];
        for round in 0..=ROUNDS {
            for (server, figures) in [&bare, &relay].into_iter().zip(&mut figures) {
                let before = server.cpu();
                let refused =
                    client.deliver_all(&server.url, fault, (count, at_once), &[400, 401, 403, 503]).await;
                assert_eq!(refused, count, "{name}");
                if round > 0 {
                    figures.push(micros(server.cpu() - before, count));
                }
            }
        }
        let ratios = figures[1].iter().zip(&figures[0]).map(|(relay, bare)| relay / bare).collect();
        let [bare, relay] = figures.map(median);
        println!("{name:<24} {bare:>8.1} {relay:>8.1} {:>8.2}", median(ratios));
    }
}

fn micros(taken: Duration, count: usize) -> f64 {
    taken.as_secs_f64() * 1e6 / count as f64
}
