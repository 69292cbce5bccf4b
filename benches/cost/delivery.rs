//! CPU for one delivery.

use super::load::{Client, Fault};
use super::postgres_server::PostgresServer;
use super::process::{Server, bare, cpu_of_postgres, relay};
use super::{median, vendor::Vendor};
use std::time::Duration;

const ROUNDS: usize = 7;
const DELIVERIES: usize = 4_000;
const AT_ONCE: usize = 64;

pub async fn measure(vendor: &Vendor) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("relay.db").display());
    let logged = format!("sqlite://{}", folder.path().join("logged.db").display());
    let database = PostgresServer::start();
    let servers: [(&str, Server); 6] = [
        ("bare handler", bare(vendor, false).await),
        ("memory", relay(vendor, "memory:", &[], false).await),
        ("memory, GUARD=off", relay(vendor, "memory:", &[("GUARD", "off")], false).await),
        ("sqlite", relay(vendor, &sqlite, &[], false).await),
        ("sqlite, RUST_LOG=info", relay(vendor, &logged, &[("RUST_LOG", "info")], false).await),
        ("postgres", relay(vendor, &database.url(), &[], false).await),
    ];
    let client = Client::new(true);
    let mut taken: Vec<Vec<f64>> = vec![Vec::new(); servers.len()];
    let mut database_taken = Vec::new();
    // The first round warms up.
    for round in 0..=ROUNDS {
        for ((name, server), taken) in servers.iter().zip(&mut taken) {
            let of_database =
                || if *name == "postgres" { cpu_of_postgres(&database.url()) } else { Duration::ZERO };
            let before = (server.cpu(), of_database());
            let answered = client.deliver_all(&server.url, Fault::None, (DELIVERIES, AT_ONCE), &[200]).await;
            if answered < DELIVERIES {
                println!("{name}: {} deliveries were not answered with 200", DELIVERIES - answered);
            }
            if round > 0 {
                taken.push(micros(server.cpu() - before.0));
                if *name == "postgres" {
                    database_taken.push(micros(of_database() - before.1));
                }
            }
        }
    }
    println!("CPU for one delivery, {AT_ONCE} at once");
    println!("{:<24} {:>8} {:>8}", "", "µs", "ratio");
    for ((name, _), figures) in servers.iter().zip(&taken) {
        let ratios = figures.iter().zip(&taken[0]).map(|(figure, bare)| figure / bare).collect();
        println!("{name:<24} {:>8.1} {:>8.2}", median(figures.clone()), median(ratios));
    }
    println!("{:<24} {:>8.1}", "the database itself", median(database_taken));
}

fn micros(taken: Duration) -> f64 {
    taken.as_secs_f64() * 1e6 / DELIVERIES as f64
}
