//! Why a delivery is not believed or not understood.

use crate::domain::Problem;

/// Why a delivery was refused. It holds nothing of what the stranger sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// A signature header is missing, doubled, or not of its form.
    #[error("the {0} header is missing, repeated or malformed")]
    Header(&'static str),
    /// The timestamp is too far from now, in whichever direction.
    #[error("the timestamp is outside the tolerance")]
    Stale,
    /// The detached JWS is malformed or asks for what is not offered.
    #[error("the signature is not a detached EdDSA JWS: {0}")]
    Jws(&'static str),
    /// No key of this id, and the key set is fresh.
    #[error("the signing key is unknown")]
    UnknownKey,
    /// The key set cannot be fetched, so nothing can be said about the signature.
    #[error("the key set cannot be fetched")]
    KeysUnavailable,
    /// The signature does not fit.
    #[error("the signature is wrong")]
    WrongSignature,
    /// The signed body is not an event.
    #[error("the body is not an event: {0}")]
    Body(&'static str),
    /// An unsigned header says something else than the signed body.
    #[error("the {0} header disagrees with the signed body")]
    Disagrees(&'static str),
    /// The event comes from a branch that this relay does not serve.
    #[error("the event comes from an endpoint that is not configured")]
    ForeignEndpoint,
}

impl VerifyError {
    /// What is said of it.
    pub const fn problem(self) -> Problem {
        const CHECK: &str = "if there are many, check that the webhook leads here directly and that nothing on the way changes headers or bodies";
        match self {
            Self::Header(_) => Problem::notice(
                "invalid_signature_headers",
                401,
                "A signature header is missing or malformed.",
                CHECK,
            ),
            Self::Stale => Problem::notice(
                "stale_timestamp",
                401,
                "The timestamp is too far from now.",
                "check the clock of this machine",
            ),
            Self::Jws(_) => Problem::notice(
                "malformed_signature",
                401,
                "The signature is not a detached EdDSA JWS.",
                CHECK,
            ),
            Self::UnknownKey => Problem::notice(
                "unknown_key",
                401,
                "The signing key is unknown.",
                "if there are many, check that NEON_AUTH_URL is of the branch whose webhook leads here",
            ),
            Self::KeysUnavailable => Problem::alarm(
                "keys_unavailable",
                503,
                "The signing keys cannot be fetched.",
                "run: neon-sms-relay doctor",
            ),
            Self::WrongSignature => {
                Problem::notice("invalid_signature", 401, "The signature does not match.", CHECK)
            }
            Self::Body(_) => Problem::alarm(
                "invalid_body",
                400,
                "The body is not a valid event.",
                "Neon has signed it all the same: a newer version of the relay may understand it",
            ),
            Self::Disagrees(_) => {
                Problem::notice("header_mismatch", 400, "A header disagrees with the signed body.", CHECK)
            }
            Self::ForeignEndpoint => Problem::notice(
                "endpoint_not_allowed",
                403,
                "Events of this endpoint are not served here.",
                "add the branch to NEON_ENDPOINT_IDS if it is to be served",
            ),
        }
    }
}
