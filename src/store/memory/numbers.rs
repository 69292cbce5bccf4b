//! What is remembered of a number.

use super::PURGE_BATCH;
use crate::domain::pace::DAY;
use crate::domain::{DeliveryRef, Timestamp};
use crate::store::{NewDelivery, VERIFIED_FOR};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The numbers by their keyed hash.
#[derive(Default)]
pub(super) struct Numbers {
    known: HashMap<Arc<str>, Remembered>,
    /// Until when numbers rest, as it was said at some time: what is remembered of one may say otherwise by now.
    at_rest: BTreeSet<(Timestamp, Arc<str>)>,
}

#[derive(Default)]
struct Remembered {
    recent: Vec<Timestamp>,
    verified_at: Option<Timestamp>,
    latest: Option<DeliveryRef>,
    previous: Option<DeliveryRef>,
    /// By a code that was not texted.
    superseded: bool,
    keep_until: Option<Timestamp>,
}

/// What a claim learns of its number.
pub(super) struct Noted {
    pub verified_at: Option<Timestamp>,
    pub previous: Option<DeliveryRef>,
    pub refused_by: Option<String>,
}

impl Numbers {
    /// Decides whether the number gets this text, and notes it if it counts.
    pub fn note(
        &mut self,
        delivery: &NewDelivery,
        hash: &Arc<str>,
        reference: &DeliveryRef,
        now: Timestamp,
    ) -> Noted {
        let known = self.known.get_mut(hash);
        let (verified_at, recent) =
            known.as_ref().map_or((None, &[][..]), |known| (known.verified_at, &known.recent));
        let (refused_by, counts) = delivery.judge(verified_at, recent, now);
        let previous = known.as_ref().and_then(|known| known.latest.clone());
        match known {
            _ if counts => {
                let known = self.known.entry(hash.clone()).or_default();
                known.recent.retain(|at| now.since(*at) < DAY);
                known.recent.push(now);
                let forgettable = known.recent.len().saturating_sub(delivery.pace.memory());
                known.recent.drain(..forgettable);
                known.previous = known.latest.replace(reference.clone());
                (known.superseded, known.keep_until) = (false, None);
            }
            Some(known) => known.superseded = true,
            None => {}
        }
        Noted { verified_at, previous, refused_by }
    }

    /// When the number of an event that was noted before was verified, and the delivery before that event's.
    pub fn known(&self, hash: &str) -> (Option<Timestamp>, Option<DeliveryRef>) {
        self.known.get(hash).map_or((None, None), |known| (known.verified_at, known.previous.clone()))
    }

    /// Whether this delivery holds the latest code of the number.
    pub fn is_latest(&self, hash: &str, reference: &DeliveryRef) -> bool {
        self.known
            .get(hash)
            .is_some_and(|known| known.latest.as_ref() == Some(reference) && !known.superseded)
    }

    /// Notes that the number was verified; returns its latest delivery, the texts that count no more, and when it was
    /// verified before.
    pub fn verified(
        &mut self,
        hash: &str,
        now: Timestamp,
    ) -> (Option<DeliveryRef>, Vec<Timestamp>, Option<Timestamp>) {
        let hash = Arc::from(hash);
        let known = self.known.entry(Arc::clone(&hash)).or_default();
        let before = known.verified_at.replace(now);
        let cleared = std::mem::take(&mut known.recent);
        known.keep_until = known.latest.is_none().then(|| now.plus(VERIFIED_FOR));
        self.at_rest.extend(known.keep_until.map(|until| (until, hash)));
        (known.latest.clone(), cleared, before)
    }

    /// Lets a number rest whose delivery was forgotten.
    pub fn rest(&mut self, hash: &Arc<str>, reference: &DeliveryRef) {
        let Some(known) = self.known.get_mut(hash).filter(|known| known.latest.as_ref() == Some(reference))
        else {
            return;
        };
        let limited = known.recent.last().map(|at| at.plus(DAY));
        let trusted = known.verified_at.map(|at| at.plus(VERIFIED_FOR));
        let until = limited.max(trusted).unwrap_or(Timestamp::from_millis(0));
        known.keep_until = Some(until);
        self.at_rest.insert((until, hash.clone()));
        (known.latest, known.previous) = (None, None);
    }

    /// Erases a number; says whether it was known.
    pub fn erase(&mut self, hash: &str) -> bool {
        self.known.remove(hash).is_some()
    }

    /// Whether no number is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Forgets some of the numbers that have rested long enough; whether there may be more.
    pub fn forget(&mut self, now: Timestamp) -> bool {
        for _ in 0..PURGE_BATCH {
            let Some((until, hash)) = self.at_rest.pop_first() else { return false };
            if until >= now {
                self.at_rest.insert((until, hash));
                return false;
            }
            if self.known.get(&hash).is_some_and(|known| known.keep_until == Some(until)) {
                self.known.remove(&hash);
            }
        }
        true
    }
}
