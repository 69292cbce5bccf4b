//! The provider of `neon-sms-relay dev`: every text ends on a page instead of a phone.
//!
//! It shows whole numbers and codes on purpose, keeps them in memory alone, and knows nothing of Neon.

mod expected;
mod reports;
pub(super) mod routes;

use super::faults::{Faults, Reported, VendorAnswer};
use super::feed::Feed;
use super::ring::Ring;
use crate::domain::{Clock, Timestamp};
use crate::tasks::Tasks;
use expected::Expected;
use reports::Reports;
use serde::Serialize;
use sms_providers::{
    FailureKind, ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider, StatusCallback,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Texts that are kept.
const CAPACITY: usize = 100;
/// Longer than anybody waits for a vendor.
const NEVER: Duration = Duration::from_secs(60);

/// Takes every text and shows it on the inbox page. Clones share one inbox.
#[derive(Clone)]
pub struct InboxProvider {
    clock: Arc<dyn Clock>,
    received: Arc<Mutex<Received>>,
    arrivals: watch::Sender<u64>,
    feed: Feed,
    faults: Faults,
    reports: Reports,
    tell: Arc<Tell>,
}

/// Hears of each text: its number and its words.
type Tell = dyn Fn(&str, &str) + Send + Sync;

struct Received {
    messages: Ring<InboxMessage>,
    expected: Expected,
}

/// A text as the page and the tests see it.
#[derive(Clone, Serialize)]
pub(super) struct InboxMessage {
    id: String,
    to: String,
    body: String,
    code: Option<String>,
    event_id: Option<String>,
    provider: &'static str,
    at: String,
    #[serde(skip)]
    number: u64,
    #[serde(skip)]
    received_at: Timestamp,
}

/// Which texts are asked for.
#[derive(Default)]
pub(super) struct Wanted {
    /// To this number.
    pub to: Option<String>,
    /// Received after this moment.
    pub since: Option<Timestamp>,
    /// Received after the text of this id.
    pub after: Option<u64>,
}

impl Wanted {
    fn fits(&self, message: &InboxMessage) -> bool {
        self.to.as_ref().is_none_or(|to| *to == message.to)
            && self.since.is_none_or(|since| message.received_at > since)
            && self.after.is_none_or(|after| message.number > after)
    }
}

impl InboxProvider {
    /// An empty inbox.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::telling(clock, |_, _| {})
    }

    /// An empty inbox that also tells `tell` the number and the words of each text. It must not block.
    pub fn telling(clock: Arc<dyn Clock>, tell: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        let received = Received { messages: Ring::new(CAPACITY), expected: Expected::new() };
        let feed = Feed::new();
        Self {
            clock,
            received: Arc::new(Mutex::new(received)),
            arrivals: watch::Sender::new(0),
            faults: Faults::none(feed.clone()),
            feed,
            reports: Reports::new(),
            tell: Arc::new(tell),
        }
    }

    /// The texts that are wanted, newest first.
    pub(super) fn messages(&self, wanted: &Wanted) -> Vec<InboxMessage> {
        self.received().messages.iter().rev().filter(|message| wanted.fits(message)).cloned().collect()
    }

    /// The newest text that is wanted; one that comes while it waits counts too.
    pub(super) async fn newest(&self, wanted: &Wanted, patience: Duration) -> Option<InboxMessage> {
        let mut arrivals = self.arrivals.subscribe();
        let come = async {
            loop {
                arrivals.mark_unchanged();
                if let Some(message) = self.messages(wanted).into_iter().next() {
                    return Some(message);
                }
                arrivals.changed().await.ok()?;
            }
        };
        tokio::time::timeout(patience, come).await.ok().flatten()
    }

    /// Says which event a text with this code to this number will be of.
    pub(super) fn expect(&self, number: &str, code: &str, event_id: &str) {
        self.received().expected.add(number, code, event_id);
    }

    /// Forgets every text. What comes later has later ids.
    pub(super) fn forget(&self) {
        let mut received = self.received();
        received.messages = Ring::new(CAPACITY);
        self.feed.tell("forgotten", &"texts");
    }

    /// Tells reports of this inbox from anybody's.
    pub fn report_verifier(&self) -> Arc<dyn StatusCallback> {
        Arc::new(self.reports.clone())
    }

    /// Lets it report to the relay.
    pub(super) fn report_by(&self, http: reqwest::Client, tasks: Tasks) {
        self.reports.send_by(http, tasks);
    }

    /// The live feed of the page.
    pub(super) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// What goes wrong next.
    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    fn receive(&self, message: &SmsMessage) -> String {
        let mut received = self.received();
        let number = *self.arrivals.borrow() + 1;
        let (to, body) = (message.to.as_e164().to_owned(), message.body.expose().to_owned());
        let (code, event_id) = received.expected.of(&to, &body);
        let now = self.clock.now();
        let shown = InboxMessage {
            id: format!("inbox-{number}"),
            to,
            body,
            code,
            event_id,
            provider: ProviderName::Inbox.as_str(),
            at: now.to_rfc3339(),
            number,
            received_at: now,
        };
        self.feed.tell("sms", &shown);
        (self.tell)(&shown.to, &shown.body);
        let id = shown.id.clone();
        received.messages.push(shown);
        self.arrivals.send_replace(number);
        id
    }

    fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl SmsProvider for InboxProvider {
    fn name(&self) -> ProviderName {
        ProviderName::Inbox
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        let fault = self.faults.next_text();
        if let Some(fault) = &fault {
            tokio::time::sleep(fault.delay()).await;
        }
        let (answer, report) = fault.map_or((None, None), |fault| (fault.kind, fault.report));
        if let Some(kind) = answer.and_then(VendorAnswer::failure) {
            return Err(SendError::new(kind));
        }
        match answer {
            Some(VendorAnswer::Timeout) => {
                tokio::time::sleep(NEVER).await;
                Err(SendError::new(FailureKind::Unknown))
            }
            Some(VendorAnswer::Silent) => Ok(SendReceipt::new(self.name(), Some("inbox-silent"))),
            _ => {
                if let Some(report) = report {
                    self.reports.report(message, report);
                }
                let arrives = report.is_none_or(Reported::arrives);
                let id = if arrives { self.receive(message) } else { "inbox-lost".to_owned() };
                Ok(SendReceipt::new(self.name(), Some(&id)))
            }
        }
    }
}
