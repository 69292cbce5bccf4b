//! What the relay takes of a machine, beside a bare handler that does the least there is to do: it reads, verifies,
//! claims in memory and posts to the vendor, with the same crates.
//!
//! `cargo bench --bench cost` prints all of it but the last; `cargo bench --bench cost -- forged flood` those alone:
//!
//! | Name | What is measured |
//! |---|---|
//! | `delivery` | CPU of the process for one delivery, with each store |
//! | `forged` | CPU for one request that is refused, each on a connection of its own |
//! | `flood` | how long deliveries take while forged requests come, the server on one core |
//! | `flight` | errors and memory with 2,000 deliveries in flight |
//! | `idle` | memory with SQLite when nothing happens, time to the first answer, size of the binary |
//! | `window` | a million events and more through a full window: CPU, memory, who waits for a purge (minutes) |
//!
//! Each server is a process of its own, and its CPU is what the kernel says it took, user and system, so that neither
//! the load nor the vendor counts. Ratios are of one run; every figure is the median of several rounds in turn. Linux
//! only: it reads `/proc`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that meets the unexpected should stop there"
)]

mod bare;
mod delivery;
mod flight;
mod flood;
mod forged;
mod idle;
mod load;
mod process;
mod vendor;
mod window;

#[path = "../../tests/postgres_server/mod.rs"]
mod postgres_server;

use tokio::runtime::Runtime;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["bare", port, vendor] => return bare::serve(port.parse().unwrap(), vendor),
        ["remember", store] => return window::remember(store),
        _ => {}
    }
    let chosen = |name| arguments.contains(&name) || arguments.is_empty() && name != "window";
    let runtime = Runtime::new().unwrap();
    let measure = async {
        let vendor = vendor::start();
        for (name, measured) in [
            ("delivery", chosen("delivery")),
            ("forged", chosen("forged")),
            ("flood", chosen("flood")),
            ("flight", chosen("flight")),
            ("idle", chosen("idle")),
            ("window", chosen("window")),
        ] {
            match name {
                _ if !measured => continue,
                "delivery" => delivery::measure(&vendor).await,
                "forged" => forged::measure(&vendor).await,
                "flood" => flood::measure(&vendor).await,
                "flight" => flight::measure(&vendor).await,
                "idle" => idle::measure(&vendor).await,
                _ => window::measure(),
            }
            println!();
        }
    };
    runtime.block_on(measure);
}

/// The middle one.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
