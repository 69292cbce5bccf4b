//! What every store promises to somebody who looks at its deliveries.

use crate::Home;
use crate::suite::{LEASE, NOW, after, event, text};
use crate::texts::finish;
use ProviderName::Twilio;
use neon_sms_relay::domain::TextRef;
use neon_sms_relay::store::Text;
use neon_sms_relay::store::texts::{About, Only, Query, Report};
use sms_providers::{DeliveryStatus, ProviderName};
use std::time::Duration;

pub async fn deliveries_are_walked_through_and_found_by_what_changed(home: &Home) {
    let store = home.open();
    let first = finish(&*store, "b", NOW, vec![text(1, Twilio, Text::ACCEPTED)]).await;
    for id in ["c", "a"] {
        finish(&*store, id, NOW, vec![text(1, Twilio, "bad_recipient")]).await;
    }
    finish(&*store, "later", after(LEASE), Vec::new()).await;
    let found = async |query: Query| {
        let found = store.deliveries(&query, 2).await.unwrap();
        found.into_iter().map(|delivery| delivery.event.as_str().to_owned()).collect::<Vec<_>>()
    };
    let behind =
        |at, id: Option<&str>| Query { after: Some((at, id.map(|id| event(id).id))), ..Query::default() };
    assert_eq!(found(behind(NOW, None)).await, ["a", "b"], "the first ones, by their ids");
    assert_eq!(found(behind(NOW, Some("b"))).await, ["c", "later"]);
    assert_eq!(found(behind(after(LEASE), Some("later"))).await, [""; 0]);

    let changed = |since, only| Query { changed_since: Some(since), only, ..Query::default() };
    let an_hour_later = after(Duration::from_secs(3600));
    assert_eq!(found(changed(after(LEASE), None)).await, ["later"]);
    assert_eq!(found(changed(an_hour_later, None)).await, [""; 0]);
    let (unverified, dies) = (Some(Only::Unverified(an_hour_later)), NOW.plus(Duration::from_secs(300)));
    assert_eq!(found(changed(dies, unverified)).await, ["b"], "its code died");
    assert_eq!(found(changed(dies.plus(LEASE), unverified)).await, [""; 0]);
    let text = About::Text(TextRef { delivery: first.delivery_ref, number: 1 }, Twilio);
    let arrived = Report { status: Some(DeliveryStatus::Delivered), ..Report::default() };
    store.report(&text, &arrived, an_hour_later).await.unwrap();
    assert_eq!(found(changed(an_hour_later, None)).await, ["b"], "a report");
}
