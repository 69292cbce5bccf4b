//! What a store has to do with one event, as a few lines that nobody else can be in; and whether what several
//! clients heard at once can be told as one story of it.
//!
//! Any history is taken apart as Wing and Gong have it: of the calls that nobody had heard the end of when another
//! one began, one is told next, until all are told or none fits.

use std::collections::HashSet;

/// No owner's lease reaches further.
const LONGEST_LEASE: i64 = 60_000;
/// As many requests are numbered ahead for each owner.
const NUMBERS: u8 = 8;

/// What a client believes to own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ownership {
    pub reference: String,
    pub token: i64,
    pub possible_sends: u8,
    pub next_number: u8,
}

/// One call.
#[derive(Debug, Clone)]
pub enum Call {
    Claim {
        now: i64,
        until: i64,
    },
    Renew {
        by: Ownership,
        until: i64,
    },
    Finish {
        by: Ownership,
        reply: u8,
        texts: u8,
    },
    Release {
        by: Ownership,
        texts: u8,
    },
    /// A purge passes over what somebody else is changing, and may be told as none unless it is `alone`.
    Purge {
        before: i64,
        alone: bool,
    },
    /// It may be refused, which is no harm, where the event was forgotten while it was claimed anew.
    BeginResend {
        beside_a_purge: bool,
        reference: String,
        failed: u8,
        requests: u8,
        max_sends: u8,
    },
    RecordResend {
        reference: String,
        first: u8,
        requests: u8,
        texts: u8,
        may_have_sent: bool,
    },
}

/// What was heard of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Acquired {
        by: Ownership,
        first_claimed_at: i64,
    },
    InFlight,
    Finished(u8),
    Held,
    Lost,
    /// The number of the first request.
    Begun(Option<u8>),
    Done,
    /// The store failed: it may have happened, then or later, or not.
    Nothing,
}

/// A call with its place among the others.
#[derive(Debug, Clone)]
pub struct Told {
    pub began: u64,
    pub ended: u64,
    pub call: Call,
    pub heard: Heard,
}

/// What is remembered of the event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Row {
    /// `None` until somebody has heard it.
    reference: Option<String>,
    first_claimed_at: i64,
    token: i64,
    leased_until: i64,
    possible_sends: u8,
    numbered: u8,
    reply: Option<u8>,
    /// When everybody could know that it has one.
    known_at: u64,
}

type State = Option<Row>;

/// Whether there is one order of the calls, in keeping with what ended before what began, in which one client after
/// the other would have heard the same.
pub fn is_one_story(told: &[Told]) -> bool {
    assert!(told.len() <= 64, "too long to be taken apart");
    tell(told, 0, None, &mut HashSet::new())
}

fn tell(told: &[Told], done: u64, state: State, seen: &mut HashSet<(u64, State)>) -> bool {
    if !seen.insert((done, state.clone())) {
        return false;
    }
    let open = || told.iter().enumerate().filter(|(index, _)| done & (1 << index) == 0);
    let Some(first_end) =
        open().filter(|(_, told)| told.heard != Heard::Nothing).map(|(_, told)| told.ended).min()
    else {
        return true;
    };
    open().filter(|(_, told)| told.began < first_end).any(|(index, next)| {
        after(&state, next).into_iter().any(|state| tell(told, done | (1 << index), state, seen))
    })
}

/// The states in which the event may be after this call, if it was heard to end like that.
fn after(state: &State, told: &Told) -> Vec<State> {
    if let Call::Purge { before, alone } = told.call {
        let forgotten = state.as_ref().is_some_and(|row| {
            row.first_claimed_at < before && (row.reply.is_some() || row.leased_until < before)
        });
        return match (forgotten, alone) {
            (false, _) => vec![state.clone()],
            (true, true) => vec![None],
            (true, false) => vec![None, state.clone()],
        };
    }
    let (mut next, would_hear) = carry_out(state.clone(), &told.call);
    if let (Call::Finish { .. }, Heard::Held, Some(row)) = (&told.call, &would_hear, &mut next) {
        row.known_at = if told.heard == Heard::Nothing { u64::MAX } else { told.ended };
    }
    match (&told.heard, would_hear) {
        (Heard::Nothing, _) => vec![next],
        (
            Heard::Acquired { by, first_claimed_at },
            Heard::Acquired { by: would, first_claimed_at: first },
        ) => {
            // The store makes the reference up; from then on it is that of the row.
            let is_news = next.as_ref().is_some_and(|row| row.reference.is_none());
            let would = Ownership {
                reference: if is_news { by.reference.clone() } else { would.reference },
                ..would
            };
            let next = next.map(|row| Row { reference: Some(by.reference.clone()), ..row });
            if would == *by && *first_claimed_at == first { vec![next] } else { Vec::new() }
        }
        // As it was when the call began, is as good: whoever hears this asks again.
        (Heard::InFlight, Heard::Finished(_))
            if next.as_ref().is_some_and(|row| told.began < row.known_at) =>
        {
            vec![next]
        }
        (Heard::Begun(None), Heard::Begun(Some(_)))
            if matches!(told.call, Call::BeginResend { beside_a_purge: true, .. }) =>
        {
            vec![state.clone()]
        }
        (heard, would) if *heard == would => vec![next],
        _ => Vec::new(),
    }
}

fn carry_out(state: State, call: &Call) -> (State, Heard) {
    match call {
        Call::Claim { now, until } => claim(state, *now, *until),
        Call::Renew { by, until } => change(state, by, |row| row.leased_until = *until),
        Call::Finish { by, reply, texts } => change(state, by, |row| {
            row.reply = Some(*reply);
            row.numbered = by.next_number - 1 + texts;
        }),
        Call::Release { by, texts } => {
            let (state, _) = change(state, by, |row| {
                row.leased_until = i64::MIN;
                row.numbered = by.next_number - 1 + texts;
            });
            (state, Heard::Done)
        }
        Call::BeginResend { reference, failed, requests, max_sends, .. } => match state {
            Some(mut row)
                if row.reference.as_ref() == Some(reference)
                    && row.reply.is_some()
                    && row.possible_sends < *max_sends
                    && row.numbered == *failed =>
            {
                row.possible_sends += 1;
                row.numbered += requests + 1;
                (Some(row), Heard::Begun(Some(failed + 1)))
            }
            state => (state, Heard::Begun(None)),
        },
        Call::RecordResend { reference, first, requests, texts, may_have_sent } => match state {
            Some(mut row)
                if row.reference.as_ref() == Some(reference) && row.numbered == first + requests =>
            {
                row.possible_sends -= u8::from(!may_have_sent);
                row.numbered = first - 1 + texts;
                (Some(row), Heard::Done)
            }
            state => (state, Heard::Done),
        },
        Call::Purge { .. } => unreachable!("has more than one end"),
    }
}

fn claim(state: State, now: i64, until: i64) -> (State, Heard) {
    let mut row = state.unwrap_or(Row {
        reference: None,
        first_claimed_at: now,
        token: 0,
        leased_until: i64::MIN,
        possible_sends: 0,
        numbered: 0,
        reply: None,
        known_at: 0,
    });
    if let Some(reply) = row.reply {
        return (Some(row), Heard::Finished(reply));
    }
    if (now..=now + LONGEST_LEASE).contains(&row.leased_until) {
        return (Some(row), Heard::InFlight);
    }
    row.token += 1;
    row.leased_until = until;
    row.possible_sends += 1;
    row.numbered += NUMBERS;
    let by = Ownership {
        reference: row.reference.clone().unwrap_or_default(),
        token: row.token,
        possible_sends: row.possible_sends,
        next_number: row.numbered - NUMBERS + 1,
    };
    let first_claimed_at = row.first_claimed_at;
    (Some(row), Heard::Acquired { by, first_claimed_at })
}

/// Only the owner changes anything, and only until the event has its reply.
fn change(state: State, by: &Ownership, change: impl FnOnce(&mut Row)) -> (State, Heard) {
    match state {
        Some(mut row)
            if row.reference.as_ref() == Some(&by.reference)
                && row.token == by.token
                && row.reply.is_none() =>
        {
            row.possible_sends = by.possible_sends;
            change(&mut row);
            (Some(row), Heard::Held)
        }
        state => (state, Heard::Lost),
    }
}
