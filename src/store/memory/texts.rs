//! Texts, and what is learnt of them, in memory.

use super::{MemoryStore, Rows, StoreError};
use crate::domain::{DeliveryRef, TextRef, TextStatus, Timestamp};
use crate::store::texts::{
    About, Again, Delivery, Failure, Query, Report, Reported, ReportedText, Resend, Text, TextLog, Verified,
    Why,
};
use sms_providers::{DeliveryStatus, Price, ProviderName};

/// As many failed texts are remembered to be made good; a minute's worth is asked for.
const MOST_FAILED: usize = 10_000;

/// The texts of one delivery, in the order of their numbers. Most have one, so a list is all that it takes.
#[derive(Default)]
pub(super) struct Texts(Vec<Row>);

impl Texts {
    /// The text of this number, made as one of `provider` if it is not there.
    fn of(&mut self, number: u8, provider: ProviderName) -> &mut Row {
        let place = self.0.binary_search_by_key(&number, |text| text.number);
        let place = place.unwrap_or_else(|place| {
            self.0.reserve_exact(1);
            self.0.insert(place, Row::of(number, provider));
            place
        });
        &mut self.0[place]
    }

    fn get(&self, number: u8) -> Option<&Row> {
        self.0.iter().find(|text| text.number == number)
    }

    /// All of them.
    pub fn all(&self) -> &[Row] {
        &self.0
    }
}

/// One text.
pub(super) struct Row {
    /// Which one of its delivery.
    pub number: u8,
    /// Who was asked.
    pub provider: ProviderName,
    /// The request; `None` until its answer is written down.
    pub request: Option<Text>,
    pub status: Option<TextStatus>,
    pub status_code: Option<String>,
    pub status_at: Option<Timestamp>,
    pub word: Option<String>,
    again: Option<Again>,
    segments: Option<u8>,
    price: Option<Price>,
}

impl Row {
    fn of(number: u8, provider: ProviderName) -> Self {
        Self {
            number,
            provider,
            request: None,
            status: None,
            status_code: None,
            status_at: None,
            word: None,
            again: None,
            segments: None,
            price: None,
        }
    }

    /// The request, with what reports have added to it.
    pub fn told(&self) -> Option<Text> {
        let request = self.request.clone()?;
        let (segments, price) = (self.segments.or(request.segments), self.price.or(request.price));
        Some(Text { segments, price, ..request })
    }

    /// The provider's id of the text, if it is MessageBird.
    pub fn of_messagebird(&self) -> Option<&str> {
        let request = self.request.as_ref().filter(|text| text.provider == ProviderName::MessageBird)?;
        request.message_id.as_deref()
    }
}

impl Rows {
    /// Writes requests down, beside what was reported of them already.
    pub(super) fn write(&mut self, delivery: &DeliveryRef, texts: &[Text]) {
        let Some(id) = self.ids.get(delivery) else { return };
        let Some(row) = self.by_id.get_mut(id) else { return };
        for text in texts {
            let logged = row.texts.of(text.number, text.provider);
            let accepted = text.is_accepted().then_some(TextStatus::Reported(DeliveryStatus::Accepted));
            logged.status = logged.status.or(accepted);
            logged.request = Some(text.clone());
            if let Some(id) = logged.of_messagebird() {
                let reference = TextRef { delivery: delivery.clone(), number: text.number };
                self.messages.insert(id.to_owned(), reference);
            }
        }
    }

    fn report(&mut self, about: &About, report: &Report, now: Timestamp) -> Reported {
        let (text, provider) = match about {
            About::Text(text, provider) => (text.clone(), *provider),
            About::Message(id) => match self.messages.get(id) {
                Some(text) => (text.clone(), ProviderName::MessageBird),
                None => return Reported::NotFound,
            },
        };
        let Some(delivery) = self.by_ref(&text.delivery).filter(|row| row.numbered >= text.number) else {
            return Reported::NotFound;
        };
        let region = delivery.delivery.region;
        let row = delivery.texts.of(text.number, provider);
        if row.provider != provider {
            return Reported::NotFound;
        }
        row.word = report.word.clone().or(row.word.take());
        let rises = |next: &DeliveryStatus| row.status.is_none_or(|status| status.may_become(*next));
        let Some(next) = report.status.filter(rises) else { return Reported::Unchanged };
        row.status = Some(TextStatus::Reported(next));
        row.status_code.clone_from(&report.code);
        row.status_at = Some(now);
        row.again = report.again;
        row.segments = report.segments.or(row.segments);
        row.price = report.price.or(row.price);
        let sent = row.request.as_ref().map(|request| (request.provider, request.sent_at));
        if report.again.is_some() {
            if self.failed.len() == MOST_FAILED {
                self.failed.pop_front();
            }
            self.failed.push_back((now, text.clone()));
        }
        Reported::Raised(ReportedText { text, region, sent })
    }

    fn begin_resend(&mut self, failed: &TextRef, why: Why, requests: u8, max_sends: u8) -> Option<Resend> {
        let Self { by_id, ids, numbers, .. } = self;
        let row = by_id.get_mut(ids.get(&failed.delivery)?)?;
        let recipient = row.delivery.recipient.as_ref()?;
        let settled = |text: &Row| {
            let heard_of = why == Why::Silent && text.number == failed.number;
            let is_final = text.status.is_some_and(TextStatus::is_final);
            is_final && (text.again.is_none() || heard_of)
        };
        let too_late = row.reply.is_none()
            || row.verified_at.is_some()
            || row.possible_sends >= max_sends
            || row.numbered != failed.number
            || row.texts.all().iter().any(settled)
            || !numbers.is_latest(&recipient.hash, &failed.delivery);
        if too_late {
            return None;
        }
        row.possible_sends += 1;
        row.numbered = row.numbered.saturating_add(requests).saturating_add(1);
        Some(Resend::of(row.numbered, requests))
    }

    fn verified(&mut self, hash: &str, alive_at: Timestamp, now: Timestamp) -> Option<Verified> {
        let (latest, cleared, verified_before) = self.numbers.verified(hash, now);
        let latest = latest?;
        let row = self.by_ref(&latest).filter(|row| row.verified_at.is_none())?;
        if row.delivery.expires_at.is_some_and(|dies| dies < alive_at) {
            return None;
        }
        row.verified_at = Some(now);
        let may_have_left = |text: &&mut Row| {
            let verdict = text.request.as_ref().map(|text| text.verdict.as_str());
            verdict.is_some_and(|verdict| [Text::ACCEPTED, "unknown"].contains(&verdict))
        };
        let alone = row.texts.all().len() == 1;
        let mut left: Vec<_> = row.texts.0.iter_mut().filter(may_have_left).collect();
        let first_sent_at = left.iter().filter_map(|text| Some(text.request.as_ref()?.sent_at)).min()?;
        let last = left.pop()?;
        (last.status, last.status_at) = (Some(TextStatus::Verified), Some(now));
        let request = last.request.as_ref()?;
        Some(Verified {
            text: TextRef { delivery: latest, number: request.number },
            provider: request.provider,
            message_id: request.message_id.clone(),
            region: row.delivery.region,
            sent_at: request.sent_at,
            first_sent_at,
            alone,
            linked: row.delivery.linked,
            cleared,
            verified_before,
        })
    }
}

#[async_trait::async_trait]
impl TextLog for MemoryStore {
    async fn report(&self, about: &About, report: &Report, now: Timestamp) -> Result<Reported, StoreError> {
        Ok(self.rows().report(about, report, now))
    }

    async fn failures(&self, since: Timestamp, limit: u32) -> Result<Vec<Failure>, StoreError> {
        let rows = self.rows();
        let recent = rows.failed.iter().rev().filter(|(at, _)| *at >= since);
        let failures = recent.filter_map(|(_, text)| {
            let row = rows.by_id.get(rows.ids.get(&text.delivery)?)?.texts.get(text.number)?;
            Some(Failure { text: text.clone(), provider: row.provider, again: row.again? })
        });
        Ok(failures.take(limit as usize).collect())
    }

    async fn begin_resend(
        &self,
        failed: &TextRef,
        why: Why,
        requests: u8,
        max_sends: u8,
    ) -> Result<Option<Resend>, StoreError> {
        Ok(self.rows().begin_resend(failed, why, requests, max_sends))
    }

    async fn record_resend(
        &self,
        delivery: &DeliveryRef,
        resend: Resend,
        texts: &[Text],
        may_have_sent: bool,
    ) -> Result<(), StoreError> {
        let mut rows = self.rows();
        if let Some(row) = rows.by_ref(delivery).filter(|row| row.numbered == resend.end) {
            row.possible_sends = row.possible_sends.saturating_sub(u8::from(!may_have_sent));
            row.numbered = resend.numbered(texts);
            rows.write(delivery, texts);
        }
        Ok(())
    }

    async fn verified(
        &self,
        recipient_hash: &str,
        alive_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Verified>, StoreError> {
        Ok(self.rows().verified(recipient_hash, alive_at, now))
    }

    async fn deliveries(&self, query: &Query, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        Ok(self.rows().find(query, limit as usize))
    }
}
