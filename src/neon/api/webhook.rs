//! The branch's webhook: one URL for all events.

use super::Document;
use crate::domain::EventId;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;
use url::Url;

/// The events that can be subscribed to (types of Neon's own client, `@neondatabase/api-client` 2.7.3).
pub const EVENTS: [&str; 7] = [
    "send.otp",
    "send.magic_link",
    "user.before_create",
    "user.created",
    "phone_number.verified",
    "organization.invitation.created",
    "organization.invitation.accepted",
];
/// How long Neon may be told to wait for one attempt, in seconds.
pub const TIMEOUT_SECONDS: RangeInclusive<u64> = 1..=10;
/// What Neon takes if nothing is set.
const DEFAULT_TIMEOUT: u64 = 5;

/// Where Neon sends which events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Whether Neon calls it.
    pub enabled: bool,
    /// Where, as Neon has it written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// The names of the events, as Neon has them written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled_events: Option<Vec<String>>,
    /// How long Neon waits for one attempt; unset is 5 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// What Neon may come to add. A write without it might clear it.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Webhook {
    /// Where Neon calls, if that is a URL.
    pub fn url(&self) -> Option<Url> {
        self.webhook_url.as_ref()?.parse().ok()
    }

    /// The names of the events that Neon sends; a name that is not name-like is left out rather than repeated.
    pub fn subscribed(&self) -> Vec<String> {
        if self.enabled { self.names() } else { Vec::new() }
    }

    /// How long Neon waits for one attempt.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT))
    }

    /// The same with these events, too.
    #[must_use]
    pub fn with_events(mut self, more: &[&str]) -> Self {
        let events = self.enabled_events.get_or_insert_default();
        for event in more {
            if !events.iter().any(|known| known == event) {
                events.push((*event).to_owned());
            }
        }
        self
    }

    /// What to write so that what changed from `before` to `after` is taken back, and nothing that was changed
    /// since.
    #[must_use]
    pub fn taking_back(&self, before: &Self, after: &Self) -> Self {
        let since = self.differs_from(after);
        let mut back = self.clone();
        if !since.contains(&"enabled") {
            back.enabled = before.enabled;
        }
        if !since.contains(&"webhook_url") {
            back.webhook_url.clone_from(&before.webhook_url);
        }
        if !since.contains(&"enabled_events") {
            back.enabled_events.clone_from(&before.enabled_events);
        }
        if !since.contains(&"timeout_seconds") {
            back.timeout_seconds = before.timeout_seconds;
        }
        back
    }

    fn names(&self) -> Vec<String> {
        let names = self.enabled_events.iter().flatten();
        names.filter(|name| EventId::new(name).is_some()).cloned().collect()
    }

    /// Neon may give them back in another order.
    fn event_set(&self) -> BTreeSet<&String> {
        self.enabled_events.iter().flatten().collect()
    }

    fn is_called_like(&self, other: &Self) -> bool {
        // Neon may give it back as a browser would write it.
        match (self.url(), other.url()) {
            (None, None) => {
                self.webhook_url.as_deref().unwrap_or("") == other.webhook_url.as_deref().unwrap_or("")
            }
            (mine, theirs) => mine == theirs,
        }
    }
}

impl Document for Webhook {
    const PATH: &'static str = "/auth/webhooks";
    const METHOD: Method = Method::PUT;

    fn rows(&self) -> Vec<(&'static str, String)> {
        let url = match (&self.webhook_url, self.url()) {
            (None, _) => "none".to_owned(),
            (Some(_), None) => "not a URL".to_owned(),
            (_, Some(url)) => shown(&url),
        };
        let names = self.names();
        let events = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        vec![
            ("enabled", if self.enabled { "yes" } else { "no" }.to_owned()),
            ("webhook_url", url),
            ("enabled_events", events),
            ("timeout_seconds", self.timeout().as_secs().to_string()),
        ]
    }

    fn differs_from(&self, wanted: &Self) -> Vec<&'static str> {
        let same = [
            ("enabled", self.enabled == wanted.enabled),
            ("webhook_url", self.is_called_like(wanted)),
            ("enabled_events", self.event_set() == wanted.event_set()),
            ("timeout_seconds", self.timeout() == wanted.timeout()),
        ];
        same.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }
}

/// A URL without what may be secret in it, and a sign where something was.
fn shown(url: &Url) -> String {
    let more = url.query().is_some() || url.fragment().is_some();
    let user = !url.username().is_empty() || url.password().is_some();
    let (user, more) = (if user { "…@" } else { "" }, if more { "?…" } else { "" });
    let (scheme, host) = (url.scheme(), url.host_str().unwrap_or_default());
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{user}{host}{port}{}{more}", url.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn webhook(document: Value) -> Webhook {
        serde_json::from_value(document).unwrap()
    }

    fn registered() -> Webhook {
        webhook(json!({
            "enabled": true, "webhook_url": "https://x.trycloudflare.com/webhooks/neon-auth",
            "enabled_events": ["user.created", "send.otp", "phone_number.verified"], "timeout_seconds": 5,
        }))
    }

    #[test]
    fn what_is_written_back_is_all_that_was_read() {
        let document = json!({
            "enabled": true, "webhook_url": "https://sms.example.com/x", "enabled_events": ["new.event"],
            "timeout_seconds": 3, "max_age": {"s": 1},
        });
        assert_eq!(serde_json::to_value(webhook(document.clone())).unwrap(), document);
        let nothing = webhook(json!({"enabled": false, "webhook_url": null}));
        assert_eq!(serde_json::to_value(nothing).unwrap(), json!({"enabled": false}));
    }

    #[test]
    fn the_order_of_events_and_the_way_a_url_is_written_are_no_difference() {
        let wanted = webhook(
            json!({"enabled": true, "webhook_url": "https://a.example", "enabled_events": ["a", "b"]}),
        );
        let held = webhook(json!({
            "enabled": true, "webhook_url": "https://A.example/", "enabled_events": ["b", "a"], "timeout_seconds": 5,
        }));
        assert_eq!(held.differs_from(&wanted), Vec::<&str>::new());
        let held = webhook(json!({"enabled": false, "enabled_events": ["b"], "timeout_seconds": 6}));
        let all = ["enabled", "webhook_url", "enabled_events", "timeout_seconds"];
        assert_eq!(held.differs_from(&wanted), all);
    }

    #[test]
    fn taking_back_leaves_what_somebody_else_has_changed_since() {
        let before = webhook(json!({
            "enabled": true, "webhook_url": "https://sms.example.com/x", "enabled_events": ["user.created"],
        }));
        assert_eq!(registered().taking_back(&before, &registered()), before);
        let mut now = registered();
        now.timeout_seconds = Some(9);
        now.enabled = false;
        let back = now.taking_back(&before, &registered());
        assert_eq!((back.enabled, back.timeout_seconds), (false, Some(9)));
        assert_eq!((&back.webhook_url, &back.enabled_events), (&before.webhook_url, &before.enabled_events));
    }

    #[test]
    fn no_row_holds_what_may_be_secret_in_a_url_or_could_steer_a_terminal() {
        let webhook = webhook(json!({
            "enabled": true, "webhook_url": "https://u:s3cret@a.example:8443/x?key=s3cret#s3cret",
            "enabled_events": ["send.otp", "\u{1b}[2J"],
        }));
        let rows = webhook.rows();
        assert_eq!(rows[1], ("webhook_url", "https://…@a.example:8443/x?…".to_owned()));
        assert_eq!(rows[2], ("enabled_events", "send.otp".to_owned()));
    }
}
