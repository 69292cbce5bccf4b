//! The guard's counts and closings, as a store keeps them.

use crate::domain::{Region, Timestamp};
use crate::guard::{Closing, Prefix, Rule, Tally, TallyKind};
use crate::store;

pub(super) fn written(tally: &Tally) -> store::Tally {
    store::Tally {
        hour: store::Tally::hour_of(tally.hour),
        kind: tally.kind.as_str().to_owned(),
        region: tally.region.map(|region| region.to_string()).unwrap_or_default(),
        detail: tally.detail.clone(),
        count: tally.count,
    }
}

/// What a store has counted; `None` for a tally of another room.
pub fn read_tally(tally: &store::Tally) -> Option<Tally> {
    Some(Tally {
        hour: Timestamp::from_millis(tally.hour.saturating_mul(3_600_000)),
        kind: TallyKind::from_name(&tally.kind)?,
        region: Region::from_iso(&tally.region),
        detail: tally.detail.clone(),
        count: tally.count,
    })
}

pub(super) fn stored(closing: &Closing) -> store::Closing {
    store::Closing {
        prefix: closing.prefix.digits(),
        reason: closing.reason.as_str().to_owned(),
        since: closing.since,
        until: closing.until,
        by: closing.by.clone(),
    }
}

/// What a store has closed; `None` for what no version of this program writes.
pub fn read_closing(closing: &store::Closing) -> Option<Closing> {
    Some(Closing {
        prefix: Prefix::parse(&closing.prefix)?,
        reason: Rule::from_name(&closing.reason)?,
        since: closing.since,
        until: closing.until,
        by: closing.by.clone(),
    })
}
