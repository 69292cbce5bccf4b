//! How the databases find what is looked for.

use crate::opened::{Home, now};
use crate::paging::write;
use neon_sms_relay::domain::{DeliveryRef, EventId, Region};
use neon_sms_relay::store::browse::{Filter, Place, State};
use neon_sms_relay::store::texts::Only;
use neon_sms_relay::store::{Browse, browse};
use sms_providers::ProviderName;
use sms_providers::client::tls_config;
use std::sync::Arc;

/// Each filter by itself, and the index that it may not do without. A number is looked for in all that is kept: an index by
/// hashes would cost each code a page.
fn filters() -> Vec<(Filter, &'static str)> {
    let any = Filter::default;
    let state = |state| Filter { state: Some(state), ..any() };
    vec![
        (any(), "deliveries_by_age"),
        (Filter { since: Some(now()), ..any() }, "deliveries_by_age"),
        (Filter { region: Region::from_iso("FR"), ..any() }, "deliveries_by_region"),
        (Filter { event_type: Some("user.created".to_owned()), ..any() }, "deliveries_by_type"),
        (Filter { event_type: Some("send.otp".to_owned()), ..any() }, "deliveries_by_age"),
        (Filter { provider: Some(ProviderName::Vonage), ..any() }, "deliveries_by_age"),
        (Filter { reference: Some(DeliveryRef::random()), ..any() }, "deliver"),
        (state(State::Ended(Only::Refused)), "deliveries_refused"),
        (state(State::Ended(Only::Failed)), "deliveries_by_age"),
        (state(State::Ended(Only::Unverified(now()))), "deliveries_by_age"),
        (state(State::Waiting(now())), "deliveries_by_age"),
        (state(State::Verified), "deliveries_by_age"),
    ]
}

async fn plans(log: &Arc<dyn Browse>) -> Vec<(String, &'static str, String)> {
    let place = Place { came_at: now(), event: EventId::new("e").unwrap() };
    let mut plans = Vec::new();
    for (filter, index) in filters() {
        for behind in [None, Some(&place)] {
            let plan = log.plan(&filter, behind).await.unwrap().join("\n");
            plans.push((format!("{filter:?}, {behind:?}"), index, plan));
        }
    }
    plans
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_searched_by_an_index_for_each_filter_and_never_sorted() {
    let home = Home::new();
    write(&*home.store(), 100, now()).await;
    for (filter, index, plan) in plans(&browse(&home.url(), tls_config().unwrap()).unwrap()).await {
        let scans =
            plan.lines().filter(|line| line.contains("SCAN")).all(|line| line.contains("USING INDEX"));
        assert!(plan.contains(index) || plan.contains("autoindex"), "{filter}\n{plan}");
        assert!(scans && !plan.contains("TEMP B-TREE"), "{filter}\n{plan}");
    }
}

/// Holds the plans of a database of ten thousand deliveries to their indexes.
pub async fn a_database_is_searched_by_an_index(url: &str) {
    analyze(url).await;
    for (filter, index, plan) in plans(&browse(url, tls_config().unwrap()).unwrap()).await {
        assert!(plan.contains(index), "{filter}\n{plan}");
        assert!(!plan.contains("Seq Scan on neon_sms_relay_deliveries"), "{filter}\n{plan}");
    }
}

/// Lets most users get in, and tells the planner what is there, as the database itself does from time to time.
async fn analyze(url: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let verify =
        "UPDATE neon_sms_relay_deliveries SET verified_at = first_claimed_at WHERE event_id < 'e00900'";
    let analyzing = async move { client.batch_execute(&format!("{verify}; ANALYZE")).await.unwrap() };
    let (connection, ()) = tokio::join!(connection, analyzing);
    connection.unwrap();
}
