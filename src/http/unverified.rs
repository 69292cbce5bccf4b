//! What strangers may have us hold: the bodies of requests that nobody has verified yet.
//!
//! Each is small, but there may be thousands, and a stranger need not send them to their ends.

use super::connection::Limits;
use super::error::ApiError;
use crate::domain::TryAgainReason;
use actix_web::web::{Bytes, Data};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All unverified bodies of the process.
pub struct Unverified {
    /// How they are limited.
    pub limits: Arc<Limits>,
    held: AtomicUsize,
}

/// What one request takes of it, given back when it is dropped.
pub(super) struct Share {
    of: Data<Unverified>,
    bytes: usize,
}

/// A whole body, in the account as long as it is unverified.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    _share: Share,
}

impl Unverified {
    /// Nothing is held.
    pub fn new(limits: Arc<Limits>) -> Self {
        Self { limits, held: AtomicUsize::new(0) }
    }
}

impl Share {
    pub(super) fn of(of: Data<Unverified>) -> Self {
        Self { of, bytes: 0 }
    }

    /// Takes so many bytes more.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        self.bytes += bytes;
        let held = self.of.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if held > self.of.limits.unverified {
            return Err(ApiError::TryAgain(TryAgainReason::Overloaded));
        }
        Ok(())
    }

    pub(super) fn with(self, bytes: Bytes) -> Body {
        Body { bytes, _share: self }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Deref for Body {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}
