//! Why texts came to nothing, and why there were none.

use crate::domain::{Reply, Timestamp};
use crate::store::texts::Delivery;
use crate::studio::standing::{self, Standing};
use crate::studio::words;
use sms_providers::ProviderName;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A cause of failures, and how often it was one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::studio) struct Cause {
    /// Whose text it was.
    pub vendor: ProviderName,
    /// The class of the failure, or the status that was reported.
    pub word: String,
    /// The vendor's code.
    pub code: Option<String>,
    /// What that means.
    pub meaning: &'static str,
    /// What can be done.
    pub remedy: Option<&'static str>,
    /// How many texts.
    pub count: u64,
}

/// The causes of all these, the most frequent one first.
pub(super) fn of<'a>(deliveries: impl Iterator<Item = &'a Delivery>) -> Vec<Cause> {
    let mut causes: BTreeMap<_, Cause> = BTreeMap::new();
    for text in deliveries.flat_map(|delivery| &delivery.texts) {
        let Some(cause) = standing::Cause::of(text) else { continue };
        let key = (text.provider, cause.word.to_owned(), cause.code.map(words::printable));
        let entry = causes.entry(key.clone()).or_insert_with(|| Cause {
            vendor: key.0,
            word: key.1,
            code: key.2,
            meaning: cause.meaning(),
            remedy: cause.remedy(),
            count: 0,
        });
        entry.count += 1;
    }
    let mut causes: Vec<_> = causes.into_values().collect();
    causes.sort_by_key(|cause| Reverse(cause.count));
    causes
}

/// Why codes were refused without a text, the most frequent reason first.
pub(super) fn refusals(deliveries: &[Delivery], now: Timestamp) -> Vec<(String, u64)> {
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for delivery in deliveries {
        let standing = Standing::of(delivery, now);
        let reason = match (standing, &delivery.reply) {
            (Standing::Refused, _) => standing::reason(delivery, standing),
            (Standing::Declined, Some(Reply::Refused(reason))) => Some(reason.problem().message.to_owned()),
            (Standing::Declined | Standing::Unanswered, _) => standing::reason(delivery, standing),
            _ => continue,
        };
        *reasons.entry(reason.unwrap_or_else(|| "no reason was given".to_owned())).or_default() += 1;
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| Reverse(*count));
    reasons
}
