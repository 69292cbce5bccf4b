//! A list that forgets its oldest entry, so that nothing here grows for ever.

use std::collections::VecDeque;

/// The newest `capacity` entries, oldest first.
pub(super) struct Ring<T> {
    items: VecDeque<T>,
    capacity: usize,
}

impl<T> Ring<T> {
    /// An empty list. `capacity` is at least one.
    pub fn new(capacity: usize) -> Self {
        Self { items: VecDeque::new(), capacity }
    }

    /// Adds an entry and forgets the oldest one if there are too many.
    pub fn push(&mut self, item: T) {
        if self.items.len() == self.capacity {
            self.items.pop_front();
        }
        self.items.push_back(item);
    }

    /// Every entry, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter()
    }

    /// The first entry that fits, to be changed.
    pub fn find(&mut self, fits: impl Fn(&T) -> bool) -> Option<&mut T> {
        self.items.iter_mut().find(|item| fits(item))
    }

    /// Takes the first entry that fits out of the list.
    pub fn take(&mut self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let position = self.items.iter().position(fits)?;
        self.items.remove(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_gives_way() {
        let mut ring = Ring::new(2);
        for item in 1..=3 {
            ring.push(item);
        }
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), [2, 3]);
        assert_eq!((ring.take(|item| *item == 2), ring.take(|item| *item == 2)), (Some(2), None));
    }
}
