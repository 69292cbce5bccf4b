//! What happens beside the codes: events for the app, prefixes that are closed, and the two weeks before.

use super::scene::COUNTRIES;
use super::{DAY, Day, ENDPOINT, LEASE, id};
use neon_sms_relay::domain::{EndpointId, RefuseReason, Reply, Timestamp};
use neon_sms_relay::store::{Closing, NewDelivery, NewItem, Next, Outcome, Tally, Whose};
use rand::RngExt;
use rand::rngs::SmallRng;
use std::time::Duration;

impl Day<'_> {
    /// An event that the app is to have; it took all but those of the last hour, and three that were given up.
    pub(super) async fn for_the_app(&self, index: usize, at: Timestamp, luck: &mut SmallRng) {
        let types = ["user.created", "phone_number.verified", "organization.invitation.created"];
        let event_type = types[luck.random_range(0..types.len())];
        let new =
            NewDelivery { endpoint: EndpointId::new(ENDPOINT), ..NewDelivery::new(id(index), event_type) };
        let lease = self.claim(&new, at).await;
        let waits = self.now.since(at) < Duration::from_secs(3600);
        let dead = index.is_multiple_of(7);
        let item = NewItem {
            event_type: event_type.to_owned(),
            endpoint: new.endpoint.clone(),
            lane: format!("lane {index}"),
            sealed: vec![0; 64],
            queued_at: at,
            give_up_at: at.plus(DAY),
        };
        let queued = (waits || dead).then_some(item);
        self.store.finish(lease, &Outcome { queued, ..Outcome::of(Reply::Done(None)) }, at).await.unwrap();
    }

    /// What the app said to all that wait: it is down, and the oldest were given up.
    pub(super) async fn app_fails(&self) {
        let taken = self.store.take_due(self.now, LEASE, 10_000, Whose::default()).await.unwrap();
        for item in taken.items {
            let next = match self.now.plus(DAY).since(item.give_up_at) {
                waits if waits > Duration::from_secs(3600) => Next::Dead(self.now),
                _ => Next::At(self.now.plus(Duration::from_secs(40))),
            };
            self.store.failed(&item, "it answers 503", next).await.unwrap();
        }
    }

    /// What a rule closed where somebody is paid for texts, and what somebody closed by hand.
    pub(super) async fn closings(&self) {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let (rule, hand) = ("prefix".to_owned(), "blocked".to_owned());
        let since = self.now.minus(hours(7));
        let pumped = COUNTRIES.iter().find(|country| country.iso == "CI").unwrap();
        self.tally(since, "guard_unverified", pumped, "u", 410);
        for closing in [
            Closing {
                prefix: "22507070".to_owned(),
                reason: rule,
                since,
                until: Some(self.now.plus(hours(5))),
                by: "guard".to_owned(),
            },
            Closing {
                prefix: "225".to_owned(),
                reason: hand,
                since: self.now.minus(hours(3)),
                until: None,
                by: "ann".to_owned(),
            },
        ] {
            self.store.close(&closing).await.unwrap();
        }
    }

    pub(super) async fn declined(&self, index: usize, at: Timestamp) {
        let new = NewDelivery {
            endpoint: EndpointId::new(ENDPOINT),
            ..NewDelivery::new(id(index), "send.magic_link")
        };
        let lease = self.claim(&new, at).await;
        let outcome = Outcome::of(Reply::Refused(RefuseReason::NoDeliveryChannel));
        self.store.finish(lease, &outcome, at).await.unwrap();
    }

    /// The two weeks before, on which all went as it should.
    pub(super) fn history(&self, events: usize) {
        let hour = Tally::hour_of(self.now);
        for country in &COUNTRIES {
            let codes = (events * country.percent / 100 / 24).max(1) as i64;
            for (vendor, share) in [("twilio", country.usual), ("vonage", 90)] {
                for hour in hour - 14 * 24..hour - 24 {
                    let at = Timestamp::from_millis(hour * 3_600_000);
                    let ended = if vendor == "twilio" { codes } else { (codes / 10).max(1) };
                    self.tally(at, "first_ended", country, vendor, ended * 100);
                    self.tally(at, "first_verified", country, vendor, ended * share);
                }
            }
        }
    }
}
