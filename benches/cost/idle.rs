//! What there is to see when nothing happens: memory, the time of a start, the size of the binary.

use super::load::{Client, Fault};
use super::process::{program, relay};
use super::{median, vendor::Vendor};
use std::time::{Duration, Instant};

const STARTS: usize = 15;

pub async fn measure(vendor: &Vendor) {
    let (mut starts, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = format!("sqlite://{}", folder.path().join("relay.db").display());
        let begun = Instant::now();
        let relay = relay(vendor, &sqlite, &[], false).await;
        assert_eq!(Client::new(true).deliver(&relay.url, Fault::None).await, 200);
        starts.push(begun.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(700)).await;
        memory.push(relay.memory().0);
        assert!(relay.started_in < begun.elapsed());
    }
    let binary = std::fs::metadata(program()).unwrap().len();
    println!("with SQLite, medians of {STARTS} starts");
    println!("from the start to the answer of the first webhook {:>8.1} ms", median(starts));
    println!("memory after it, when nothing happens             {:>8.1} MB", median(memory));
    println!("size of the binary                                {:>8.1} MB", binary as f64 / 1e6);
}
