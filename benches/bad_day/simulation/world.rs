//! What vendors and users share: the time, the phones, and the bill.

use neon_sms_relay::domain::{Clock, Timestamp};
use neon_sms_relay::relay::Relay;
use neon_sms_relay::tasks::Tasks;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

/// The midnight at which the day begins: 2026-06-15, UTC.
pub const MIDNIGHT: Timestamp = Timestamp::from_millis(1_781_481_600_000);

/// Shows the time of the day that tokio's clock has come to.
#[derive(Clone, Copy)]
pub struct DayClock {
    midnight: Instant,
}

impl DayClock {
    /// It is midnight.
    pub fn start() -> Self {
        Self { midnight: Instant::now() }
    }

    /// When it is so long after midnight.
    pub fn at(&self, since_midnight: Duration) -> Instant {
        self.midnight + since_midnight
    }
}

impl Clock for DayClock {
    fn now(&self) -> Timestamp {
        MIDNIGHT.plus(self.midnight.elapsed())
    }
}

/// One day of one way to send.
pub struct World {
    pub clock: DayClock,
    pub tasks: Tasks,
    relay: OnceLock<Weak<Relay>>,
    phones: Mutex<HashMap<String, UnboundedSender<String>>>,
    bill: Mutex<Bill>,
}

/// What vendors took.
#[derive(Default)]
pub struct Bill {
    /// How many texts.
    pub texts: usize,
    /// For how much, in millionths of a dollar.
    pub micros: i64,
    by_event: HashMap<String, u8>,
}

impl World {
    /// An empty one, at midnight.
    pub fn new(tasks: Tasks) -> Self {
        let (relay, phones, bill) = Default::default();
        Self { clock: DayClock::start(), tasks, relay, phones, bill }
    }

    /// Tells the vendors whom to report to.
    pub fn knows(&self, relay: &Arc<Relay>) {
        let _ = self.relay.set(Arc::downgrade(relay));
    }

    /// Whom vendors report to.
    pub fn relay(&self) -> Option<Arc<Relay>> {
        self.relay.get()?.upgrade()
    }

    /// The minute of the day.
    pub fn minute(&self) -> u64 {
        self.clock.now().since(MIDNIGHT).as_secs() / 60
    }

    /// Switches a phone on; returns the texts that it gets.
    pub fn phone(&self, number: &str) -> UnboundedReceiver<String> {
        let (sender, texts) = unbounded_channel();
        self.phones.lock().unwrap().insert(number.to_owned(), sender);
        texts
    }

    /// Switches a phone off.
    pub fn off(&self, number: &str) {
        self.phones.lock().unwrap().remove(number);
    }

    /// Brings a text to a phone.
    pub fn ring(&self, number: &str, text: &str) {
        if let Some(phone) = self.phones.lock().unwrap().get(number) {
            let _ = phone.send(text.to_owned());
        }
    }

    /// Charges a text, known by its idempotency key: the event's id and the number of the request.
    pub fn bill(&self, key: &str, micros: i64) {
        let event = key.rsplit_once('-').map_or(key, |(event, _)| event);
        let mut bill = self.bill.lock().unwrap();
        (bill.texts, bill.micros) = (bill.texts + 1, bill.micros + micros);
        *bill.by_event.entry(event.to_owned()).or_default() += 1;
    }

    /// What was charged.
    pub fn charged(&self) -> Bill {
        std::mem::take(&mut *self.bill.lock().unwrap())
    }
}

impl Bill {
    /// The most texts that one event led to.
    pub fn most_by_event(&self) -> u8 {
        self.by_event.values().copied().max().unwrap_or_default()
    }
}
