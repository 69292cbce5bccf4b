//! Events on their way to a webhook: the emulator's own, and those that somebody asks for.

use super::deliver::{Bad, Order, Outcome, RetryLaw};
use super::event::{self, Event};
use super::log::Verdict;
use super::{AuthError, Caller, NeonEmulator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::{Host, Url};

/// What became of an event.
pub(super) struct Fired {
    pub verdict: Verdict,
    outcome: Outcome,
    elapsed_ms: u64,
}

/// How an event that is asked for differs from the sample.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::dev) struct Trigger {
    /// Values by their paths, such as `event_data.otp_code`.
    #[serde(default)]
    set: Map<String, Value>,
    /// Whom to call in place of the relay: a program on this machine.
    url: Option<Url>,
    /// What is wrong with it on purpose.
    bad: Option<Bad>,
}

/// What became of it.
#[derive(Serialize)]
pub(in crate::dev) struct Triggered {
    event_id: String,
    url: Url,
    /// The last answer's, if there was one.
    status: Option<u16>,
    body: String,
    /// All attempts together.
    elapsed_ms: u64,
    error: Option<&'static str>,
}

/// Why an event is not sent.
#[derive(Debug, thiserror::Error)]
pub(in crate::dev) enum TriggerError {
    /// No such name can be an event's.
    #[error("the name of an event has small letters, dots and underscores alone")]
    Name,
    /// It would go to somebody else's machine.
    #[error("url is an http or https URL of this machine, such as http://localhost:3000/webhooks")]
    Url,
    /// A path of `set` leads nowhere.
    #[error("set: `{0}` is no path into an event")]
    Path(String),
    /// Too many are under way.
    #[error("too many webhooks are under way")]
    Busy,
}

impl NeonEmulator {
    /// Neon's retries to the relay.
    pub(super) fn usual_order(&self) -> Order {
        let law = RetryLaw::neon(self.settings.now().timeout());
        Order { url: self.webhook_url.clone(), law, bad: None }
    }

    /// Sends an event that is asked for, and waits for what becomes of it.
    ///
    /// # Errors
    /// If it cannot be made, or must not go where it should.
    pub async fn trigger(
        self: &Arc<Self>,
        event_type: &str,
        trigger: Trigger,
        caller: &Caller,
    ) -> Result<Triggered, TriggerError> {
        if event_type.is_empty()
            || !event_type.chars().all(|letter| letter.is_ascii_lowercase() || "._".contains(letter))
        {
            return Err(TriggerError::Name);
        }
        let mut order = self.usual_order();
        order.bad = trigger.bad;
        if let Some(url) = trigger.url {
            order.url = Some(url).filter(is_of_this_machine).ok_or(TriggerError::Url)?;
        }
        let mut draft = event::sample(event_type, self.now(), caller);
        for (path, value) in trigger.set {
            draft.set(&path, value).map_err(|_| TriggerError::Path(path))?;
        }
        let event = draft.finish();
        let (event_id, url) = (event.id.clone(), order.url.clone());
        let fired = self.fire(event, order).map_err(|_| TriggerError::Busy)?;
        let fired = fired.await.map_err(|_| TriggerError::Busy)?;
        let (status, body, error) = match fired.outcome {
            Outcome::Answered { status, answer } => (Some(status), answer, None),
            Outcome::TimedOut => (None, String::new(), Some("no answer in time")),
            Outcome::Unreachable => (None, String::new(), Some("no connection")),
        };
        Ok(Triggered { event_id, url, status, body, elapsed_ms: fired.elapsed_ms, error })
    }

    /// Calls the webhook, whatever becomes of the caller.
    pub(super) fn fire(self: &Arc<Self>, event: Event, order: Order) -> Result<JoinHandle<Fired>, AuthError> {
        let permit = self.in_flight.clone().try_acquire_owned().map_err(|_| AuthError::Busy)?;
        if let Some((number, code)) = &event.text {
            self.inbox.expect(number, code, &event.id);
        }
        let emulator = self.clone();
        Ok(self.tasks.spawn(async move {
            let number = emulator.log.begin(&event, &order.url);
            let seen = |attempt| emulator.log.attempted(number, attempt);
            let began = Instant::now();
            let outcome = emulator.deliverer.deliver(&event, &order, seen).await;
            let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let verdict = Verdict::of(&event.event_type, &outcome);
            emulator.log.finish(number, verdict);
            drop(permit);
            Fired { verdict, outcome, elapsed_ms }
        }))
    }
}

fn is_of_this_machine(url: &Url) -> bool {
    let is_http = ["http", "https"].contains(&url.scheme());
    is_http
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_go_to_this_machine_alone() {
        for url in ["http://localhost:3000/a", "https://app.localhost", "http://127.0.0.1", "http://[::1]:1/"]
        {
            assert!(is_of_this_machine(&url.parse().unwrap()), "{url}");
        }
        for url in [
            "https://example.com",
            "http://10.0.0.1",
            "ftp://localhost",
            "http://localhost.example",
            "file:///a",
        ] {
            assert!(!is_of_this_machine(&url.parse().unwrap()), "{url}");
        }
    }
}
