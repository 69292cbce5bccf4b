//! Sends one code: number, expiry, text, chain.

use super::living::LivingCode;
use super::{Sending, Texting, guard};
use crate::domain::{
    Accepted, Deadline, Destination, Event, OtpCode, Problem, Recipient, RefuseReason, Region, Reply,
    SendOtp, Timestamp, TryAgainReason, check_possible,
};
use crate::guard::{Outcome as Decided, Weighed};
use crate::relay::once::Ownership;
use crate::store::{NewDelivery, Outcome, Text};
use crate::telemetry::trace;
use sms_providers::{Attempt, ChainRun, FailureKind, PhoneNumber, SendReceipt, SmsBody, Step};
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;

/// A code with less to live would expire before it is read and typed.
const SHORTEST_LIFE: Duration = Duration::from_secs(10);
/// Neon's default, for an event that does not say when its code expires.
const DEFAULT_LIFE: Duration = Duration::from_secs(300);

/// A code that can be sent.
struct Prepared<'a> {
    to: PhoneNumber,
    code: &'a OtpCode,
    body: SmsBody,
    expires_in: Duration,
}

impl Texting {
    /// Sends the code of `otp` within this time, if the guard lets it, and says how it went, with every request that
    /// was made.
    pub async fn send(
        &self,
        event: &Event,
        otp: &SendOtp,
        delivery: &NewDelivery,
        weighed: Option<Weighed<'_>>,
        ownership: &Ownership,
        within: Duration,
    ) -> Outcome {
        let until = Instant::now() + within;
        let sending = self.sending();
        let lease = ownership.lease();
        // The claim has counted one send ahead; what is left of the limit includes it.
        let earlier = lease.possible_sends.saturating_sub(1);
        let allowance = sending.settings.max_sends.saturating_sub(earlier);
        let prepared = match self.prepare(event, otp, delivery.region, &sending) {
            Ok(_) if allowance == 0 => Err(Reply::TryAgain(TryAgainReason::NoVerdict)),
            prepared => prepared,
        };
        let Prepared { to, code, body, expires_in } = match prepared {
            Ok(prepared) => prepared,
            Err(reply) => {
                ownership.set_possible_sends(earlier);
                return Outcome::of(reply);
            }
        };
        if self.is_test_number(&to) {
            ownership.set_possible_sends(earlier);
            return self.keep_test_code(event, &to, code, expires_in, &lease).await;
        }
        let decision = weighed.map(|weighed| self.decide(weighed, &to, ownership, delivery));
        let recorded = decision.as_ref().map(guard::record);
        if let Some(Decided::Refused(reason)) = decision.as_ref().map(|decision| decision.outcome) {
            ownership.set_possible_sends(earlier);
            return Outcome { decision: recorded, ..Outcome::of(Reply::Refused(reason)) };
        }
        let counted = decision.and_then(|decision| decision.sent);
        let (region, reference) = (delivery.region, &lease.delivery_ref);
        if let Some(recipient) = &delivery.recipient {
            // Neon has made the older code void.
            self.living.forget_number(&recipient.hash);
        }
        let order = self.order(&sending, region, lease.history.previous);
        let message = sending.message(&event.id, reference, to.clone(), body, region, expires_in);
        let started = self.clock.now();
        let run = sending.chain.start_in(&order, &message, until, allowance);
        let mut run = run.numbered_from(lease.next_number);
        let result = drive(&mut run, ownership).await;
        self.troubled.look(sending.chain.breakers(), &self.metrics);
        ownership.set_possible_sends(earlier.saturating_add(run.possible_sends()));
        let texts = texts(run.attempts(), lease.next_number, started);
        let prices = texts.iter().filter_map(|text| text.price.filter(|_| message.callbacks.is_none()));
        self.became(counted.as_ref(), region, run.possible_sends(), &prices.collect::<Vec<_>>());
        self.report(event, delivery.recipient.as_ref(), run.attempts(), &result);
        // The first text of an event tells how good its provider is; what follows a failure gets the hard numbers.
        let first = run.attempts().first().filter(|_| lease.next_number == 1);
        if let Some(first) = first.filter(|attempt| attempt.may_have_sent()) {
            self.metrics.first_sent(first.provider, region);
            self.book.first(started, region, first.provider, started.plus(expires_in));
        }
        // Of what the store does not know, it could not say whether another text helps.
        let recipient = delivery.recipient.as_ref().filter(|_| ownership.durable());
        if let (Ok(_), true, Some(recipient)) = (&result, sending.may_be_sent_again(), recipient) {
            let living = LivingCode {
                came_at: lease.first_claimed_at,
                event: event.id.clone(),
                to,
                hash: recipient.hash.clone(),
                code: code.clone(),
                otp_type: otp.otp_type,
                project_name: event.project_name.clone(),
                region,
                expires_at: started.plus(expires_in),
                asked: run.attempts().iter().map(|attempt| attempt.provider).collect(),
                last: texts.last().map_or(lease.next_number, |text| text.number),
                silent_at: sending.silent_at(self.clock.now()),
            };
            self.living.keep(reference.clone(), living);
        }
        Outcome { texts, decision: recorded, ..Outcome::of(reply_to(result)) }
    }

    /// What is needed to send, or why it is refused.
    fn prepare<'a>(
        &self,
        event: &Event,
        otp: &'a SendOtp,
        region: Option<Region>,
        sending: &Sending,
    ) -> Result<Prepared<'a>, Reply> {
        let to = match &otp.destination {
            Destination::Number(number) => number.clone(),
            Destination::Missing => return Err(refuse(RefuseReason::NoPhoneNumber)),
            Destination::NotE164 => return Err(refuse(RefuseReason::InvalidPhoneNumber)),
        };
        check_possible(&to).map_err(|_impossible| refuse(RefuseReason::InvalidPhoneNumber))?;
        let code = otp.code.as_ref().ok_or_else(|| refuse(RefuseReason::InvalidCode))?;
        let expires_in = otp.expires_at.map_or(DEFAULT_LIFE, |at| Deadline(at).remaining(self.clock.now()));
        if expires_in < SHORTEST_LIFE {
            return Err(refuse(RefuseReason::CodeExpired));
        }
        let project = event.project_name.as_deref();
        let body = sending.template(region).render(code, project, otp.otp_type, expires_in);
        let body = body.map_err(|error| {
            tracing::error!(%error, "the template does not render any more");
            Reply::TryAgain(TryAgainReason::Internal)
        })?;
        Ok(Prepared { to, code, body, expires_in })
    }

    /// The one log line of the event, with every attempt in it.
    fn report(
        &self,
        event: &Event,
        recipient: Option<&Recipient>,
        attempts: &[Attempt],
        result: &Result<SendReceipt, FailureKind>,
    ) {
        for attempt in attempts {
            self.metrics.attempted(attempt);
        }
        let told = told(attempts);
        for (attempt, failure) in attempts.iter().filter_map(|a| a.failure.as_ref().map(|f| (a, f))) {
            if failure.kind == FailureKind::Misconfigured || failure.hint.is_some() {
                let code = failure.code.as_ref().map(ToString::to_string);
                let hint = failure.hint.unwrap_or_else(|| failure.kind.remedy());
                let message = match failure.kind {
                    FailureKind::Misconfigured => "a provider refuses our account or request",
                    _ => "a provider did not take the text, and something can be done about it",
                };
                tracing::error!(provider = %attempt.provider, kind = %failure.kind, vendor.code = code, hint, "{message}");
            }
        }
        let event_id = event.id.as_str();
        let (to, last_two) = recipient.map(|to| (&*to.hash, to.last_two.as_str())).unzip();
        match result {
            Ok(receipt) => tracing::info!(
                event.id = event_id, recipient.hash = to, recipient.last_two = last_two,
                provider = %receipt.provider, message.id = receipt.message_id, attempts = told, "the code was sent"
            ),
            Err(kind) => {
                let remedy = reply_to(Err(*kind)).problem().map(|problem| problem.remedy);
                tracing::error!(
                    event.id = event_id, recipient.hash = to, recipient.last_two = last_two, %kind, attempts = told, remedy,
                    "the code was not sent"
                );
            }
        }
    }
}

fn refuse(reason: RefuseReason) -> Reply {
    let Problem { code, remedy, .. } = reason.problem();
    tracing::warn!(reason = code, remedy, "the code cannot be sent");
    Reply::Refused(reason)
}

/// Asks one provider after the other; counts each further request before it is written.
async fn drive(run: &mut ChainRun<'_>, ownership: &Ownership) -> Result<SendReceipt, FailureKind> {
    loop {
        let before = run.possible_sends();
        let span = trace::vendor();
        let step = run.next().instrument(span.clone()).await;
        if let Some(attempt) = run.attempts().last() {
            trace::asked(&span, attempt);
        }
        match step {
            Step::Done(result) => return result,
            Step::Next if run.possible_sends() == before => {}
            Step::Next if ownership.count_send().await => {}
            Step::Next => return Err(FailureKind::Unknown),
        }
    }
}

fn reply_to(result: Result<SendReceipt, FailureKind>) -> Reply {
    match result {
        Ok(receipt) => {
            Reply::Done(Some(Accepted { provider: receipt.provider, message_id: receipt.message_id }))
        }
        Err(FailureKind::BadRecipient | FailureKind::FraudHeld) => {
            Reply::Refused(RefuseReason::NumberRefused)
        }
        Err(FailureKind::Unreachable) => Reply::Refused(RefuseReason::NumberUnreachable),
        Err(FailureKind::OptedOut) => Reply::Refused(RefuseReason::OptedOut),
        Err(FailureKind::Misconfigured) => Reply::Refused(RefuseReason::ProvidersMisconfigured),
        Err(FailureKind::Throttled | FailureKind::Unavailable) => {
            Reply::TryAgain(TryAgainReason::ProvidersUnavailable)
        }
        Err(FailureKind::Unknown) => Reply::TryAgain(TryAgainReason::NoVerdict),
    }
}

/// The attempts as a log line has them.
pub(super) fn told(attempts: &[Attempt]) -> String {
    let one = |attempt: &Attempt| {
        let code = attempt.failure.as_ref().and_then(|failure| failure.code.as_ref());
        let code = code.map(|code| format!(" {code}")).unwrap_or_default();
        format!("{} {}{code} {}ms", attempt.provider, attempt.verdict(), attempt.elapsed.as_millis())
    };
    attempts.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The attempts as they are written down. The first one was number `first`, and was made at `started`.
pub(super) fn texts(attempts: &[Attempt], first: u8, started: Timestamp) -> Vec<Text> {
    let mut sent_at = started;
    let mut text = |(number, attempt): (u8, &Attempt)| {
        let code = attempt.failure.as_ref().and_then(|failure| failure.code.as_ref());
        let receipt = attempt.receipt.as_ref();
        let text = Text {
            number,
            provider: attempt.provider,
            verdict: attempt.verdict().to_owned(),
            code: code.map(ToString::to_string),
            message_id: attempt.message_id().map(str::to_owned),
            sent_at,
            elapsed_ms: u32::try_from(attempt.elapsed.as_millis()).unwrap_or(u32::MAX),
            segments: receipt.and_then(|receipt| receipt.segments),
            price: receipt.and_then(|receipt| receipt.price),
        };
        sent_at = sent_at.plus(attempt.elapsed);
        text
    };
    (first..).zip(attempts).map(&mut text).collect()
}
