//! Requests that wait for a key that is not known, or not yet.
//!
//! Whether such a request is Neon's cannot be told before the key is there, so strangers wait here too, and their
//! number is bounded. Over it, whoever has waited longest gives way: a flood keeps nobody out for good, since the
//! repetition of Neon's that follows finds room, and a flood of invented keys has the keys fetched all the more.

use super::jwks::Kid;
use super::keys::KeyError;
use ed25519_dalek::VerifyingKey;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

/// How many wait at once. With bodies of 64 KiB each they hold 16 MiB.
const AT_ONCE: usize = 256;

/// The requests that wait, in the order in which they came.
#[derive(Default)]
pub(super) struct WaitingRoom {
    room: Mutex<Room>,
    entered: Notify,
}

#[derive(Default)]
struct Room {
    waiting: VecDeque<Waiter>,
    /// How many fetches have begun.
    fetches: u64,
}

/// What somebody who waits is told. Dropped without a word, they had to give way.
type Answer = Result<VerifyingKey, KeyError>;

struct Waiter {
    kid: Kid,
    /// How many fetches had begun when it came: none of them can say that the key does not exist.
    came_after: u64,
    answer: oneshot::Sender<Answer>,
}

impl WaitingRoom {
    /// Waits for the key of this id. Ends without an answer if others need the room.
    pub(super) fn enter(&self, kid: &Kid) -> oneshot::Receiver<Answer> {
        let (answer, told) = oneshot::channel();
        let mut room = self.room();
        if room.waiting.len() >= AT_ONCE {
            room.waiting.pop_front();
        }
        let came_after = room.fetches;
        room.waiting.push_back(Waiter { kid: kid.clone(), came_after, answer });
        drop(room);
        self.entered.notify_one();
        told
    }

    /// Ready while somebody waits.
    pub(super) async fn somebody(&self) {
        while self.is_empty() {
            self.entered.notified().await;
        }
    }

    /// A fetch begins; returns which one.
    pub(super) fn fetch_begins(&self) -> u64 {
        let mut room = self.room();
        room.fetches += 1;
        room.fetches
    }

    /// The fetch of this number has ended, and these keys are known; `fresh` if it brought all that there are.
    pub(super) fn fetch_ended(&self, fetch: u64, known: impl Fn(&Kid) -> Option<VerifyingKey>, fresh: bool) {
        let mut room = self.room();
        for waiter in std::mem::take(&mut room.waiting) {
            let answer = match known(&waiter.kid) {
                Some(key) => Ok(key),
                None if fresh && waiter.came_after < fetch => Err(KeyError::Unknown),
                None => {
                    room.waiting.push_back(waiter);
                    continue;
                }
            };
            // Whoever asked has hung up if this fails.
            let _ = waiter.answer.send(answer);
        }
    }

    fn is_empty(&self) -> bool {
        let mut room = self.room();
        room.waiting.retain(|waiter| !waiter.answer.is_closed());
        room.waiting.is_empty()
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &Kid) -> Option<VerifyingKey> {
        None
    }

    #[test]
    fn only_a_fetch_that_began_later_and_went_well_says_that_there_is_no_such_key() {
        let (room, kid) = (WaitingRoom::default(), Kid::new("new"));
        let running = room.fetch_begins();
        let mut told = room.enter(&kid);
        room.fetch_ended(running, nothing, true);
        assert!(told.try_recv().is_err(), "what it brought may be older than the key");
        room.fetch_ended(room.fetch_begins(), nothing, false);
        assert!(told.try_recv().is_err(), "a fetch that failed says nothing");
        room.fetch_ended(room.fetch_begins(), nothing, true);
        assert_eq!(told.try_recv().unwrap(), Err(KeyError::Unknown));
    }

    #[test]
    fn over_the_bound_whoever_has_waited_longest_gives_way() {
        let (room, kid) = (WaitingRoom::default(), Kid::new("invented"));
        let mut first = room.enter(&kid);
        let mut others: Vec<_> = (0..AT_ONCE).map(|_| room.enter(&kid)).collect();
        assert_eq!(first.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!(others[0].try_recv(), Err(oneshot::error::TryRecvError::Empty));
        assert_eq!(room.room().waiting.len(), AT_ONCE);
        drop(others);
        assert!(room.is_empty(), "who has hung up does not wait");
    }
}
