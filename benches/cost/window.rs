//! A million events, and what remembering the next ones costs once the oldest are forgotten.
//!
//! Time is simulated: the window is an hour of a million events, and three of them pass. Somebody delivers all the while
//! and takes the time, also while a purge runs.

use super::postgres_server::PostgresServer;
use super::process::{cpu_of, cpu_of_postgres, memory_of};
use neon_sms_relay::domain::{Accepted, Clock, EventId, HashKey, Reply, SystemClock, Timestamp};
use neon_sms_relay::store::{Claim, NewDelivery, Outcome, Store, Text, open};
use sms_providers::ProviderName;
use sms_providers::client::tls_config;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use uuid::Uuid;

const EVENTS: u64 = 1_000_000;
const WINDOW: Duration = Duration::from_secs(3600);
const AT_ONCE: usize = 64;
/// As often as the relay does.
const PURGES: u64 = 6;
const WINDOWS: u64 = 2;

/// Each store in a process of its own.
pub fn measure() {
    println!("{EVENTS} events in a window of an hour; three half windows after it is full");
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("relay.db").display());
    let database = PostgresServer::start();
    for (name, url) in [("memory", "memory:"), ("sqlite", &sqlite), ("postgres", &database.url())] {
        println!("{name}: purge   CPU µs  database µs   MB   worst ms   worst ms while purging");
        let mut command = Command::new(std::env::current_exe().unwrap());
        assert!(command.args(["remember", url]).status().unwrap().success());
    }
}

async fn deliver(store: &dyn Store, key: &HashKey, outcome: &Outcome, now: Timestamp) {
    let number = format!("+1{:010}", 2_020_000_000 + Uuid::new_v4().as_u64_pair().0 % 400_000_000);
    let id = EventId::new(&Uuid::new_v4().to_string()).unwrap();
    let delivery = NewDelivery {
        recipient: Some(key.recipient(&number.parse().unwrap())),
        ..NewDelivery::new(id, "send.otp")
    };
    let Claim::Acquired(lease) = store.claim(&delivery, now, Duration::from_secs(4)).await.unwrap() else {
        panic!("a new event is somebody else's")
    };
    store.finish(lease, outcome, now).await.unwrap();
}

/// Remembers events in this process, and prints a line for each purge.
pub fn remember(url: &str) {
    Runtime::new().unwrap().block_on(async {
        let store = open(url, tls_config().unwrap()).unwrap();
        let key = Arc::new(store.hash_key().await.unwrap());
        let begun = SystemClock.now();
        let place = Arc::new(AtomicU64::new(0));
        let at = move |place: u64| begun.plus(WINDOW.mul_f64(place as f64 / EVENTS as f64));
        let slice = EVENTS / PURGES;
        for purge in 1..=WINDOWS * PURGES + PURGES / 2 {
            let before = (cpu_of(std::process::id()), of_database(url));
            let end = purge * slice;
            let worst = remember_until(&store, &key, &place, end, at).await;
            let taken = (cpu_of(std::process::id()) - before.0, of_database(url) - before.1);
            // Goes on while it is purged.
            let purging = {
                let (store, now) = (store.clone(), at(end));
                async move {
                    store.purge(now.minus(WINDOW), now).await.unwrap();
                }
            };
            let deliveries = async {
                let (mut worst, mut purging) = (Duration::ZERO, std::pin::pin!(purging));
                loop {
                    let asked = Instant::now();
                    let one = async {
                        let outcome = outcome(at(end));
                        deliver(&*store, &key, &outcome, at(end)).await;
                    };
                    tokio::select! {
                        () = &mut purging => return worst,
                        () = one => worst = worst.max(asked.elapsed()),
                    }
                }
            };
            let worst_purging = deliveries.await;
            let micros = |taken: Duration| taken.as_secs_f64() * 1e6 / slice as f64;
            println!(
                "{purge:>8} {:>10.1} {:>10.1} {:>8.0} {:>8.1} {:>10.1}",
                micros(taken.0),
                micros(taken.1),
                memory_of(std::process::id()).0,
                worst.as_secs_f64() * 1e3,
                worst_purging.as_secs_f64() * 1e3,
            );
        }
    });
}

async fn remember_until(
    store: &Arc<dyn Store>,
    key: &Arc<HashKey>,
    place: &Arc<AtomicU64>,
    end: u64,
    at: impl Fn(u64) -> Timestamp + Copy + Send + 'static,
) -> Duration {
    let deliverers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (store, key, place) = (store.clone(), key.clone(), place.clone());
            tokio::runtime::Handle::current().spawn(async move {
                let mut worst = Duration::ZERO;
                loop {
                    let mine = place.fetch_add(1, Ordering::Relaxed);
                    if mine >= end {
                        return worst;
                    }
                    let asked = Instant::now();
                    deliver(&*store, &key, &outcome(at(mine)), at(mine)).await;
                    worst = worst.max(asked.elapsed());
                }
            })
        })
        .collect();
    let mut worst = Duration::ZERO;
    for deliverer in deliverers {
        worst = worst.max(deliverer.await.unwrap());
    }
    place.store(end, Ordering::Relaxed);
    worst
}

fn of_database(url: &str) -> Duration {
    if url.starts_with("postgres") { cpu_of_postgres(url) } else { Duration::ZERO }
}

fn outcome(now: Timestamp) -> Outcome {
    let message_id = Some(format!("SM{}", Uuid::new_v4().simple()));
    let text = Text {
        number: 1,
        provider: ProviderName::Twilio,
        verdict: Text::ACCEPTED.to_owned(),
        code: None,
        message_id: message_id.clone(),
        sent_at: now,
        elapsed_ms: 120,
        segments: Some(1),
        price: None,
    };
    let reply = Reply::Done(Some(Accepted { provider: ProviderName::Twilio, message_id }));
    Outcome { texts: vec![text], ..Outcome::of(reply) }
}
