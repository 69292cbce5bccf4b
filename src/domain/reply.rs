//! What the relay decided about an event.

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
    /// Whether the reply stands for ever, so that a retry must get it again.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Done(_) | Self::Refused(_) => true,
            Self::App { status, .. } => *status < 500,
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

/// Why an event is refused for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefuseReason {
    /// The event names no phone number.
    NoPhoneNumber,
    /// The event's phone number is not E.164.
    InvalidPhoneNumber,
    /// The event's code is not six digits.
    InvalidCode,
    /// The code has less than ten seconds to live.
    CodeExpired,
    /// The provider says that this number cannot receive the text, or holds it as fraud.
    NumberRefused,
    /// No provider reaches this number or its country.
    NumberUnreachable,
    /// The recipient asked not to get texts.
    OptedOut,
    /// A code or link that is not for SMS, and nobody here delivers it.
    NoDeliveryChannel,
    /// Every provider refuses because of its own configuration.
    ProvidersMisconfigured,
}

impl RefuseReason {
    /// Every reason, for stores and metrics.
    pub const ALL: [Self; 9] = [
        Self::NoPhoneNumber,
        Self::InvalidPhoneNumber,
        Self::InvalidCode,
        Self::CodeExpired,
        Self::NumberRefused,
        Self::NumberUnreachable,
        Self::OptedOut,
        Self::NoDeliveryChannel,
        Self::ProvidersMisconfigured,
    ];

    /// The code in an answer's `error` field, in stores and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoPhoneNumber => "no_phone_number",
            Self::InvalidPhoneNumber => "invalid_phone_number",
            Self::InvalidCode => "invalid_code",
            Self::CodeExpired => "code_expired",
            Self::NumberRefused => "number_refused",
            Self::NumberUnreachable => "number_unreachable",
            Self::OptedOut => "opted_out",
            Self::NoDeliveryChannel => "no_delivery_channel",
            Self::ProvidersMisconfigured => "providers_misconfigured",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

/// Why Neon should try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TryAgainReason {
    /// The delivery is still running; the next attempt joins it.
    InFlight,
    /// Every provider was throttled or unavailable.
    ProvidersUnavailable,
    /// The request was written and no provider gave a verdict.
    NoVerdict,
    /// The store is down and `STORE_FAILURE=refuse`.
    StoreUnavailable,
    /// The user's app cannot be reached, is late, or asks for another try.
    AppUnavailable,
    /// The user's app redirects, which is not followed.
    AppRedirects,
    /// As many deliveries are running as may run.
    Overloaded,
    /// The relay failed in a way that it should not.
    Internal,
}

impl TryAgainReason {
    /// The code in an answer's `error` field and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::ProvidersUnavailable => "providers_unavailable",
            Self::NoVerdict => "no_verdict",
            Self::StoreUnavailable => "store_unavailable",
            Self::AppUnavailable => "app_unavailable",
            Self::AppRedirects => "app_redirects",
            Self::Overloaded => "overloaded",
            Self::Internal => "internal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_found_again_by_its_name() {
        for reason in RefuseReason::ALL {
            assert_eq!(RefuseReason::from_name(reason.as_str()), Some(reason));
        }
    }

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
}
