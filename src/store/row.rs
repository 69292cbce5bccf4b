//! How a reply looks in a row; the same in every SQL store.

use super::{AttemptRecord, Outcome, StoreError};
use crate::domain::{Accepted, RefuseReason, Reply};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use sms_providers::ProviderName;

/// What `finish` writes.
pub(super) struct StoredOutcome {
    pub reply: String,
    pub provider: Option<&'static str>,
    pub message_id: Option<String>,
    pub attempts: String,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredReply {
    Accepted { provider: String, message_id: Option<String> },
    Acknowledged,
    App { status: u16, body_base64: String },
    Refused { reason: String },
}

impl StoredOutcome {
    /// `None` for a reply that is not final: it is never stored.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        if !outcome.reply.is_final() {
            return None;
        }
        let (stored, accepted) = match &outcome.reply {
            Reply::Done(Some(accepted)) => {
                let Accepted { provider, message_id } = accepted.clone();
                (StoredReply::Accepted { provider: provider.as_str().to_owned(), message_id }, Some(accepted))
            }
            Reply::Done(None) => (StoredReply::Acknowledged, None),
            Reply::App { status, body } => {
                (StoredReply::App { status: *status, body_base64: BASE64_STANDARD.encode(body) }, None)
            }
            Reply::Refused(reason) => (StoredReply::Refused { reason: reason.as_str().to_owned() }, None),
            Reply::TryAgain(_) => return None,
        };
        Some(Self {
            reply: json(&stored),
            provider: accepted.map(|accepted| accepted.provider.as_str()),
            message_id: accepted.and_then(|accepted| accepted.message_id.clone()),
            attempts: json::<[AttemptRecord]>(&outcome.attempts),
        })
    }
}

/// Texts and numbers in structs always have a JSON form; should they not, the row reads as corrupt.
fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
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
            let outcome = Outcome { reply, attempts: Vec::new(), queued: None };
            let stored = StoredOutcome::of(&outcome).unwrap();
            prop_assert_eq!(read_reply(&stored.reply).unwrap(), outcome.reply);
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
            assert!(StoredOutcome::of(&Outcome { reply, attempts: Vec::new(), queued: None }).is_none());
        }
    }
}
