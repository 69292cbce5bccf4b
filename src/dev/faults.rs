//! What goes wrong next, on purpose, so that an app's error screens can be seen and tested.

use super::feed::Feed;
use serde::{Deserialize, Serialize};
use sms_providers::{DeliveryStatus, FailureKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The longest that the vendor may be made to take, in milliseconds.
const LONGEST_DELAY_MS: u64 = 60_000;

/// What happens to the next texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VendorFault {
    /// What the vendor says in place of yes; nothing is wrong with its answer if this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<VendorAnswer>,
    /// What the vendor reports later of a text that it took. A failure is one that no phone shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Reported>,
    /// Texts that it happens to.
    #[serde(default = "once")]
    pub times: u32,
    /// How long the vendor takes.
    #[serde(default)]
    pub delay_ms: u64,
}

/// What a vendor reports of a text that it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reported {
    Sent,
    Delivered,
    Undelivered,
    Failed,
    Expired,
}

impl Reported {
    /// The same in the words of the relay.
    pub fn status(self) -> DeliveryStatus {
        match self {
            Self::Sent => DeliveryStatus::Sent,
            Self::Delivered => DeliveryStatus::Delivered,
            Self::Undelivered => DeliveryStatus::Undelivered,
            Self::Failed => DeliveryStatus::Failed,
            Self::Expired => DeliveryStatus::Expired,
        }
    }

    /// Whether a phone shows the text.
    pub fn arrives(self) -> bool {
        match self {
            Self::Sent | Self::Delivered => true,
            Self::Undelivered | Self::Failed | Self::Expired => false,
        }
    }
}

/// How a vendor fails: the kinds of failure that the relay tells apart, and two in which it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum VendorAnswer {
    BadRecipient,
    OptedOut,
    FraudHeld,
    Unreachable,
    Misconfigured,
    Throttled,
    Unavailable,
    Unknown,
    /// No answer, for as long as anybody waits.
    Timeout,
    /// It takes the text, and no phone ever shows it.
    Silent,
}

impl VendorAnswer {
    /// The failure, if it is an answer.
    pub fn failure(self) -> Option<FailureKind> {
        match self {
            Self::BadRecipient => Some(FailureKind::BadRecipient),
            Self::OptedOut => Some(FailureKind::OptedOut),
            Self::FraudHeld => Some(FailureKind::FraudHeld),
            Self::Unreachable => Some(FailureKind::Unreachable),
            Self::Misconfigured => Some(FailureKind::Misconfigured),
            Self::Throttled => Some(FailureKind::Throttled),
            Self::Unavailable => Some(FailureKind::Unavailable),
            Self::Unknown => Some(FailureKind::Unknown),
            Self::Timeout | Self::Silent => None,
        }
    }
}

/// What happens to the next attempts of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookFault {
    /// Attempts whose connection breaks before the relay sees them.
    lose: u32,
}

/// What happens to the next codes that are typed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeFault {
    /// Verifications that find an expired code.
    expired: u32,
}

/// Everything that is planned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vendor: Option<VendorFault>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookFault>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<CodeFault>,
}

impl Plan {
    /// Leaves out what is over.
    fn tidied(mut self) -> Self {
        self.vendor.take_if(|fault| fault.times == 0);
        self.webhook.take_if(|fault| fault.lose == 0);
        self.code.take_if(|fault| fault.expired == 0);
        self
    }
}

/// The plan, used up by what happens. Clones are one.
#[derive(Clone)]
pub(super) struct Faults {
    plan: Arc<Mutex<Plan>>,
    feed: Feed,
}

impl Faults {
    pub fn none(feed: Feed) -> Self {
        Self { plan: Arc::new(Mutex::new(Plan::default())), feed }
    }

    /// What is left of the plan.
    pub fn left(&self) -> Plan {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Plans this and nothing else.
    ///
    /// # Errors
    /// The sentence that says what is out of range.
    pub fn plan(&self, plan: Plan) -> Result<Plan, &'static str> {
        if plan.vendor.as_ref().is_some_and(|fault| fault.delay_ms > LONGEST_DELAY_MS) {
            return Err("delay_ms is 60000 at most");
        }
        self.change(|now| *now = plan);
        Ok(self.left())
    }

    pub fn clear(&self) {
        self.change(|plan| *plan = Plan::default());
    }

    /// What happens to this text.
    pub fn next_text(&self) -> Option<VendorFault> {
        self.use_up(|plan| {
            let fault = plan.vendor.as_mut()?;
            fault.times -= 1;
            Some(fault.clone())
        })
    }

    /// Whether this attempt is lost.
    pub fn loses_attempt(&self) -> bool {
        let lost = self.use_up(|plan| {
            plan.webhook.as_mut()?.lose -= 1;
            Some(())
        });
        lost.is_some()
    }

    /// Whether this code is found expired.
    pub fn expires_code(&self) -> bool {
        let expired = self.use_up(|plan| {
            plan.code.as_mut()?.expired -= 1;
            Some(())
        });
        expired.is_some()
    }

    fn use_up<T>(&self, take: impl FnOnce(&mut Plan) -> Option<T>) -> Option<T> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = take(&mut plan)?;
        *plan = std::mem::take(&mut *plan).tidied();
        self.feed.tell("faults", &*plan);
        Some(taken)
    }

    fn change(&self, change: impl FnOnce(&mut Plan)) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut plan);
        *plan = std::mem::take(&mut *plan).tidied();
        self.feed.tell("faults", &*plan);
    }
}

impl VendorFault {
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}

fn once() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fault_happens_as_often_as_planned_and_is_gone() {
        let faults = Faults::none(Feed::new());
        let plan = json!({ "vendor": { "kind": "throttled", "times": 2 }, "webhook": { "lose": 1 }, "code": { "expired": 0 } });
        faults.plan(serde_json::from_value(plan).unwrap()).unwrap();
        let left =
            json!({ "vendor": { "kind": "throttled", "times": 2, "delay_ms": 0 }, "webhook": { "lose": 1 } });
        assert_eq!(serde_json::to_value(faults.left()).unwrap(), left);
        assert!(faults.loses_attempt() && !faults.loses_attempt() && !faults.expires_code());
        assert_eq!(faults.next_text().unwrap().kind, Some(VendorAnswer::Throttled));
        assert!(faults.next_text().is_some() && faults.next_text().is_none());
        assert_eq!(faults.left(), Plan::default());
    }

    #[test]
    fn every_failure_that_the_relay_tells_apart_can_be_planned() {
        for kind in FailureKind::ALL {
            let answer: VendorAnswer = serde_json::from_value(json!(kind.as_str())).unwrap();
            assert_eq!(answer.failure(), Some(kind));
        }
    }
}
