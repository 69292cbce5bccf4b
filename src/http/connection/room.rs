//! Who leaves when there is no more room: whoever waits longest, strangers first.
//!
//! Idle time has to be long and connections are limited, so somebody who opens many and says nothing would keep
//! everybody else out.

use super::course::Course;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::Waker;

/// The connections of one worker.
pub struct Room {
    /// Above this many, each newcomer takes the place of one that waits.
    comfortable: usize,
    open: Cell<usize>,
    next: Cell<u64>,
    /// Those that have no complete request.
    waiting: RefCell<BTreeMap<Place, (Waker, Rc<Course>)>>,
}

/// Strangers first, and the oldest first.
type Place = (bool, u64);

/// A connection's place in the room.
pub(super) struct Seat {
    room: Rc<Room>,
    waits_as: Option<Place>,
}

impl Room {
    /// A room that accepts `limit` connections. Some places stay free for those that come to take another's.
    pub fn new(limit: usize) -> Rc<Self> {
        let comfortable = (limit - limit / 8).max(1);
        Rc::new(Self {
            comfortable,
            open: Cell::default(),
            next: Cell::default(),
            waiting: RefCell::default(),
        })
    }

    pub(super) fn enter(self: &Rc<Self>) -> Seat {
        self.open.set(self.open.get() + 1);
        if self.open.get() > self.comfortable
            && let Some((_, (waker, course))) = self.waiting.borrow_mut().pop_first()
        {
            course.ask_to_leave();
            waker.wake();
        }
        Seat { room: self.clone(), waits_as: None }
    }
}

impl Seat {
    /// The connection waits, and is woken by this if its place is needed.
    pub(super) fn wait(&mut self, course: &Rc<Course>, waker: &Waker) {
        let place = *self.waits_as.get_or_insert_with(|| {
            let number = self.room.next.get();
            self.room.next.set(number + 1);
            (course.is_known(), number)
        });
        let mut waiting = self.room.waiting.borrow_mut();
        let (woken, _) = waiting.entry(place).or_insert_with(|| (waker.clone(), course.clone()));
        woken.clone_from(waker);
    }

    /// The connection has something to do.
    pub(super) fn stir(&mut self) {
        if let Some(place) = self.waits_as.take() {
            self.room.waiting.borrow_mut().remove(&place);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.stir();
        self.room.open.set(self.room.open.get().saturating_sub(1));
    }
}
