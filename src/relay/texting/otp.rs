//! Sends one code: number, expiry, text, chain.

use super::Texting;
use crate::domain::{
    Accepted, Deadline, Destination, Event, MessageTemplate, Problem, Recipient, RefuseReason, Reply,
    SendOtp, TryAgainReason, check_possible,
};
use crate::relay::once::Ownership;
use crate::store::AttemptRecord;
use crate::telemetry::trace;
use sms_providers::{
    Attempt, ChainRun, FailureKind, MessageRef, PhoneNumber, SendReceipt, SmsBody, SmsMessage, Step,
};
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;

/// A code with less to live would expire before it is read and typed.
const SHORTEST_LIFE: Duration = Duration::from_secs(10);
/// Neon's default, for an event that does not say when its code expires.
const DEFAULT_LIFE: Duration = Duration::from_secs(300);

impl Texting {
    /// Sends the code of `otp` within this time and says how it went, with every request that was made.
    pub async fn send(
        &self,
        event: &Event,
        otp: &SendOtp,
        recipient: Option<&Recipient>,
        ownership: &Ownership,
        within: Duration,
    ) -> (Reply, Vec<AttemptRecord>) {
        let until = Instant::now() + within;
        let sending = self.sending();
        let lease = ownership.lease();
        // The claim has counted one send ahead; what is left of the limit includes it.
        let earlier = lease.possible_sends.saturating_sub(1);
        let allowance = sending.settings.max_sends.saturating_sub(earlier);
        let prepared = match self.prepare(event, otp, &sending.settings.template) {
            Ok(_) if allowance == 0 => Err(Reply::TryAgain(TryAgainReason::NoVerdict)),
            prepared => prepared,
        };
        let (number, body, expires_in) = match prepared {
            Ok(parts) => parts,
            Err(reply) => {
                ownership.set_possible_sends(earlier);
                return (reply, Vec::new());
            }
        };
        let message = SmsMessage {
            to: number,
            body,
            country: None,
            reference: MessageRef::new(lease.delivery_ref.as_str()),
            idempotency_key: event.id.as_str().to_owned(),
            attempt: 1,
            callbacks: sending.settings.callbacks.clone(),
            expires_in,
        };
        let mut run = sending.chain.start(&message, until, allowance);
        let result = drive(&mut run, ownership).await;
        self.metrics.breakers(sending.chain.breakers());
        ownership.set_possible_sends(earlier.saturating_add(run.possible_sends()));
        let attempts = run.attempts();
        self.report(event, recipient, attempts, &result);
        (reply_to(result), attempts.iter().map(record).collect())
    }

    /// What is needed to send, or why it is refused.
    fn prepare(
        &self,
        event: &Event,
        otp: &SendOtp,
        template: &MessageTemplate,
    ) -> Result<(PhoneNumber, SmsBody, Duration), Reply> {
        let number = match &otp.destination {
            Destination::Number(number) => number.clone(),
            Destination::Missing => return Err(refuse(RefuseReason::NoPhoneNumber)),
            Destination::NotE164 => return Err(refuse(RefuseReason::InvalidPhoneNumber)),
        };
        check_possible(&number).map_err(|_impossible| refuse(RefuseReason::InvalidPhoneNumber))?;
        let code = otp.code.as_ref().ok_or_else(|| refuse(RefuseReason::InvalidCode))?;
        let expires_in = otp.expires_at.map_or(DEFAULT_LIFE, |at| Deadline(at).remaining(self.clock.now()));
        if expires_in < SHORTEST_LIFE {
            return Err(refuse(RefuseReason::CodeExpired));
        }
        let project = event.project_name.as_deref();
        let body = template.render(code, project, otp.otp_type, expires_in);
        let body = body.map_err(|error| {
            tracing::error!(%error, "the template does not render any more");
            Reply::TryAgain(TryAgainReason::Internal)
        })?;
        Ok((number, body, expires_in))
    }

    /// The one log line of the event, with every attempt in it.
    fn report(
        &self,
        event: &Event,
        recipient: Option<&Recipient>,
        attempts: &[Attempt],
        result: &Result<SendReceipt, FailureKind>,
    ) {
        let mut told = String::new();
        for attempt in attempts {
            self.metrics.attempted(attempt);
            let record = record(attempt);
            let code = record.code.map(|code| format!(" {code}")).unwrap_or_default();
            let separator = if told.is_empty() { "" } else { ", " };
            told +=
                &format!("{separator}{} {}{code} {}ms", record.provider, record.verdict, record.elapsed_ms);
        }
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
        let (to, last_two) = recipient.map(|to| (to.hash.as_str(), to.last_two.as_str())).unzip();
        match result {
            Ok(receipt) => tracing::info!(
                event.id = event_id, recipient.hash = to, recipient.last_two = last_two,
                provider = %receipt.provider, message.id = receipt.message_id, attempts = told, "the code was sent"
            ),
            Err(kind) => tracing::error!(
                event.id = event_id, recipient.hash = to, recipient.last_two = last_two, %kind, attempts = told, "the code was not sent"
            ),
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

fn record(attempt: &Attempt) -> AttemptRecord {
    let code = attempt.failure.as_ref().and_then(|failure| failure.code.as_ref());
    AttemptRecord {
        provider: attempt.provider.as_str().to_owned(),
        verdict: attempt.verdict().to_owned(),
        code: code.map(ToString::to_string),
        elapsed_ms: u64::try_from(attempt.elapsed.as_millis()).unwrap_or(u64::MAX),
    }
}
