//! The provider of `neon-sms-relay dev`: every text ends on a page instead of a phone.
//!
//! It shows whole numbers and codes on purpose, keeps them in memory alone, and knows nothing of Neon.

pub(super) mod routes;

use super::feed::Feed;
use super::ring::Ring;
use crate::domain::Clock;
use serde::Serialize;
use sms_providers::{ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use std::sync::{Arc, Mutex, PoisonError};

/// Texts that are kept.
const CAPACITY: usize = 100;

/// Takes every text and shows it on the inbox page. Clones share one inbox.
#[derive(Clone)]
pub struct InboxProvider {
    clock: Arc<dyn Clock>,
    received: Arc<Mutex<Received>>,
    feed: Feed,
    tell: Arc<Tell>,
}

/// Hears of each text: its number and its words.
type Tell = dyn Fn(&str, &str) + Send + Sync;

struct Received {
    count: u64,
    messages: Ring<InboxMessage>,
}

/// A text as the page shows it.
#[derive(Clone, Serialize)]
pub(super) struct InboxMessage {
    id: String,
    to: String,
    body: String,
    at: String,
}

impl InboxProvider {
    /// An empty inbox.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::telling(clock, |_, _| {})
    }

    /// An empty inbox that also tells `tell` the number and the words of each text. It must not block.
    pub fn telling(clock: Arc<dyn Clock>, tell: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        let received = Received { count: 0, messages: Ring::new(CAPACITY) };
        Self { clock, received: Arc::new(Mutex::new(received)), feed: Feed::new(), tell: Arc::new(tell) }
    }

    /// What was received, newest first.
    pub(super) fn messages(&self) -> Vec<InboxMessage> {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.messages.iter().rev().cloned().collect()
    }

    /// The live feed of the page.
    pub(super) fn feed(&self) -> &Feed {
        &self.feed
    }

    fn receive(&self, message: &SmsMessage) -> String {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.count += 1;
        let id = format!("inbox-{}", received.count);
        let shown = InboxMessage {
            id: id.clone(),
            to: message.to.as_e164().to_owned(),
            body: message.body.expose().to_owned(),
            at: self.clock.now().to_rfc3339(),
        };
        self.feed.tell("sms", &shown);
        (self.tell)(&shown.to, &shown.body);
        received.messages.push(shown);
        id
    }
}

#[async_trait::async_trait]
impl SmsProvider for InboxProvider {
    fn name(&self) -> ProviderName {
        ProviderName::Inbox
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        Ok(SendReceipt::new(self.name(), Some(&self.receive(message))))
    }
}
