//! Counts by the minute or the hour of the last while, in a fixed piece of memory.

/// Counts in `N` periods up to the newest one that was written to. A period is a number that grows by one, such as
/// the minute since the epoch.
#[derive(Debug, Clone)]
pub(super) struct Ring<T, const N: usize> {
    newest: i64,
    counts: [T; N],
}

/// What can be counted: texts, or millionths of money.
pub(super) trait Countable: Copy + Default {
    /// Adds; a count at the end of its range stays there.
    fn add(self, by: i64) -> Self;
    /// As a number that sums cannot overflow.
    fn get(self) -> i64;
}

impl Countable for i32 {
    fn add(self, by: i64) -> Self {
        let by = i32::try_from(by).unwrap_or(if by < 0 { i32::MIN } else { i32::MAX });
        self.saturating_add(by)
    }

    fn get(self) -> i64 {
        i64::from(self)
    }
}

impl Countable for i64 {
    fn add(self, by: i64) -> Self {
        self.saturating_add(by)
    }

    fn get(self) -> i64 {
        self
    }
}

impl<T: Countable, const N: usize> Ring<T, N> {
    /// Counts nothing yet.
    pub(super) fn new() -> Self {
        Self { newest: i64::MIN / 2, counts: [T::default(); N] }
    }

    /// Adds to one period; what is older than the ring is long is passed over.
    pub(super) fn add(&mut self, period: i64, by: i64) {
        if period > self.newest {
            let passed = period.saturating_sub(self.newest).min(N as i64);
            for at in period - passed + 1..=period {
                self.counts[slot::<N>(at)] = T::default();
            }
            self.newest = period;
        }
        if self.holds(period) {
            let count = &mut self.counts[slot::<N>(period)];
            *count = count.add(by);
        }
    }

    /// The count of one period, which may be below zero for a moment.
    pub(super) fn at(&self, period: i64) -> i64 {
        if self.holds(period) { self.counts[slot::<N>(period)].get() } else { 0 }
    }

    /// The sum over the periods `from..=to`; what was taken out twice counts as nothing.
    pub(super) fn sum(&self, from: i64, to: i64) -> i64 {
        let from = from.max(self.newest - N as i64 + 1);
        (from..=to.min(self.newest)).map(|period| self.counts[slot::<N>(period)].get().max(0)).sum()
    }

    fn holds(&self, period: i64) -> bool {
        period <= self.newest && period > self.newest - N as i64
    }
}

/// `N` is small, and a remainder smaller.
fn slot<const N: usize>(period: i64) -> usize {
    usize::try_from(period.rem_euclid(N as i64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn a_ring_counts_as_a_map_does_that_forgets_what_is_old(
            notes in proptest::collection::vec((0_i64..60, 1_i64..5), 0..60),
        ) {
            let (mut ring, mut map, mut newest) = (Ring::<i32, 8>::new(), HashMap::new(), i64::MIN);
            for (period, by) in notes {
                newest = newest.max(period);
                ring.add(period, by);
                if period > newest - 8 {
                    *map.entry(period).or_insert(0) += by;
                }
                map.retain(|period, _| *period > newest - 8);
                prop_assert_eq!(ring.sum(newest - 20, newest), map.values().sum::<i64>());
                prop_assert_eq!(ring.at(period), map.get(&period).copied().unwrap_or(0));
            }
        }
    }

    #[test]
    fn a_clock_that_jumps_ahead_and_back_leaves_no_old_counts() {
        let mut ring = Ring::<i32, 8>::new();
        ring.add(3, 5);
        ring.add(1_000_000, 1);
        assert_eq!((ring.at(3), ring.sum(0, 2_000_000)), (0, 1));
        ring.add(3, 5);
        assert_eq!(ring.sum(0, 2_000_000), 1);
    }
}
