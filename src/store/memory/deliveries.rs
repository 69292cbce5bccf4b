//! Deliveries as an operator sees them.

use super::{Row, Rows};
use crate::domain::{EventId, TextRef, Timestamp};
use crate::store::texts::{Delivery, LoggedText, Only, Query};
use std::cmp::Reverse;
use std::time::Duration;

impl Rows {
    pub(super) fn find(&self, query: &Query, limit: usize) -> Vec<Delivery> {
        let mut found: Vec<_> =
            self.by_id.values().map(Box::as_ref).filter(|row| row.is_meant(query)).collect();
        if query.after.is_some() {
            found.sort_by_key(|row| row.place());
            found.truncate(limit);
            return found.into_iter().map(Row::told).collect();
        }
        found.sort_by_key(|row| (Reverse(row.first_claimed_at), row.delivery.id.as_str()));
        found.truncate(limit);
        found.into_iter().rev().map(Row::told).collect()
    }
}

impl Row {
    fn is_meant(&self, query: &Query) -> bool {
        let hash = self.delivery.recipient.as_ref().map(|recipient| &*recipient.hash);
        query.event.as_ref().is_none_or(|event| *event == self.delivery.id)
            && query.recipient_hash.as_deref().is_none_or(|wanted| hash == Some(wanted))
            && query.since.is_none_or(|since| self.first_claimed_at >= since)
            && query.before.is_none_or(|before| self.first_claimed_at < before)
            && query
                .after
                .as_ref()
                .is_none_or(|(at, id)| self.place() > (*at, id.as_ref().map_or("", EventId::as_str)))
            && query.changed_since.is_none_or(|since| self.has_changed(since, query.only))
            && query.only.is_none_or(|only| self.ended(only))
    }

    fn place(&self) -> (Timestamp, &str) {
        (self.first_claimed_at, self.delivery.id.as_str())
    }

    fn has_changed(&self, since: Timestamp, only: Option<Only>) -> bool {
        let dies_at = matches!(only, Some(Only::Unverified(_))).then(|| self.dies_at());
        let of_itself = [Some(self.first_claimed_at), self.finished_at, self.verified_at, dies_at];
        let of_texts = self.texts.all().iter().flat_map(|text| {
            let sent_at = text.request.as_ref().map(|request| request.sent_at);
            [text.status_at, sent_at]
        });
        of_itself.into_iter().chain(of_texts).flatten().any(|at| at >= since)
    }

    fn dies_at(&self) -> Timestamp {
        self.delivery.expires_at.unwrap_or(self.first_claimed_at.plus(Duration::from_secs(300)))
    }

    fn ended(&self, only: Only) -> bool {
        let accepted = |text: &&super::TextRow| text.request.as_ref().is_some_and(|text| text.is_accepted());
        match only {
            Only::Failed => {
                let last = self.texts.all().iter().rev().find(accepted);
                let failed = last.is_none_or(|text| text.status.is_some_and(|status| status.is_failure()));
                !self.texts.all().is_empty() && failed
            }
            Only::Unverified(now) => {
                self.verified_at.is_none()
                    && self.dies_at() < now
                    && self.texts.all().iter().any(|text| accepted(&text))
            }
            Only::Refused => self.decision.as_ref().is_some_and(|said| said.contains("\"refused\"")),
        }
    }

    fn told(&self) -> Delivery {
        let texts = self.texts.all().iter().map(|text| LoggedText {
            reference: TextRef { delivery: self.delivery_ref.clone(), number: text.number },
            provider: text.provider,
            request: text.told(),
            status: text.status,
            status_code: text.status_code.clone(),
            status_at: text.status_at,
            word: text.word.clone(),
        });
        Delivery {
            reference: self.delivery_ref.clone(),
            event: self.delivery.id.clone(),
            event_type: self.delivery.event_type.clone(),
            endpoint: self.delivery.endpoint.clone(),
            came_at: self.first_claimed_at,
            recipient_hash: self.delivery.recipient.as_ref().map(|recipient| recipient.hash.to_string()),
            last_two: self.delivery.recipient.as_ref().map(|recipient| recipient.last_two.clone()),
            region: self.delivery.region,
            linked: self.delivery.linked,
            decision: self.decision.clone(),
            reply: self.reply.clone(),
            answered_at: self.finished_at,
            expires_at: self.delivery.expires_at,
            verified_at: self.verified_at,
            texts: texts.collect(),
        }
    }
}
