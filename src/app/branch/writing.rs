//! Writing the branch's configuration so that nobody's work is lost, and that it is known what holds.

use crate::neon::api::{ApiError, Document, NeonApi};

/// Why the configuration is not what it was to become.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It could not be read again before it was to be written.
    #[error("nothing was written: {0}")]
    Unread(ApiError),
    /// Somebody else was faster.
    #[error("nothing was written: somebody else has changed the branch since it was read; look at it again")]
    ChangedMeanwhile,
    /// Neon did not take it, and all is as before.
    #[error("nothing has changed: {0}")]
    Refused(ApiError),
    /// It is not known whether Neon took it.
    #[error("it is not known whether it was written ({0}); look at it with `get`")]
    Doubtful(ApiError),
    /// Neon took it and holds something else.
    #[error("Neon took it, and holds something else in {}; look at it with `get`", .0.join(", "))]
    DoesNotHold(Vec<&'static str>),
}

/// Writes `wanted` in place of `before`, and reads it back.
///
/// # Errors
/// Unless Neon says that it holds.
pub async fn write<D: Document>(api: &NeonApi, before: &D, wanted: &D) -> Result<(), WriteError> {
    // Neon has no condition that a write could carry; this leaves the shortest gap there can be.
    let now = api.read::<D>().await.map_err(WriteError::Unread)?;
    if now != *before {
        return Err(WriteError::ChangedMeanwhile);
    }
    let written = api.write(wanted).await;
    match (written, api.read::<D>().await) {
        // An answer that was lost does not matter either.
        (_, Ok(held)) if held.differs_from(wanted).is_empty() => Ok(()),
        (Err(error), Ok(held)) if held == *before => Err(WriteError::Refused(error)),
        (Err(error), _) | (Ok(()), Err(error)) => Err(WriteError::Doubtful(error)),
        (Ok(()), Ok(held)) => Err(WriteError::DoesNotHold(held.differs_from(wanted))),
    }
}
