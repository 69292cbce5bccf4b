//! What became of each text after its event was answered: reports, further texts, and the user's success.
//!
//! A text is first written down with its event's outcome ([`DeliveryStore::finish`](super::DeliveryStore::finish));
//! a report that comes earlier makes the row, and the outcome fills it in.

use super::StoreError;
pub use super::resend::{Resend, Why};
use crate::domain::{DeliveryRef, EndpointId, EventId, Region, TextRef, TextStatus, Timestamp};
use sms_providers::{DeliveryStatus, Price, ProviderName};
use std::time::Duration;

/// Keeps texts, and what is learnt of them.
#[async_trait::async_trait]
pub trait TextLog: Send + Sync {
    /// Records what a provider reports of a text.
    async fn report(&self, about: &About, report: &Report, now: Timestamp) -> Result<Reported, StoreError>;

    /// Texts that were reported as failed at `since` or later, and that another one may make good; the latest
    /// `limit` of them, so that whoever looks often enough sees each.
    async fn failures(&self, since: Timestamp, limit: u32) -> Result<Vec<Failure>, StoreError>;

    /// Counts one more possible text of a delivery ahead, in place of the one that `why` names, and keeps numbers for
    /// so many `requests`.
    ///
    /// `None` if it is too late: the user got in, a text arrived, a later text or a newer code exists or another one
    /// is on its way, a report says that no text would make it good, the event is not finished or forgotten, or
    /// `max_sends` are reached.
    async fn begin_resend(
        &self,
        failed: &TextRef,
        why: Why,
        requests: u8,
        max_sends: u8,
    ) -> Result<Option<Resend>, StoreError>;

    /// Records the requests of a resend, once; one that surely produced no text gives its count back.
    async fn record_resend(
        &self,
        delivery: &DeliveryRef,
        resend: Resend,
        texts: &[Text],
        may_have_sent: bool,
    ) -> Result<(), StoreError>;

    /// The number of this hash was verified: its latest code, if it was alive at `alive_at`, led to it, and what
    /// counts against the number is cleared. `None` if no code of ours did, or it is known already.
    async fn verified(
        &self,
        recipient_hash: &str,
        alive_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Verified>, StoreError>;

    /// Deliveries with their texts, the oldest first: the latest `limit` of them, or the first ones behind
    /// [`Query::after`].
    async fn deliveries(&self, query: &Query, limit: u32) -> Result<Vec<Delivery>, StoreError>;
}

/// One request to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Which request about its delivery, from 1.
    pub number: u8,
    /// Who was asked.
    pub provider: ProviderName,
    /// `accepted`, or the kind of the failure.
    pub verdict: String,
    /// The provider's error code.
    pub code: Option<String>,
    /// The provider's id of the text.
    pub message_id: Option<String>,
    /// When it was written.
    pub sent_at: Timestamp,
    /// How long the answer took, in milliseconds.
    pub elapsed_ms: u32,
    /// How many parts the text has, if the provider says so.
    pub segments: Option<u8>,
    /// What it costs, if the provider says so.
    pub price: Option<Price>,
}

impl Text {
    /// The verdict of a text that was taken.
    pub const ACCEPTED: &'static str = "accepted";
    /// The verdict of a text of which nobody knows whether it was taken.
    pub const UNKNOWN: &'static str = "unknown";

    /// Whether the provider took it.
    pub fn is_accepted(&self) -> bool {
        self.verdict == Self::ACCEPTED
    }
}

/// Which text a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The one of this reference, if this provider was asked.
    Text(TextRef, ProviderName),
    /// The one that MessageBird knows by this id: it is the only one that repeats nothing else.
    Message(String),
}

/// What a provider reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What became of the text; `None` if nobody knows the provider's word for it.
    pub status: Option<DeliveryStatus>,
    /// The provider's word, where nobody knows it.
    pub word: Option<String>,
    /// The provider's code of a failure.
    pub code: Option<String>,
    /// Whether another text may make it good.
    pub again: Option<Again>,
    /// How many parts the text has.
    pub segments: Option<u8>,
    /// What it cost.
    pub price: Option<Price>,
}

/// What may make a failed text good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// How much of the code's life has to be left.
    pub life: Duration,
    /// Whether the same provider may do better the next time.
    pub transient: bool,
}

/// What a report changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// The status rose.
    Raised(ReportedText),
    /// It was lower than, or equal to, what is known; or a word that says nothing was kept.
    Unchanged,
    /// There is no such text.
    NotFound,
}

/// The text that a report raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedText {
    /// Which one.
    pub text: TextRef,
    /// Where it went.
    pub region: Option<Region>,
    /// Who sent it, and when; `None` if the report came before the send's own answer was written down.
    pub sent: Option<(ProviderName, Timestamp)>,
}

/// A text that another one may make good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which one.
    pub text: TextRef,
    /// Who was asked.
    pub provider: ProviderName,
    /// What may make it good.
    pub again: Again,
}

/// The text that led to a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Which one.
    pub text: TextRef,
    /// Who sent it.
    pub provider: ProviderName,
    /// The provider's id of it.
    pub message_id: Option<String>,
    /// Where it went.
    pub region: Option<Region>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When the first text of its delivery was.
    pub first_sent_at: Timestamp,
    /// Whether no other text of its delivery may have left.
    pub alone: bool,
    /// Whether the number belonged to a user when the code was sent.
    pub linked: bool,
    /// When the number was texted since it had last been verified; the oldest first.
    pub cleared: Vec<Timestamp>,
    /// When that was.
    pub verified_before: Option<Timestamp>,
}

/// Which deliveries are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The one of this event.
    pub event: Option<EventId>,
    /// Those to the number of this hash.
    pub recipient_hash: Option<String>,
    /// Those that came at this time or later.
    pub since: Option<Timestamp>,
    /// Those that came before this time.
    pub before: Option<Timestamp>,
    /// Those behind this one, in the order of their times and ids; without an id, all of that time and later.
    pub after: Option<(Timestamp, Option<EventId>)>,
    /// Those of which anything was learnt at this time or later.
    pub changed_since: Option<Timestamp>,
    /// Those that ended in a certain way.
    pub only: Option<Only>,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// No text was taken, or the last report is of a failure.
    Failed,
    /// A text was taken, the code is dead at this time, and nobody got in.
    Unverified(Timestamp),
    /// The guard refused it.
    Refused,
}

/// A delivery as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Our reference of it.
    pub reference: DeliveryRef,
    /// Neon's id of the event.
    pub event: EventId,
    /// Neon's name of the event.
    pub event_type: String,
    /// The branch it comes from.
    pub endpoint: Option<EndpointId>,
    /// When it came first.
    pub came_at: Timestamp,
    /// The hash of the number.
    pub recipient_hash: Option<String>,
    /// The last two digits of the number.
    pub last_two: Option<String>,
    /// The number's country.
    pub region: Option<Region>,
    /// Whether the number belongs to a user.
    pub linked: bool,
    /// What the guard said, as JSON: `{"outcome", "rules"}`.
    pub decision: Option<String>,
    /// The reply; `None` while it is worked on, and if no attempt of Neon's led to one.
    pub reply: Option<crate::domain::Reply>,
    /// When that was settled.
    pub answered_at: Option<Timestamp>,
    /// When the code dies.
    pub expires_at: Option<Timestamp>,
    /// When the user typed it.
    pub verified_at: Option<Timestamp>,
    /// The texts, by their numbers.
    pub texts: Vec<LoggedText>,
}

impl Delivery {
    /// How long after the first text that may have left the user typed the code; `None` if they did not.
    pub fn verified_after(&self) -> Option<Duration> {
        let requests = self.texts.iter().filter_map(|text| text.request.as_ref());
        let may_have_left = requests.filter(|text| text.is_accepted() || text.verdict == Text::UNKNOWN);
        Some(self.verified_at?.since(may_have_left.map(|text| text.sent_at).min()?))
    }

    /// When the code dies, also where the event did not say so.
    pub fn dies_at(&self) -> Timestamp {
        self.expires_at.unwrap_or(self.came_at.plus(USUAL_LIFE))
    }
}

/// How long Neon's codes live unless it is set otherwise.
const USUAL_LIFE: Duration = Duration::from_secs(300);

/// A text as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedText {
    /// Which one.
    pub reference: TextRef,
    /// Who was asked.
    pub provider: ProviderName,
    /// The request; `None` if its answer was never written down.
    pub request: Option<Text>,
    /// The highest status; `None` if nothing was taken and nothing reported.
    pub status: Option<TextStatus>,
    /// The provider's code of a failure that it reported.
    pub status_code: Option<String>,
    /// When the status was learnt.
    pub status_at: Option<Timestamp>,
    /// The last word of the provider's that nobody knows.
    pub word: Option<String>,
}
