//! What the HTTP status of a reply decides alone, before an adapter looks for codes: the one place for it.

use crate::client::VendorReply;
use crate::{FailureKind, SendError, SendReceipt};
use reqwest::StatusCode;

/// What an adapter makes of a reply.
pub(crate) type Verdict = Result<SendReceipt, SendError>;

/// The verdict of a reply, by `read` unless the status forbids it.
///
/// 429 is throttling, whatever the body calls it: vendors put codes of other meanings beside it. Behind a
/// 5xx the text may be on its way, whatever the body calls that. The vendor's code stays in the error.
pub(crate) fn judge(reply: &VendorReply, read: impl FnOnce(&VendorReply) -> Verdict) -> Verdict {
    read(reply).map_err(|error| {
        let by_status = match reply.status {
            StatusCode::TOO_MANY_REQUESTS => Some(FailureKind::Throttled),
            status if status.is_server_error() => Some(FailureKind::Unknown),
            _ => None,
        };
        let error = match by_status {
            Some(kind) => SendError { code: error.code, ..SendError::new(kind) },
            None => error,
        };
        SendError { http_status: Some(reply.status.as_u16()), retry_after: reply.retry_after, ..error }
    })
}
