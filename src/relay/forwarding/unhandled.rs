//! Events that nobody handles: what becomes of them, and what the operator is told.

use super::Forwarding;
use crate::domain::{Event, RefuseReason, Reply, unhandled};
use std::sync::PoisonError;

const SIGN_UP_DENIED: &[u8] = br#"{"allowed":false,"error_message":"Sign-up is not available right now.","error_code":"SIGNUP_HANDLER_MISSING"}"#;

impl Forwarding {
    /// Denies a sign-up about which nobody decides.
    pub fn deny_sign_up(&self, event: &Event) -> Reply {
        self.saw_unhandled(event);
        tracing::error!(
            event.id = %event.id,
            "a sign-up was refused: the branch sends user.before_create and nobody handles it; set FORWARD_URL or BEFORE_CREATE=allow, or unsubscribe the webhook from the event"
        );
        Reply::App { status: 200, body: SIGN_UP_DENIED.to_vec() }
    }

    /// Refuses a code or link that nobody delivers.
    pub fn refuse(&self, event: &Event, reason: RefuseReason) -> Reply {
        self.saw_unhandled(event);
        tracing::error!(
            event.id = %event.id,
            event.kind = event.kind.label(),
            reason = reason.as_str(),
            "nobody delivers this event, and subscribing to it switched Neon's own e-mail off; set FORWARD_URL to an app that does, unsubscribe the webhook from it, or ask for delivery_preference sms"
        );
        Reply::Refused(reason)
    }

    fn saw_unhandled(&self, event: &Event) {
        self.unhandled.lock().unwrap_or_else(PoisonError::into_inner).insert(event.name.clone());
    }

    /// What the operator has to know about events that nobody handles: of those that came, and of those to
    /// which the branch subscribes; a name and a sentence each.
    pub fn warnings(&self, subscribed: &[String]) -> Vec<(String, &'static str)> {
        let mut names = self.unhandled.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if self.routing.targets.is_empty() {
            names.extend(subscribed.iter().cloned());
        }
        let allow_sign_up = self.routing.allow_sign_up;
        names
            .into_iter()
            .filter_map(|name| unhandled(&name, allow_sign_up).map(|told| (name, told)))
            .collect()
    }
}
