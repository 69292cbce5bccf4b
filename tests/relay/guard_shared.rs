//! What several servers share of the guard, and what a restart or a lost answer leaves of it.

use crate::guard::{code_for, relay_over};
use crate::harness::{ENDPOINT, NUMBER};
use crate::plugged::relay_on_a_plugged_store;
use crate::postgres_server::PostgresServer;
use neon_sms_relay::store::Tallies;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_no_count() {
    let folder = tempfile::tempdir().unwrap();
    let store_url = format!("sqlite://{}/relay.db", folder.path().display());
    let vars = [("SMS_DAILY_LIMIT", "2")];
    let relay = relay_over(&store_url, &vars).await;
    for number in ["+4915112345678", "+4917087654321"] {
        assert_eq!(relay.deliver(&code_for(number)).await.status, 200, "{number}");
    }
    // Counts are written once a second, and what is left at the stop.
    relay.stopped().await;
    let relay = relay_over(&store_url, &vars).await;
    assert_eq!(relay.deliver(&code_for("+4915112345678")).await.error().0, 422);
    assert_eq!(relay.deliver(&code_for("+14155550123")).await.error(), (422, "spend_limit".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_whose_writing_was_not_confirmed_count_once() {
    let (relay, store) = relay_on_a_plugged_store(&[("GUARD", "enforce")]).await;
    store.lose_answers(&["tally"]);
    assert_eq!(relay.deliver(&code_for(NUMBER)).await.status, 200);
    store.wait_for_refusals(3).await;
    store.lose_answers(&[]);
    relay.stopped().await;
    let tallies = store.store.tallies(0).await.unwrap();
    let texts: Vec<_> = tallies.iter().filter(|tally| tally.kind == "guard_texts").collect();
    assert_eq!(texts.iter().map(|tally| tally.count).sum::<i64>(), 1, "{texts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_events_for_one_number_at_three_instances_exactly_the_allowed_ones_are_texts() {
    if std::env::var_os("TEST_SKIP_POSTGRES").is_some() {
        return;
    }
    let database = PostgresServer::start();
    // A machine that is too slow for a thousand at once is no reason to count by memory.
    let vars = [("GUARD_NUMBER_PAUSE_SECONDS", "0"), ("MAX_IN_FLIGHT", "1000"), ("STORE_FAILURE", "refuse")];
    let mut relays = Vec::new();
    for _ in 0..3 {
        relays.push(relay_over(&database.url(), &vars).await);
    }
    // Until every one of them has its answer, as Neon does, and more patiently.
    let deliver = async |index: usize| {
        let body = code_for(NUMBER);
        assert_eq!(body["context"]["endpoint_id"], ENDPOINT);
        loop {
            let request = relays[index % 3].request(&body).timeout(Duration::from_secs(120));
            let status = crate::harness::send(request).await.status.as_u16();
            if status != 503 {
                return status;
            }
        }
    };
    let answers = futures_util::future::join_all((0..1000).map(deliver)).await;
    let count = |status| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((count(200), count(422)), (5, 995));
    assert_eq!(relays.iter().map(|relay| relay.stub.sent().len()).sum::<usize>(), 5);
}
