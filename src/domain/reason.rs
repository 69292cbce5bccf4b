//! Why an event was not delivered: for good, or this time.

use super::Problem;

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
    /// More codes were asked for than are let through: for this number, its country, or all of them.
    TooManyCodes,
    /// The operator does not send to this country.
    CountryNotAllowed,
    /// The number is of a kind or a range that is not sent to.
    NumberNotAllowed,
    /// As much was sent, or spent, today as the operator allows.
    SpendLimit,
}

impl RefuseReason {
    /// Every reason, for stores and metrics.
    pub const ALL: [Self; 13] = [
        Self::NoPhoneNumber,
        Self::InvalidPhoneNumber,
        Self::InvalidCode,
        Self::CodeExpired,
        Self::NumberRefused,
        Self::NumberUnreachable,
        Self::OptedOut,
        Self::NoDeliveryChannel,
        Self::ProvidersMisconfigured,
        Self::TooManyCodes,
        Self::CountryNotAllowed,
        Self::NumberNotAllowed,
        Self::SpendLimit,
    ];

    /// What is said of it.
    pub const fn problem(self) -> Problem {
        match self {
            Self::NoPhoneNumber => Problem::notice(
                "no_phone_number",
                422,
                "The event names no phone number.",
                "ask Neon for a code by phone number only",
            ),
            Self::InvalidPhoneNumber => Problem::notice(
                "invalid_phone_number",
                422,
                "The phone number is not a possible number in E.164 form.",
                "let the app write numbers as +15551234567 before it asks for a code",
            ),
            Self::InvalidCode => Problem::notice(
                "invalid_code",
                422,
                "The code is not six digits.",
                "nothing; Neon makes the codes",
            ),
            Self::CodeExpired => Problem::notice(
                "code_expired",
                422,
                "The code has expired, or is about to.",
                "raise otp_expires_in of the phone-number plugin; check the clock of this machine",
            ),
            Self::NumberRefused => Problem::notice(
                "number_refused",
                422,
                "The number cannot receive this SMS.",
                "nothing, unless there are many: then look up the provider's code",
            ),
            Self::NumberUnreachable => Problem::notice(
                "number_unreachable",
                422,
                "No SMS provider reaches this number.",
                "allow the country at a provider, or add a provider that reaches it",
            ),
            Self::OptedOut => Problem::notice(
                "opted_out",
                422,
                "The recipient has opted out of SMS.",
                "nothing; the recipient can opt in again by START",
            ),
            Self::NoDeliveryChannel => Problem::alarm(
                "no_delivery_channel",
                422,
                "Nobody is configured to deliver this event.",
                "set FORWARD_URL, or unsubscribe the webhook from the event",
            ),
            Self::ProvidersMisconfigured => Problem::alarm(
                "providers_misconfigured",
                424,
                "Every SMS provider refuses the relay's configuration.",
                "run: neon-sms-relay doctor",
            ),
            Self::TooManyCodes => Problem::notice(
                "too_many_codes",
                422,
                "Too many codes were asked for; try again later.",
                "nothing for a single number; if there are many, run: neon-sms-relay guard status",
            ),
            Self::CountryNotAllowed => Problem::notice(
                "country_not_allowed",
                422,
                "No codes are sent to this country.",
                "add the country to SMS_COUNTRIES, or take it out of SMS_COUNTRIES_DENY, if you have users there",
            ),
            Self::NumberNotAllowed => Problem::notice(
                "number_not_allowed",
                422,
                "No codes are sent to this number.",
                "run: neon-sms-relay guard status; GUARD_ALLOW lets a number or a prefix pass",
            ),
            Self::SpendLimit => Problem::alarm(
                "spend_limit",
                422,
                "No more codes are sent today.",
                "raise SMS_DAILY_LIMIT or SMS_DAILY_SPEND if the texts are your users' own",
            ),
        }
    }

    /// The code in an answer's `error` field, in stores and in metrics.
    pub const fn as_str(self) -> &'static str {
        self.problem().code
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
    /// Every reason, for metrics.
    pub const ALL: [Self; 8] = [
        Self::InFlight,
        Self::ProvidersUnavailable,
        Self::NoVerdict,
        Self::StoreUnavailable,
        Self::AppUnavailable,
        Self::AppRedirects,
        Self::Overloaded,
        Self::Internal,
    ];

    /// What is said of it.
    pub const fn problem(self) -> Problem {
        match self {
            Self::InFlight => Problem::notice(
                "in_flight",
                503,
                "The delivery is still running.",
                "nothing; the next attempt joins it",
            ),
            Self::ProvidersUnavailable => Problem::alarm(
                "providers_unavailable",
                503,
                "No SMS provider is available.",
                "look at the providers' status pages; add another provider to SMS_PROVIDER",
            ),
            Self::NoVerdict => Problem::alarm(
                "no_verdict",
                503,
                "No SMS provider confirmed the delivery.",
                "look at the providers' status pages; add another provider to SMS_PROVIDER",
            ),
            Self::StoreUnavailable => Problem::alarm(
                "store_unavailable",
                503,
                "The delivery store is unavailable.",
                "run: neon-sms-relay doctor; STORE_FAILURE=send delivers codes all the same",
            ),
            Self::AppUnavailable => Problem::alarm(
                "app_unavailable",
                503,
                "The app behind FORWARD_URL does not take it.",
                "look into the app behind FORWARD_URL",
            ),
            Self::AppRedirects => Problem::alarm(
                "app_redirects",
                503,
                "The app behind FORWARD_URL redirects.",
                "set FORWARD_URL to where it redirects to",
            ),
            Self::Overloaded => Problem::alarm(
                "overloaded",
                503,
                "Too many deliveries are running.",
                "raise MAX_IN_FLIGHT and the limit of file descriptors, or run another instance",
            ),
            Self::Internal => Problem::alarm(
                "internal",
                503,
                "The delivery failed inside the relay.",
                "look into the log; this is a bug",
            ),
        }
    }

    /// The code in an answer's `error` field and in metrics.
    pub const fn as_str(self) -> &'static str {
        self.problem().code
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
}
