//! Codes that may have to be sent again: in the memory of the instance that sent them, and nowhere else.
//!
//! A code is wiped when it is dead, and before that when this instance learns that it was verified, that a newer one
//! for its number exists, or that it arrived. What a shutdown finds here is lost.

use crate::domain::{DeliveryRef, EventId, OtpCode, OtpType, Region, TextRef, Timestamp};
use sms_providers::{PhoneNumber, ProviderName};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Beyond so many, the oldest ones are not sent again: some 40 MB.
const MOST: usize = 50_000;

/// A code, and all that another text with it needs.
#[derive(Clone)]
pub(super) struct LivingCode {
    pub event: EventId,
    pub to: PhoneNumber,
    /// When its event came first.
    pub came_at: Timestamp,
    /// The keyed hash of the number.
    pub hash: Arc<str>,
    pub code: OtpCode,
    pub otp_type: OtpType,
    pub project_name: Option<String>,
    pub region: Option<Region>,
    pub expires_at: Timestamp,
    /// Who had the event already.
    pub asked: Vec<ProviderName>,
    /// The number of the last request that may have produced a text.
    pub last: u8,
    /// When it is sent again if no final report has come.
    pub silent_at: Option<Timestamp>,
}

/// The living codes of this instance.
#[derive(Default)]
pub(super) struct Living {
    state: Mutex<State>,
    born: Notify,
}

#[derive(Default)]
struct State {
    codes: HashMap<DeliveryRef, LivingCode>,
    by_number: HashMap<Arc<str>, DeliveryRef>,
    /// In the order in which they came; some are gone by now.
    ages: VecDeque<DeliveryRef>,
}

impl State {
    fn forget(&mut self, delivery: &DeliveryRef) {
        let Some(LivingCode { hash, .. }) = self.codes.remove(delivery) else { return };
        if self.by_number.get(&hash) == Some(delivery) {
            self.by_number.remove(&hash);
        }
    }
}

impl Living {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a code that was sent, unless a newer one for its number is here already.
    pub fn keep(&self, delivery: DeliveryRef, code: LivingCode) {
        let mut state = self.state();
        let other = state.by_number.get(&code.hash).and_then(|other| state.codes.get(other));
        if other.is_some_and(|other| other.came_at > code.came_at) {
            return;
        }
        if let Some(older) = state.by_number.insert(code.hash.clone(), delivery.clone()) {
            state.codes.remove(&older);
        }
        state.ages.push_back(delivery.clone());
        state.codes.insert(delivery, code);
        while state.codes.len() > MOST {
            let Some(oldest) = state.ages.pop_front() else { break };
            state.forget(&oldest);
        }
        drop(state);
        self.born.notify_one();
    }

    /// Whether the code of a delivery is here.
    pub fn holds(&self, delivery: &DeliveryRef) -> bool {
        self.state().codes.contains_key(delivery)
    }

    /// The code of a delivery.
    pub fn get(&self, delivery: &DeliveryRef) -> Option<LivingCode> {
        self.state().codes.get(delivery).cloned()
    }

    /// Takes note of a final report after which no other text follows; one that `arrived` ends the matter.
    pub fn heard(&self, text: &TextRef, arrived: bool) {
        let mut state = self.state();
        if state.codes.get(&text.delivery).is_some_and(|code| arrived || code.last == text.number) {
            state.forget(&text.delivery);
        }
    }

    /// Forgets the code for a number: it was verified, or there is a newer one.
    pub fn forget_number(&self, hash: &str) {
        let mut state = self.state();
        if let Some(delivery) = state.by_number.remove(hash) {
            state.codes.remove(&delivery);
        }
    }

    /// Forgets the code for a number if its event came until then.
    pub fn erase(&self, hash: &str, until: Timestamp) {
        let mut state = self.state();
        let delivery = state.by_number.get(hash).cloned();
        let is_meant =
            |delivery: &DeliveryRef| state.codes.get(delivery).is_some_and(|code| code.came_at <= until);
        if let Some(delivery) = delivery.filter(is_meant) {
            state.forget(&delivery);
        }
    }

    /// Whether there is any code.
    pub fn is_empty(&self) -> bool {
        self.state().codes.is_empty()
    }

    /// Takes note of another text of a delivery.
    pub fn sent_again(
        &self,
        delivery: &DeliveryRef,
        by: &[ProviderName],
        last: u8,
        silent_at: Option<Timestamp>,
    ) {
        if let Some(code) = self.state().codes.get_mut(delivery) {
            code.asked.extend(by);
            (code.last, code.silent_at) = (last, silent_at);
        }
    }

    /// Forgets what is dead; returns what has been silent for too long, once each.
    pub fn tick(&self, now: Timestamp) -> Vec<(DeliveryRef, u8)> {
        let mut state = self.state();
        let dead = state.codes.iter().filter(|(_, code)| code.expires_at <= now);
        for delivery in dead.map(|(delivery, _)| delivery.clone()).collect::<Vec<_>>() {
            state.forget(&delivery);
        }
        let State { codes, ages, .. } = &mut *state;
        // Looked through only once half of it is gone: there may be many, and this is done each second.
        if ages.len() / 2 >= codes.len() {
            ages.retain(|delivery| codes.contains_key(delivery));
        }
        let silent = codes.iter_mut().filter(|(_, code)| code.silent_at.is_some_and(|at| at <= now));
        silent
            .map(|(delivery, code)| {
                code.silent_at = None;
                (delivery.clone(), code.last)
            })
            .collect()
    }

    /// Waits until there is a code.
    pub async fn any(&self) {
        while self.state().codes.is_empty() {
            self.born.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_millis(1_770_000_000_000);

    fn code(hash: &str, lives: Duration) -> LivingCode {
        LivingCode {
            event: EventId::new("event").unwrap(),
            to: "+15551234567".parse().unwrap(),
            came_at: NOW,
            hash: hash.into(),
            code: OtpCode::new("042137").unwrap(),
            otp_type: OtpType::SignIn,
            project_name: None,
            region: None,
            expires_at: NOW.plus(lives),
            asked: Vec::new(),
            last: 1,
            silent_at: None,
        }
    }

    #[test]
    fn what_is_remembered_of_codes_is_bounded_by_those_that_live() {
        let living = Living::default();
        let minute = Duration::from_secs(60);
        living.keep(DeliveryRef::random(), code("patient", minute * 10));
        for number in 0..1000 {
            let (delivery, hash) = (DeliveryRef::random(), number.to_string());
            living.keep(delivery.clone(), code(&hash, minute));
            // A third each arrives, is verified, dies.
            match number % 3 {
                0 => living.heard(&TextRef { delivery, number: 1 }, true),
                1 => living.forget_number(&hash),
                _ => {}
            }
        }
        living.tick(NOW.plus(minute));
        let state = living.state();
        assert_eq!((state.codes.len(), state.by_number.len()), (1, 1));
        assert!(state.ages.len() <= 2, "{}", state.ages.len());
    }

    #[test]
    fn a_newer_code_for_a_number_takes_the_place_of_the_older_one_whatever_the_order() {
        let living = Living::default();
        let (older, newer) = (DeliveryRef::random(), DeliveryRef::random());
        let later =
            LivingCode { came_at: NOW.plus(Duration::from_secs(1)), ..code("a", Duration::from_secs(60)) };
        living.keep(newer.clone(), later.clone());
        living.keep(older.clone(), code("a", Duration::from_secs(60)));
        assert!(living.holds(&newer) && !living.holds(&older));
        let living = Living::default();
        living.keep(older.clone(), code("a", Duration::from_secs(60)));
        living.keep(newer.clone(), later);
        assert!(living.holds(&newer) && !living.holds(&older));
    }
}
