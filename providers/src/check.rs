//! Whether a vendor accepts our credentials, asked without sending a text.
//!
//! Each adapter has a `check` of its own: what may be asked, and of whom, differs more than sending does.
//! Replies may hold secrets (Twilio's has the auth token) and earlier texts, so nothing of them is kept.

use crate::client::VendorReply;
use crate::verdict::{Verdict, judge};
use crate::{FailureKind, SendError};
use serde_json::Value;
use std::time::Duration;

/// Somebody looks at a terminal meanwhile.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// What is known about credentials without sending a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The vendor accepts them.
    Accepted,
    /// The vendor knows them and lets them look at nothing, for this reason; sending is another right.
    MayNotRead(&'static str),
    /// The vendor has nothing to ask, for this reason.
    NotOffered(&'static str),
}

/// Accepted is a success with a body that `is_known`: a page of some proxy is none. What a refusal means is
/// what it means after a send.
pub(crate) fn verdict(
    reply: &VendorReply,
    is_known: impl FnOnce(&Value) -> bool,
    read: impl FnOnce(&VendorReply) -> Verdict,
) -> Result<Checked, SendError> {
    let unknown =
        || SendError { http_status: Some(reply.status.as_u16()), ..SendError::new(FailureKind::Unknown) };
    if !reply.status.is_success() {
        return Err(judge(reply, read).err().unwrap_or_else(unknown));
    }
    match reply.json().filter(is_known) {
        Some(_) => Ok(Checked::Accepted),
        None => Err(unknown()),
    }
}
