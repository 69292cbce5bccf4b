//! Ten thousand deliveries, page by page.

use crate::opened::{Home, Studio, links, now, store};
use crate::plans::a_database_is_searched_by_an_index;
use crate::postgres_server::PostgresServer;
use futures_util::{StreamExt, stream};
use neon_sms_relay::domain::{EventId, Recipient, Region, Reply, Timestamp};
use neon_sms_relay::store::browse::{Filter, Place};
use neon_sms_relay::store::{Claim, NewDelivery, Outcome, Store, Text, browse};
use sms_providers::ProviderName;
use sms_providers::client::tls_config;
use std::collections::BTreeSet;
use std::time::Duration;

/// So many deliveries: one in a hundred to France, through Vonage, of another type, or refused.
pub async fn write(store: &dyn Store, count: usize, now: Timestamp) {
    stream::iter(0..count)
        .for_each_concurrent(256, async |index| {
            let is = |nth: usize| index % 100 == nth;
            // Some came in the same millisecond.
            let at = now.minus(Duration::from_millis((index as u64 / 3) * 2000));
            let event_type = if is(1) { "user.created" } else { "send.otp" };
            let new = NewDelivery {
                recipient: Some(Recipient { hash: format!("{index:064}").into(), last_two: "23".to_owned() }),
                region: Region::from_iso(if is(2) { "FR" } else { "US" }),
                expires_at: Some(at.plus(Duration::from_secs(300))),
                ..NewDelivery::new(EventId::new(&format!("e{index:05}")).unwrap(), event_type)
            };
            let Claim::Acquired(lease) = store.claim(&new, at, Duration::from_secs(9)).await.unwrap() else {
                panic!("not acquired")
            };
            let verdict = if is(4) { "unavailable" } else { Text::ACCEPTED };
            let text = Text {
                number: 1,
                provider: if is(3) { ProviderName::Vonage } else { ProviderName::Twilio },
                verdict: verdict.to_owned(),
                code: None,
                message_id: None,
                sent_at: at,
                elapsed_ms: 100,
                segments: None,
                price: None,
            };
            let refused = is(5).then(|| r#"{"outcome":"refused","rules":["prefix"]}"#.to_owned());
            let texts = if is(5) || is(1) { Vec::new() } else { vec![text] };
            let outcome = Outcome { texts, decision: refused, ..Outcome::of(Reply::Done(None)) };
            store.finish(lease, &outcome, at).await.unwrap();
        })
        .await;
}

const ALL: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_deliveries_are_walked_through_and_each_is_seen_once() {
    let home = Home::new();
    write(&*home.store(), ALL, now()).await;
    walk(&home.url()).await;

    let studio = Studio::over(&home.url()).await;
    let (mut address, mut seen) = ("/deliveries".to_owned(), BTreeSet::new());
    for page in 1..=8 {
        let shown = studio.page(&address).await;
        let rows = shown.split("role=\"row\" id=\"d").skip(1).map(|row| row[..32].to_owned());
        seen.extend(rows);
        assert_eq!(seen.len(), page * 50, "{address}");
        address = links(&shown).into_iter().find(|link| link.contains("behind=")).unwrap();
    }
    let last = studio.page("/deliveries?region=FR&state=refused").await;
    assert!(last.contains("No delivery was refused by the limits."), "{last}");
    for (query, rows) in [
        ("vendor=vonage", 50),
        ("type=user.created", 50),
        ("state=failed&since=1h", 50),
        ("region=FR&type=user.created", 0),
    ] {
        let shown = studio.page(&format!("/deliveries?{query}")).await;
        assert_eq!(shown.matches("role=\"row\" id=\"d").count(), rows, "{query}");
    }
}

async fn walk(url: &str) {
    let log = browse(url, tls_config().unwrap()).unwrap();
    let (mut behind, mut seen): (Option<Place>, Vec<_>) = (None, Vec::new());
    loop {
        let page = log.page(&Filter::default(), behind.as_ref(), 500).await.unwrap();
        let Some(last) = page.last() else { break };
        behind = Some(Place { came_at: last.came_at, event: last.event.clone() });
        seen.extend(page.into_iter().map(|delivery| (delivery.came_at, delivery.event.as_str().to_owned())));
    }
    assert_eq!(seen.len(), ALL);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "the newest first, and each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_walked_through_as_well_and_searched_by_an_index_for_each_filter() {
    if std::env::var_os("TEST_SKIP_POSTGRES").is_some() {
        return;
    }
    let server = PostgresServer::start();
    write(&*store(&server.url()), ALL / 10, now()).await;
    tenfold(&server.url()).await;
    walk(&server.url()).await;
    let studio = Studio::over(&server.url()).await;
    for (query, rows) in
        [("region=FR", 50), ("vendor=vonage", 50), ("state=refused", 50), ("type=user.created", 50)]
    {
        let shown = studio.page(&format!("/deliveries?{query}")).await;
        assert_eq!(shown.matches("role=\"row\" id=\"d").count(), 50.min(rows), "{query}");
    }
    assert!(studio.page("/").await.contains("Store: PostgreSQL."));
    a_database_is_searched_by_an_index(&server.url()).await;
}

/// Copies all that is there nine times, into the past.
async fn tenfold(url: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let copy = "
        INSERT INTO neon_sms_relay_deliveries
        SELECT (jsonb_populate_record(d, jsonb_build_object('event_id', d.event_id || '-' || n,
            'delivery_ref', md5(d.delivery_ref || n), 'first_claimed_at', d.first_claimed_at - n * 2000000))).*
        FROM neon_sms_relay_deliveries AS d, generate_series(1, 9) AS n;
        INSERT INTO neon_sms_relay_texts
        SELECT (jsonb_populate_record(t, jsonb_build_object('delivery_ref', md5(t.delivery_ref || n)))).*
        FROM neon_sms_relay_texts AS t, generate_series(1, 9) AS n";
    let copying = async move { client.batch_execute(copy).await.unwrap() };
    let (connection, ()) = tokio::join!(connection, copying);
    connection.unwrap();
}
