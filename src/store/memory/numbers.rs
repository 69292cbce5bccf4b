//! What is remembered of a number.

use crate::domain::pace::DAY;
use crate::domain::{DeliveryRef, Timestamp};
use crate::store::{NewDelivery, VERIFIED_FOR};
use std::collections::HashMap;

/// The numbers by their keyed hash.
#[derive(Default)]
pub(super) struct Numbers(HashMap<String, Remembered>);

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
        hash: &str,
        reference: &DeliveryRef,
        now: Timestamp,
    ) -> Noted {
        let known = self.0.get_mut(hash);
        let (verified_at, recent) =
            known.as_ref().map_or((None, &[][..]), |known| (known.verified_at, &known.recent));
        let (refused_by, counts) = delivery.judge(verified_at, recent, now);
        let previous = known.as_ref().and_then(|known| known.latest.clone());
        match known {
            _ if counts => {
                let known = self.0.entry(hash.to_owned()).or_default();
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
        self.0.get(hash).map_or((None, None), |known| (known.verified_at, known.previous.clone()))
    }

    /// Whether this delivery holds the latest code of the number.
    pub fn is_latest(&self, hash: &str, reference: &DeliveryRef) -> bool {
        self.0.get(hash).is_some_and(|known| known.latest.as_ref() == Some(reference) && !known.superseded)
    }

    /// Notes that the number was verified; returns its latest delivery, the texts that count no more, and when it was
    /// verified before.
    pub fn verified(
        &mut self,
        hash: &str,
        now: Timestamp,
    ) -> (Option<DeliveryRef>, Vec<Timestamp>, Option<Timestamp>) {
        let known = self.0.entry(hash.to_owned()).or_default();
        let before = known.verified_at.replace(now);
        let cleared = std::mem::take(&mut known.recent);
        known.keep_until = known.latest.is_none().then(|| now.plus(VERIFIED_FOR));
        (known.latest.clone(), cleared, before)
    }

    /// Lets a number rest whose delivery was forgotten.
    pub fn rest(&mut self, hash: &str, reference: &DeliveryRef) {
        let Some(known) = self.0.get_mut(hash).filter(|known| known.latest.as_ref() == Some(reference))
        else {
            return;
        };
        let limited = known.recent.last().map(|at| at.plus(DAY));
        let trusted = known.verified_at.map(|at| at.plus(VERIFIED_FOR));
        known.keep_until = limited.max(trusted).or(Some(Timestamp::from_millis(0)));
        (known.latest, known.previous) = (None, None);
    }

    /// Erases a number; says whether it was known.
    pub fn erase(&mut self, hash: &str) -> bool {
        self.0.remove(hash).is_some()
    }

    /// Whether no number is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets numbers that have rested long enough.
    pub fn forget(&mut self, now: Timestamp) {
        self.0.retain(|_, known| known.keep_until.is_none_or(|until| until >= now));
    }
}
