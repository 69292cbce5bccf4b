//! Requests to apps at once: so many for each branch, so that an app that hangs delays itself alone.

use crate::domain::EndpointId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Requests at once for the events of one branch.
const FOR_EACH: u32 = 16;
/// Requests at once for all branches together.
const IN_ALL: u32 = 128;

/// Who is busy with how much. Events of no branch count as those of one more.
#[derive(Default)]
pub(super) struct Slots {
    busy: Mutex<HashMap<Option<EndpointId>, u32>>,
}

/// What may be started now.
pub(super) struct Free {
    /// So many, whosever they are.
    pub count: u32,
    /// Not for these.
    pub full: Vec<Option<EndpointId>>,
}

/// One request; the slot is free again once this is dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    endpoint: Option<EndpointId>,
}

impl Slots {
    /// What may be started now without going beyond a limit.
    pub fn free(&self) -> Free {
        let busy = self.busy();
        let is_full =
            |(endpoint, count): (&Option<EndpointId>, &u32)| (*count >= FOR_EACH).then(|| endpoint.clone());
        let full = busy.iter().filter_map(is_full).collect();
        let busiest = busy.values().copied().filter(|count| *count < FOR_EACH).max().unwrap_or(0);
        let in_all = IN_ALL.saturating_sub(busy.values().sum());
        Free { count: (FOR_EACH - busiest).min(in_all), full }
    }

    /// Takes a slot for an event of this branch.
    pub fn take(self: &Arc<Self>, endpoint: Option<&EndpointId>) -> Slot {
        *self.busy().entry(endpoint.cloned()).or_default() += 1;
        Slot { slots: self.clone(), endpoint: endpoint.cloned() }
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<Option<EndpointId>, u32>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut busy = self.slots.busy();
        if let Some(count) = busy.get_mut(&self.endpoint) {
            *count -= 1;
        }
        busy.retain(|_, count| *count > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_more_than_a_share_and_a_branch_that_is_full_leaves_the_rest_to_others() {
        let slots = Arc::new(Slots::default());
        let (a, b) = (EndpointId::new("ep-a").unwrap(), EndpointId::new("ep-b").unwrap());
        assert_eq!(slots.free().count, FOR_EACH);
        let mut taken: Vec<_> = (1..FOR_EACH).map(|_| slots.take(Some(&a))).collect();
        // Whatever is taken next may be of this branch.
        assert_eq!((slots.free().count, slots.free().full), (1, vec![]));
        taken.push(slots.take(Some(&a)));
        taken.push(slots.take(Some(&b)));
        assert_eq!((slots.free().count, slots.free().full), (FOR_EACH - 1, vec![Some(a)]));
        taken.clear();
        assert_eq!((slots.free().count, slots.free().full.len()), (FOR_EACH, 0));
    }

    #[test]
    fn all_branches_together_have_a_limit() {
        let slots = Arc::new(Slots::default());
        let endpoints = (0..IN_ALL).map(|number| EndpointId::new(&format!("ep-{number}")).unwrap());
        let taken: Vec<_> = endpoints.map(|endpoint| slots.take(Some(&endpoint))).collect();
        assert_eq!(slots.free().count, 0);
        drop(taken);
    }
}
