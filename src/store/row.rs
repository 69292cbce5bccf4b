//! How a reply looks in a row; the same in every SQL store.

use super::StoreError;
use crate::domain::{Accepted, RefuseReason, Reply};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use sms_providers::ProviderName;

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredReply {
    Accepted { provider: String, message_id: Option<String> },
    Acknowledged,
    App { status: u16, body_base64: String },
    Refused { reason: String },
}

/// A reply as a row holds it; `None` for one that is not final: it is never stored.
pub(super) fn write_reply(reply: &Reply) -> Option<String> {
    if !reply.is_final() {
        return None;
    }
    let stored = match reply {
        Reply::Done(Some(Accepted { provider, message_id })) => {
            StoredReply::Accepted { provider: provider.as_str().to_owned(), message_id: message_id.clone() }
        }
        Reply::Done(None) => StoredReply::Acknowledged,
        Reply::App { status, body } => {
            StoredReply::App { status: *status, body_base64: BASE64_STANDARD.encode(body) }
        }
        Reply::Refused(reason) => StoredReply::Refused { reason: reason.as_str().to_owned() },
        Reply::TryAgain(_) => return None,
    };
    // Texts and numbers in structs always have a JSON form; should they not, the row reads as corrupt.
    Some(serde_json::to_string(&stored).unwrap_or_default())
}

/// Reads the `reply` of a finished row.
pub(super) fn read_reply(stored: &str) -> Result<Reply, StoreError> {
    let stored = serde_json::from_str(stored).map_err(|_| StoreError::Corrupt)?;
    Ok(match stored {
        StoredReply::Accepted { provider, message_id } => {
            Reply::Done(Some(Accepted { provider: read_provider(&provider)?, message_id }))
        }
        StoredReply::Acknowledged => Reply::Done(None),
        StoredReply::App { status, body_base64 } => {
            let body = BASE64_STANDARD.decode(body_base64).map_err(|_| StoreError::Corrupt)?;
            Reply::App { status, body }
        }
        StoredReply::Refused { reason } => {
            Reply::Refused(RefuseReason::from_name(&reason).ok_or(StoreError::Corrupt)?)
        }
    })
}

/// Reads a `provider` column.
pub(super) fn read_provider(name: &str) -> Result<ProviderName, StoreError> {
    ProviderName::ALL.into_iter().find(|provider| provider.as_str() == name).ok_or(StoreError::Corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TryAgainReason;
    use proptest::prelude::*;

    fn any_final_reply() -> impl Strategy<Value = Reply> {
        let provider = proptest::sample::select(ProviderName::ALL.to_vec());
        let accepted = (provider, proptest::option::of("[A-Za-z0-9-]{1,64}"));
        prop_oneof![
            accepted.prop_map(|(provider, message_id)| Reply::Done(Some(Accepted { provider, message_id }))),
            Just(Reply::Done(None)),
            (200_u16..500, any::<Vec<u8>>()).prop_map(|(status, body)| Reply::App { status, body }),
            proptest::sample::select(RefuseReason::ALL.to_vec()).prop_map(Reply::Refused),
        ]
    }

    proptest! {
        #[test]
        fn every_final_reply_is_read_as_it_was_written(reply in any_final_reply()) {
            prop_assert_eq!(read_reply(&write_reply(&reply).unwrap()).unwrap(), reply);
        }

        #[test]
        fn whatever_else_is_in_the_row_is_corrupt(text in "\\PC*") {
            prop_assert!(matches!(read_reply(&text), Err(StoreError::Corrupt)));
        }
    }

    #[test]
    fn a_request_to_try_again_is_never_stored() {
        for reply in
            [Reply::TryAgain(TryAgainReason::NoVerdict), Reply::App { status: 500, body: Vec::new() }]
        {
            assert!(write_reply(&reply).is_none());
        }
    }
}
