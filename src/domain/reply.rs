//! What the relay decided about an event.

use super::problem::{Problem, Severity};
use super::reason::{RefuseReason, TryAgainReason};
use sms_providers::ProviderName;
use std::fmt;

/// The decision about one event.
#[derive(Clone, PartialEq, Eq)]
pub enum Reply {
    /// Delivered by a provider, or acknowledged where there is nothing to deliver (`None`).
    Done(Option<Accepted>),
    /// The answer of the user's app, or one in its place, to be repeated as it is. A 5xx is no decision:
    /// Neon tries again, and then the app is asked again.
    App {
        /// The HTTP status.
        status: u16,
        /// The body, at most 10 KB.
        body: Vec<u8>,
    },
    /// It will never work: Neon should give up now and tell the user.
    Refused(RefuseReason),
    /// It did not work this time. Never stored: the next attempt starts anew.
    TryAgain(TryAgainReason),
}

impl Reply {
    /// The label of what was delivered or acknowledged.
    pub const ACCEPTED: &str = "accepted";
    /// The label of the app's own answers.
    pub const OF_THE_APP: &str = "app";

    /// Whether the reply stands for ever, so that a retry must get it again.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Done(_) | Self::Refused(_) => true,
            Self::App { status, .. } => *status < 500,
            Self::TryAgain(_) => false,
        }
    }

    /// One of a few fixed names, for logs and metrics: `accepted`, `app`, or the code of the error.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Done(_) => Self::ACCEPTED,
            Self::App { .. } => Self::OF_THE_APP,
            Self::Refused(reason) => reason.as_str(),
            Self::TryAgain(reason) => reason.as_str(),
        }
    }

    /// What is said of it, if something went wrong.
    pub fn problem(&self) -> Option<Problem> {
        match self {
            Self::Done(_) | Self::App { .. } => None,
            Self::Refused(reason) => Some(reason.problem()),
            Self::TryAgain(reason) => Some(reason.problem()),
        }
    }

    /// Whether nobody but the user could have made it better: a refusal for a number that gets no texts is right, one
    /// for a wrong password at a provider is not, and neither is "try again".
    pub fn is_right(&self) -> bool {
        match self {
            Self::Done(_) => true,
            Self::App { status, .. } => *status < 500,
            Self::Refused(reason) => reason.problem().severity == Severity::Notice,
            Self::TryAgain(_) => false,
        }
    }
}

/// An app may repeat what it was asked, so its words are not shown.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(accepted) => write!(f, "Done({accepted:?})"),
            Self::App { status, body } => write!(f, "App({status}, {} bytes)", body.len()),
            Self::Refused(reason) => write!(f, "Refused({reason:?})"),
            Self::TryAgain(reason) => write!(f, "TryAgain({reason:?})"),
        }
    }
}

/// Who took the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The provider.
    pub provider: ProviderName,
    /// The provider's id of the message.
    pub message_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_neon_try_again_is_not_final_and_all_else_is() {
        assert!(!Reply::TryAgain(TryAgainReason::InFlight).is_final());
        assert!(!Reply::App { status: 500, body: Vec::new() }.is_final());
        for reply in [
            Reply::Done(None),
            Reply::App { status: 200, body: Vec::new() },
            Reply::App { status: 422, body: Vec::new() },
            Reply::Refused(RefuseReason::OptedOut),
        ] {
            assert!(reply.is_final(), "{reply:?}");
        }
    }

    #[test]
    fn a_refusal_is_right_unless_somebody_has_to_mend_something() {
        for (reply, right) in [
            (Reply::Done(None), true),
            (Reply::App { status: 403, body: Vec::new() }, true),
            (Reply::App { status: 503, body: Vec::new() }, false),
            (Reply::Refused(RefuseReason::NumberRefused), true),
            (Reply::Refused(RefuseReason::CodeExpired), true),
            (Reply::Refused(RefuseReason::ProvidersMisconfigured), false),
            (Reply::Refused(RefuseReason::NoDeliveryChannel), false),
            (Reply::TryAgain(TryAgainReason::InFlight), false),
            (Reply::TryAgain(TryAgainReason::ProvidersUnavailable), false),
        ] {
            assert_eq!(reply.is_right(), right, "{reply:?}");
        }
    }
}
