//! Why a delivery is not believed or not understood.

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
