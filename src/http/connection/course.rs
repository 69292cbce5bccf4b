//! Where a connection is between two requests, and what it may still send.
//!
//! The stream tells what comes and goes, the app what it makes of it. Without a lock: a connection lives on one
//! thread.

use super::{HEAD_LIMIT, Limits};
use std::cell::RefCell;
use std::time::Duration;

/// What a body of unknown length may take on the wire: the largest one, and what cutting it into chunks adds.
const CHUNKED_LIMIT: usize = 80 * 1024;

/// One connection, as the stream and the app see it.
#[derive(Default)]
pub struct Course(RefCell<State>);

#[derive(Default)]
struct State {
    phase: Phase,
    /// The phase has just begun, and its time with it.
    moved: bool,
    /// Bytes since the last answer.
    taken: usize,
    blank_line: BlankLine,
    /// Bytes that the request may still send.
    left: usize,
    /// `left` is what is missing of the request, to the byte.
    exact: bool,
    /// More came than was asked for: a head may lie in actix's buffer, where its time cannot be seen.
    ahead: bool,
    verified: bool,
    ever_verified: bool,
    asked_to_leave: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing of a request has come.
    #[default]
    Waiting,
    /// Part of a head has come.
    Head,
    /// The app has the request.
    Serving,
    /// The answer is decided and not yet written.
    Answering { last: bool },
    /// The last answer is written; what still comes is thrown away.
    Closing,
    /// The head was too large.
    Refused,
    /// Its time is up.
    Over,
}

/// How much body a head announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// This many bytes.
    Length(usize),
    /// Nobody knows.
    Chunked,
}

impl Course {
    /// The app got a request.
    pub fn dispatched(&self, body: Body) {
        let mut state = self.0.borrow_mut();
        let total = match (body, state.blank_line.end) {
            (Body::Length(length), Some(head)) if !state.ahead => Some(head.saturating_add(length)),
            _ => None,
        };
        state.ahead |= total.is_some_and(|total| state.taken > total);
        state.exact = total.is_some() && !state.ahead;
        state.left = total.map_or(CHUNKED_LIMIT, |total| total.saturating_sub(state.taken));
        state.verified = false;
        state.enter(Phase::Serving);
    }

    /// The request is from whom it says.
    pub fn verified(&self) {
        let mut state = self.0.borrow_mut();
        (state.verified, state.ever_verified) = (true, true);
    }

    /// The app has an answer. Says whether the connection ends with it, as it does unless the request was verified,
    /// or nothing can be said against it and it has come whole.
    pub fn answered(&self, blameless: bool) -> bool {
        let mut state = self.0.borrow_mut();
        let whole = state.exact && state.left == 0;
        let last = !(state.verified || blameless && whole);
        // Its time began with the request.
        state.phase = Phase::Answering { last };
        last
    }

    pub(super) fn phase(&self) -> Phase {
        self.0.borrow().phase
    }

    /// Whether it has no complete request.
    pub(super) fn is_between_requests(&self) -> bool {
        matches!(self.phase(), Phase::Waiting | Phase::Head)
    }

    /// Whether its requests have been Neon's or a provider's.
    pub(super) fn is_known(&self) -> bool {
        self.0.borrow().ever_verified
    }

    /// The time of a phase that has just begun.
    pub(super) fn begun(&self, limits: &Limits) -> Option<Duration> {
        let mut state = self.0.borrow_mut();
        std::mem::take(&mut state.moved).then_some(match state.phase {
            Phase::Waiting => limits.idle,
            Phase::Head => limits.head,
            Phase::Serving | Phase::Answering { .. } => limits.exchange,
            Phase::Closing | Phase::Refused | Phase::Over => limits.farewell,
        })
    }

    /// How many bytes may be read now. What comes at the end of a connection is thrown away.
    pub(super) fn room(&self) -> usize {
        let state = self.0.borrow();
        match state.phase {
            Phase::Waiting | Phase::Head => (HEAD_LIMIT + 1).saturating_sub(state.taken),
            Phase::Serving | Phase::Answering { .. } => state.left,
            Phase::Closing | Phase::Refused | Phase::Over => usize::MAX,
        }
    }

    /// These bytes came; `false` if the head is too large.
    pub(super) fn came(&self, bytes: &[u8]) -> bool {
        let mut state = self.0.borrow_mut();
        if state.phase == Phase::Waiting && !bytes.is_empty() {
            state.enter(Phase::Head);
        }
        match state.phase {
            Phase::Head => {
                let before = state.taken;
                state.blank_line.look(before, bytes);
                state.taken += bytes.len();
                let too_large = state.taken > HEAD_LIMIT && state.blank_line.end.is_none();
                if too_large {
                    state.enter(Phase::Refused);
                }
                !too_large
            }
            Phase::Serving | Phase::Answering { .. } => {
                state.left = state.left.saturating_sub(bytes.len());
                true
            }
            _ => true,
        }
    }

    /// All that was to be written is written; `true` if an answer ends with it.
    pub(super) fn flushed(&self) -> bool {
        let mut state = self.0.borrow_mut();
        let Phase::Answering { last } = state.phase else { return false };
        (state.taken, state.blank_line) = (0, BlankLine::default());
        let next = match (last, state.ahead) {
            (true, _) => Phase::Closing,
            (false, true) => Phase::Head,
            (false, false) => Phase::Waiting,
        };
        state.enter(next);
        true
    }

    /// Its place is needed.
    pub(super) fn ask_to_leave(&self) {
        self.0.borrow_mut().asked_to_leave = true;
    }

    /// Whether it has been asked to leave since this was called last.
    pub(super) fn is_asked_to_leave(&self) -> bool {
        std::mem::take(&mut self.0.borrow_mut().asked_to_leave)
    }

    /// Its time is up, or it gives its place up; `false` if it was over before.
    pub(super) fn end(&self) -> bool {
        let mut state = self.0.borrow_mut();
        let first = state.phase != Phase::Over;
        state.enter(Phase::Over);
        first
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        (self.phase, self.moved) = (phase, true);
    }
}

/// Looks for the empty line that ends a head, read as actix reads it: line feeds alone will do, and empty lines
/// before the first one count for nothing.
#[derive(Default)]
struct BlankLine {
    started: bool,
    at_line_start: bool,
    /// How many bytes the head has, with the empty line.
    end: Option<usize>,
}

impl BlankLine {
    fn look(&mut self, before: usize, bytes: &[u8]) {
        if self.end.is_some() {
            return;
        }
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.at_line_start => {
                    self.end = Some(before + index + 1);
                    return;
                }
                b'\n' => self.at_line_start = self.started,
                b'\r' => {}
                _ => (self.started, self.at_line_start) = (true, false),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &[u8] = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

    fn served(sent: &[u8], body: Body) -> Course {
        let course = Course::default();
        assert!(sent.chunks(7).all(|bytes| course.came(bytes)));
        course.dispatched(body);
        course
    }

    #[test]
    fn a_request_that_came_whole_and_alone_leaves_the_connection_waiting() {
        for head in [GET, b"\r\nGET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\r\n\r\n"] {
            let course = served(head, Body::Length(0));
            assert_eq!(course.room(), 0);
            assert!(!course.answered(true));
            course.flushed();
            assert_eq!(course.phase(), Phase::Waiting);
        }
    }

    #[test]
    fn what_is_not_verified_ends_its_connection_unless_nothing_can_be_said_against_it() {
        let last = |course: Course, blameless| course.answered(blameless);
        assert!(last(served(GET, Body::Length(0)), false));
        assert!(last(served(GET, Body::Length(1)), true), "its body has not come");
        assert!(last(served(GET, Body::Chunked), true), "nobody knows where its body ends");
        let verified = served(GET, Body::Chunked);
        verified.verified();
        assert!(!last(verified, false));
    }

    #[test]
    fn a_head_that_came_with_the_request_before_it_does_not_get_the_time_of_an_idle_connection() {
        let course = served(&[GET, b"GET /li"].concat(), Body::Length(0));
        course.verified();
        assert!(!course.answered(true));
        course.flushed();
        assert_eq!(course.phase(), Phase::Head);
    }

    #[test]
    fn a_head_may_have_16_kib_and_its_body_does_not_count() {
        let head = |length: usize| {
            let filled = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(length));
            format!("{}\r\n\r\n", &filled[..length - 4]).into_bytes()
        };
        let (course, body) = (Course::default(), [b'x'; 1]);
        assert!(course.came(&head(HEAD_LIMIT)) && course.came(&body));
        let (course, head) = (Course::default(), head(HEAD_LIMIT + 2));
        assert!(course.came(&head[..HEAD_LIMIT]));
        assert_eq!(course.room(), 1);
        assert!(!course.came(&head[HEAD_LIMIT..=HEAD_LIMIT]));
    }
}
