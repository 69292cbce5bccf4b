//! What remembering costs: `claim` + `finish` of new events, 64 at once, for each kind of store.
//!
//! `cargo bench --bench store`; compare the lines of one run with each other, never with another run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that meets the unexpected should stop there"
)]

#[path = "../tests/postgres_server/mod.rs"]
mod postgres_server;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use neon_sms_relay::domain::{Accepted, Clock, EventId, Reply, SystemClock};
use neon_sms_relay::store::{Claim, DeliveryStore, Held, NewDelivery, Outcome, open};
use postgres_server::PostgresServer;
use sms_providers::ProviderName;
use sms_providers::client::tls_config;
use std::time::Duration;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Events at once.
const CONCURRENT: usize = 64;
/// Events one after the other, so that a batch does not end with each.
const ROUNDS: usize = 8;

async fn remember(store: &dyn DeliveryStore, outcome: &Outcome) {
    for _ in 0..ROUNDS {
        let id = EventId::new(&Uuid::new_v4().to_string()).unwrap();
        let delivery = NewDelivery::new(id, "send.otp");
        let now = SystemClock.now();
        let Claim::Acquired(lease) = store.claim(&delivery, now, Duration::from_secs(4)).await.unwrap()
        else {
            panic!("a new event is somebody else's")
        };
        assert_eq!(store.finish(lease, outcome, now).await.unwrap(), Held::Yes);
    }
}

fn stores(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("store.db").display());
    let server = PostgresServer::start();
    let accepted = Accepted { provider: ProviderName::Twilio, message_id: Some("SM1".to_owned()) };
    let outcome = Outcome::of(Reply::Done(Some(accepted)));
    let mut group = criterion.benchmark_group("claim and finish");
    group.throughput(Throughput::Elements((CONCURRENT * ROUNDS) as u64)).sample_size(20);
    for (name, url) in [("memory", "memory:"), ("sqlite", &sqlite), ("postgres", &server.url())] {
        let store = runtime.block_on(async { open(url, tls_config().unwrap()).unwrap() });
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter(|| async {
                let events = (0..CONCURRENT).map(|_| remember(&*store, &outcome));
                futures_util::future::join_all(events).await
            });
        });
    }
    group.finish();
}

criterion_group!(benches, stores);
criterion_main!(benches);
