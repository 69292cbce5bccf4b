//! Who owns an event.

use super::{NEVER, Row, Rows, Texts};
use crate::domain::{DeliveryRef, Timestamp};
use crate::store::{Claim, History, LONGEST_LEASE, Lease, NUMBERS, NewDelivery};
use sms_providers::ProviderName;
use std::sync::Arc;

impl Rows {
    pub(super) fn claim(&mut self, delivery: &NewDelivery, now: Timestamp, until: Timestamp) -> Claim {
        let Self { by_id, ids, ages, .. } = self;
        let row = by_id.entry(delivery.id.clone()).or_insert_with(|| {
            let delivery_ref = DeliveryRef::new(now);
            ids.insert(delivery_ref.clone(), delivery.id.clone());
            ages.insert((now, delivery.id.clone()));
            Box::new(Row {
                delivery: delivery.clone(),
                delivery_ref,
                first_claimed_at: now,
                token: 0,
                leased_until: NEVER,
                possible_sends: 0,
                numbered: 0,
                refused_by: None,
                verified_at: None,
                finished_at: None,
                reply: None,
                decision: None,
                texts: Texts::default(),
            })
        });
        if let Some(reply) = &row.reply {
            return Claim::Finished(reply.clone());
        }
        if (now..=now.plus(LONGEST_LEASE)).contains(&row.leased_until) {
            return Claim::InFlight;
        }
        row.token += 1;
        row.leased_until = until;
        row.possible_sends = row.possible_sends.saturating_add(1);
        row.numbered = row.numbered.saturating_add(NUMBERS);
        let mut lease = Lease {
            id: delivery.id.clone(),
            token: row.token,
            delivery_ref: row.delivery_ref.clone(),
            first_claimed_at: row.first_claimed_at,
            possible_sends: row.possible_sends,
            next_number: row.numbered.saturating_sub(NUMBERS).saturating_add(1),
            history: History { refused_by: row.refused_by.clone(), ..History::default() },
        };
        if let Some(recipient) = &delivery.recipient {
            self.recall(delivery, &recipient.hash, &mut lease, now);
        }
        Claim::Acquired(lease)
    }

    /// What is known of the number; a new event is noted there.
    fn recall(&mut self, delivery: &NewDelivery, hash: &Arc<str>, lease: &mut Lease, now: Timestamp) {
        let (verified_at, previous) = if lease.token == 1 {
            let noted = self.numbers.note(delivery, hash, &lease.delivery_ref, now);
            if noted.refused_by.is_some() {
                if let Some(row) = self.by_ref(&lease.delivery_ref) {
                    row.refused_by.clone_from(&noted.refused_by);
                }
                lease.history.refused_by = noted.refused_by;
            }
            (noted.verified_at, noted.previous)
        } else {
            self.numbers.known(hash)
        };
        lease.history.verified_at = verified_at;
        lease.history.previous = previous.and_then(|previous| self.taken_in_vain(&previous));
    }

    /// Who took the last text of a delivery that led to no verification.
    fn taken_in_vain(&mut self, reference: &DeliveryRef) -> Option<ProviderName> {
        let row = self.by_ref(reference).filter(|row| row.verified_at.is_none())?;
        let mut requests = row.texts.all().iter().rev().filter_map(|text| text.request.as_ref());
        requests.find(|text| text.is_accepted()).map(|text| text.provider)
    }
}
