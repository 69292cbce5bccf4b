//! Another text for a code whose last one did not arrive, while that helps.
//!
//! The code is in the memory of the instance that sent it, so only that one can send it again: each looks in the
//! store for reports that reached another one.

use super::living::LivingCode;
use super::{Sending, Texting, otp};
use crate::domain::time::Deadline;
use crate::domain::{DeliveryRef, TextRef, Timestamp};
use crate::relay::once::in_time;
use crate::store::texts::{Again, Failure, Resend, Why};
use crate::telemetry::trace;
use sms_providers::{ProviderName, Step};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;

/// How often codes are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// Reports are looked for so far back: clocks of two machines may differ by it, and an event may take as long to
/// be finished.
const LOOK_BACK: Duration = Duration::from_secs(30);
/// A text whose event is not finished yet is looked at again so often.
const TRIES: u8 = 10;
/// Reports at a time.
const REPORTS: u32 = 1000;
/// A code that lives no longer is not worth another text.
const SHORTEST_LIFE: Duration = Duration::from_secs(30);
/// No provider is waited for longer.
const LONGEST: Duration = Duration::from_secs(12);

/// Why a text is sent again.
#[derive(Clone, Copy)]
enum Reason {
    /// It was reported as failed, and so much has to be left of the code's life.
    Failed(Again),
    /// Nothing was heard of it.
    Silent,
}

impl Texting {
    /// Sends a failed text again, if its code is here; says whether it is.
    pub(super) fn make_good(self: &Arc<Self>, failed: TextRef, again: Again) -> bool {
        let is_here = self.living.holds(&failed.delivery);
        if is_here && self.sending().settings.resend_on_failure {
            self.start(failed, Reason::Failed(again));
        }
        is_here
    }

    /// Looks after living codes, for ever.
    pub async fn watch_codes(self: Arc<Self>) {
        let mut tried = HashMap::new();
        loop {
            self.living.any().await;
            tokio::time::sleep(EVERY).await;
            let now = self.clock.now();
            for (delivery, number) in self.living.tick(now) {
                self.start(TextRef { delivery, number }, Reason::Silent);
            }
            if self.sending().settings.resend_on_failure {
                tried = self.look_for_failures(now, tried).await;
            }
        }
    }

    /// Starts what reports at other instances ask for, a few times, since the event may not be finished yet; returns
    /// how often each was started.
    async fn look_for_failures(
        self: &Arc<Self>,
        now: Timestamp,
        tried: HashMap<TextRef, u8>,
    ) -> HashMap<TextRef, u8> {
        let found = in_time(self.ledger.store().failures(now.minus(LOOK_BACK), REPORTS)).await;
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.ledger.failed(&error);
                return tried;
            }
        };
        let start = |Failure { text, again, .. }| {
            let tries = tried.get(&text).copied().unwrap_or_default();
            let started = tries < TRIES && self.make_good(text.clone(), again);
            (text, tries + u8::from(started))
        };
        found.into_iter().map(start).collect()
    }

    fn start(self: &Arc<Self>, failed: TextRef, reason: Reason) {
        let texting = self.clone();
        self.tasks.spawn(async move { texting.send_again(&failed, reason).await });
    }

    async fn send_again(&self, failed: &TextRef, reason: Reason) {
        // As many as may ask the store and providers at once, beside codes that somebody waits for.
        let _turn = self.resending.acquire().await;
        let Some(code) = self.living.get(&failed.delivery) else { return };
        let sending = self.sending();
        let left = Deadline(code.expires_at).remaining(self.clock.now());
        let (why, life, transient) = match reason {
            Reason::Failed(again) => (Why::Failed, again.life, again.transient),
            Reason::Silent => (Why::Silent, SHORTEST_LIFE, false),
        };
        let order = self.others(&sending, &code, transient);
        if left < life || order.is_empty() {
            return;
        }
        let requests = u8::try_from(order.len()).unwrap_or(u8::MAX);
        let begun = self.ledger.store().begin_resend(failed, why, requests, sending.settings.max_sends);
        let resend = match in_time(begun).await {
            Ok(Some(resend)) => resend,
            Ok(None) => return,
            Err(error) => return self.ledger.failed(&error),
        };
        self.send_through(&sending, &order, &failed.delivery, &code, resend, why).await;
    }

    /// Who has not had the event yet; or, if there is one provider alone and it may do better now, that one.
    fn others(&self, sending: &Sending, code: &LivingCode, transient: bool) -> Vec<ProviderName> {
        let order = self.order(sending, code.region, None);
        match order.as_slice() {
            [only] if transient => vec![*only],
            order => order.iter().copied().filter(|name| !code.asked.contains(name)).collect(),
        }
    }

    async fn send_through(
        &self,
        sending: &Sending,
        order: &[ProviderName],
        delivery: &DeliveryRef,
        code: &LivingCode,
        resend: Resend,
        why: Why,
    ) {
        let reason = match why {
            Why::Failed => "failed",
            Why::Silent => "silent",
        };
        let left = Deadline(code.expires_at).remaining(self.clock.now());
        let project = code.project_name.as_deref();
        let rendered = sending.template(code.region).render(&code.code, project, code.otp_type, left);
        let Ok(body) = rendered else { return };
        let message = sending.message(&code.event, delivery, code.to.clone(), body, code.region, left);
        let started = self.clock.now();
        // One possible text was counted ahead, so the first that may have left is the last.
        let run = sending.chain.start_in(order, &message, Instant::now() + LONGEST.min(left), 1);
        let mut run = run.numbered_from(resend.first);
        let result = loop {
            let span = trace::vendor();
            let step = run.next().instrument(span.clone()).await;
            if let Some(attempt) = run.attempts().last() {
                trace::asked(&span, attempt);
            }
            if let Step::Done(result) = step {
                break result;
            }
        };
        let texts = otp::texts(run.attempts(), resend.first, started);
        for attempt in run.attempts() {
            self.metrics.attempted(attempt);
            self.metrics.resent(attempt.provider, reason);
        }
        if run.possible_sends() > 0 {
            self.left_again(code.region);
        }
        let attempts = otp::told(run.attempts());
        match &result {
            Ok(receipt) => tracing::info!(
                event.id = %code.event, provider = %receipt.provider, message.id = receipt.message_id, reason,
                attempts, "the code was sent again"
            ),
            Err(kind) => {
                tracing::error!(event.id = %code.event, %kind, reason, attempts, "the code could not be sent again");
            }
        }
        let asked: Vec<_> = run.attempts().iter().map(|attempt| attempt.provider).collect();
        let last = texts.last().map_or(resend.first, |text| text.number);
        self.living.sent_again(delivery, &asked, last, sending.silent_at(self.clock.now()));
        let recorded = self.ledger.store().record_resend(delivery, resend, &texts, run.possible_sends() > 0);
        if let Err(error) = in_time(recorded).await {
            self.ledger.failed(&error);
        }
    }
}
