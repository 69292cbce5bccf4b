//! Vendors as the table has them: they take texts, lose some, bring the others to the phones, and report.

use super::scene::{self, Fault, Vendor};
use super::world::World;
use neon_sms_relay::domain::{Region, TextRef};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use sms_providers::{
    DeliveryStatus, FailureKind, Price, ProviderName, Report, SendError, SendReceipt, SmsMessage,
    SmsProvider, StatusUpdate, Subject,
};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// One vendor of the table, at work in one world.
pub struct Simulated {
    pub vendor: &'static Vendor,
    pub world: Arc<World>,
}

/// What becomes of a text.
enum Fate {
    Vanishes,
    FailsAfter(u64),
    ArrivesAfter(Duration),
}

#[async_trait::async_trait]
impl SmsProvider for Simulated {
    fn name(&self) -> ProviderName {
        self.vendor.name
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        let (vendor, world) = (self.vendor, &self.world);
        let mut luck = luck(vendor.letter, &message.idempotency_key);
        let country = Region::of(&message.to).map(|region| region.to_string()).unwrap_or_default();
        let minute = world.minute();
        tokio::time::sleep(millis(&mut luck, &vendor.accepts_in)).await;
        for fault in vendor.faults {
            match fault {
                Fault::Down(minutes) if minutes.contains(&minute) => {
                    return Err(SendError::new(FailureKind::Unavailable));
                }
                Fault::Refuses(there) if scene::hits(there, &country) => {
                    return Err(SendError::new(FailureKind::Unreachable));
                }
                _ => {}
            }
        }
        world.bill(&message.idempotency_key, vendor.micros);
        let fate = fate(vendor, &country, minute, &mut luck);
        let reports_after = millis(&mut luck, &vendor.reports_in);
        let (message, reporting) = (message.clone(), world.clone());
        world.tasks.spawn(async move {
            let status = match fate {
                Fate::Vanishes => return,
                Fate::FailsAfter(seconds) => {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    DeliveryStatus::Undelivered
                }
                Fate::ArrivesAfter(time) => {
                    tokio::time::sleep(time).await;
                    reporting.ring(message.to.as_e164(), message.body.expose());
                    tokio::time::sleep(reports_after).await;
                    DeliveryStatus::Delivered
                }
            };
            if message.callbacks.is_some() {
                report(vendor, &reporting, &message, status).await;
            }
        });
        Ok(SendReceipt::new(vendor.name, None))
    }
}

async fn report(vendor: &Vendor, world: &World, message: &SmsMessage, status: DeliveryStatus) {
    let Some(relay) = world.relay() else { return };
    let price = Price::from_micros(vendor.micros, "USD");
    let update = Some(StatusUpdate { price, ..StatusUpdate::new(status) });
    let report = Report { about: Subject::Address, message_id: None, word: None, update };
    relay.texting.reported(vendor.name, TextRef::parse(message.reference.as_str()), report).await;
}

fn fate(vendor: &Vendor, country: &str, minute: u64, luck: &mut SmallRng) -> Fate {
    let mut vanishes = luck.random_bool(vendor.loses);
    let mut fails = None;
    for fault in vendor.faults {
        match fault {
            Fault::Drops(there, share, from) if scene::hits(there, country) => {
                vanishes |= luck.random_bool(*share) && minute >= *from;
            }
            Fault::Fails(there, share, after) if scene::hits(there, country) => {
                fails = luck.random_bool(*share).then_some(*after);
            }
            _ => {}
        }
    }
    let slow = if luck.random_bool(0.05) { 3 } else { 1 };
    let time = millis(luck, &vendor.delivers_in) * slow;
    match fails {
        _ if vanishes => Fate::Vanishes,
        Some(seconds) => Fate::FailsAfter(seconds),
        None => Fate::ArrivesAfter(time),
    }
}

/// The same for the same text through the same vendor, whatever else happens on that day.
fn luck(vendor: &str, text: &str) -> SmallRng {
    let mut hasher = DefaultHasher::new();
    (vendor, text).hash(&mut hasher);
    SmallRng::seed_from_u64(hasher.finish())
}

fn millis(luck: &mut SmallRng, range: &Range<u64>) -> Duration {
    Duration::from_millis(luck.random_range(range.clone()))
}
