//! Tries one provider after the other until one takes the message or the time is up.
//!
//! Which failures go on to the next provider is decided by [`FailureKind::allows_next_provider`]; how
//! long each may take, how many texts may come of it and what to report in the end is decided here. Who
//! chooses the order of a message is no business of it, and it knows nothing of vendors.

use crate::breaker::Breaker;
use crate::client::CONNECT_TIMEOUT;
use crate::{FailureKind, MessageRef, ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The providers in the order of preference, with a memory of who keeps failing.
///
/// A provider that failed five times in a row without a verdict is asked last for half a minute, then
/// one message probes it. Share one chain among all messages, or that memory is lost.
pub struct FailoverChain {
    links: Vec<Link>,
}

struct Link {
    provider: Arc<dyn SmsProvider>,
    breaker: Arc<Breaker>,
}

/// One request to one provider.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Who was asked.
    pub provider: ProviderName,
    /// Our reference of the text: what its reports carry.
    pub reference: MessageRef,
    /// How long it took to answer or to be given up.
    pub elapsed: Duration,
    /// The failure; `None` if the provider took the message.
    pub failure: Option<SendError>,
    /// What the provider said when it took the message.
    pub receipt: Option<SendReceipt>,
}

impl Attempt {
    /// `accepted`, or the name of the failure's kind: for logs and metrics.
    pub fn verdict(&self) -> &'static str {
        self.failure.as_ref().map_or("accepted", |failure| failure.kind.as_str())
    }

    /// The vendor's id of the text, if the provider took it and said one.
    pub fn message_id(&self) -> Option<&str> {
        self.receipt.as_ref()?.message_id.as_deref()
    }

    /// Whether a text may have come of it.
    pub fn may_have_sent(&self) -> bool {
        self.failure.as_ref().is_none_or(|failure| failure.kind.may_have_sent())
    }
}

/// What follows an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Another provider can be asked.
    Next,
    /// The message was taken, or nothing more can be done; the kind sums up all attempts.
    Done(Result<SendReceipt, FailureKind>),
}

/// One message on its way through the chain.
pub struct ChainRun<'a> {
    chain: &'a FailoverChain,
    message: &'a SmsMessage,
    until: Instant,
    allowance: u8,
    /// Indices into the chain of those not asked yet, in the order of preference.
    untried: Vec<usize>,
    /// The number of the first request, if requests are numbered.
    first: Option<u8>,
    attempts: Vec<Attempt>,
}

/// A provider with another one behind it gets no more than this.
const LONGEST_SLICE: Duration = Duration::from_secs(4);

impl FailoverChain {
    /// A chain of these providers, the preferred one first.
    pub fn new(providers: Vec<Arc<dyn SmsProvider>>) -> Self {
        let link = |provider| Link { provider, breaker: Arc::default() };
        Self { links: providers.into_iter().map(link).collect() }
    }

    /// The same chain, with what `earlier` remembers of the providers that are in both: for one that takes another's
    /// place.
    #[must_use]
    pub fn remembering(mut self, earlier: &Self) -> Self {
        for link in &mut self.links {
            let known = earlier.links.iter().find(|known| known.provider.name() == link.provider.name());
            if let Some(known) = known {
                link.breaker = known.breaker.clone();
            }
        }
        self
    }

    /// The providers' names, the preferred one first.
    pub fn names(&self) -> impl Iterator<Item = ProviderName> + '_ {
        self.links.iter().map(|link| link.provider.name())
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Starts to send `message`; nothing is sent before [`ChainRun::next`].
    ///
    /// At most `allowance` requests that may have produced a text are written, and none is waited for
    /// after `until`.
    pub fn start<'a>(&'a self, message: &'a SmsMessage, until: Instant, allowance: u8) -> ChainRun<'a> {
        self.run((0..self.links.len()).collect(), message, until, allowance)
    }

    /// Starts to send `message` through these providers, in this order, and through no other: for a message whose
    /// order is its own, or that goes on where an earlier run ended. Names that the chain does not have, and
    /// repeated ones, are passed over. Otherwise as [`start`](Self::start).
    pub fn start_in<'a>(
        &'a self,
        order: &[ProviderName],
        message: &'a SmsMessage,
        until: Instant,
        allowance: u8,
    ) -> ChainRun<'a> {
        let mut untried = Vec::with_capacity(order.len());
        for name in order {
            let index = self.links.iter().position(|link| link.provider.name() == *name);
            untried.extend(index.filter(|index| !untried.contains(index)));
        }
        self.run(untried, message, until, allowance)
    }

    /// Every provider, and whether it is asked last for now because it kept failing: for a metric.
    pub fn breakers(&self) -> impl Iterator<Item = (ProviderName, bool)> + '_ {
        self.links.iter().map(|link| (link.provider.name(), link.breaker.is_open()))
    }

    fn run<'a>(
        &'a self,
        untried: Vec<usize>,
        message: &'a SmsMessage,
        until: Instant,
        allowance: u8,
    ) -> ChainRun<'a> {
        ChainRun { chain: self, message, until, allowance, untried, first: None, attempts: Vec::new() }
    }
}

impl Link {
    /// Tells the breaker of an answer; `None` if there was none in time.
    fn record(&self, answer: Option<&Result<SendReceipt, SendError>>) {
        let failed = match answer {
            Some(Ok(_)) => false,
            Some(Err(failure)) => failure.kind.blames_the_provider(),
            None => true,
        };
        if failed { self.breaker.failed(Instant::now()) } else { self.breaker.worked() }
    }
}

impl<'a> ChainRun<'a> {
    /// Numbers the requests, so that each is a text of its own: the first one carries what
    /// [`SmsMessage::numbered`] makes of `first`, and each that follows the next number, whatever became of
    /// those before. Without it every request carries the message as it is.
    pub fn numbered_from(self, first: u8) -> Self {
        Self { first: Some(first), ..self }
    }

    /// Asks the next provider. Once the run is done, it only repeats the outcome.
    ///
    /// The future may be dropped. The attempt then stays in [`attempts`](Self::attempts) as `Unknown`,
    /// which is what it is.
    pub async fn next(&mut self) -> Step {
        if let Some(outcome) = self.outcome() {
            return Step::Done(outcome);
        }
        let (link, slice) = self.take_turn();
        let started = Instant::now();
        let attempt = self.attempts.len();
        let message = self.request();
        self.attempts.push(Attempt {
            provider: link.provider.name(),
            reference: message.reference.clone(),
            elapsed: Duration::ZERO,
            failure: Some(SendError::new(FailureKind::Unknown)),
            receipt: None,
        });
        let answer = tokio::time::timeout(slice, link.provider.send(&message)).await;

        // A slice too short to connect in says nothing about the provider.
        if answer.is_ok() || slice >= CONNECT_TIMEOUT {
            link.record(answer.as_ref().ok());
        }
        self.attempts[attempt].elapsed = started.elapsed();
        match answer {
            Ok(Ok(receipt)) => {
                self.attempts[attempt].failure = None;
                self.attempts[attempt].receipt = Some(receipt);
            }
            Ok(Err(failure)) => self.attempts[attempt].failure = Some(failure),
            // How far the request came is not known, so it stays `Unknown`: too careful where the slice
            // was shorter than the connect time-out, but never a text more than allowed.
            Err(_elapsed) => {}
        }
        self.outcome().map_or(Step::Next, Step::Done)
    }

    /// Every attempt so far, in order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// How many of the attempts may have produced a text.
    pub fn possible_sends(&self) -> u8 {
        let sends = self.attempts.iter().filter(|attempt| attempt.may_have_sent()).count();
        u8::try_from(sends).unwrap_or(u8::MAX)
    }

    /// The outcome, if nothing may follow any more.
    fn outcome(&self) -> Option<Result<SendReceipt, FailureKind>> {
        if let Some(receipt) = self.attempts.last().and_then(|attempt| attempt.receipt.clone()) {
            return Some(Ok(receipt));
        }
        let another_may_follow = self.kinds().last().is_none_or(|kind| self.leaves_hope(kind))
            && !self.untried.is_empty()
            && self.possible_sends() < self.allowance
            && Instant::now() < self.until;
        (!another_may_follow).then(|| Err(self.summary()))
    }

    /// The message as the next request carries it.
    fn request(&self) -> Cow<'a, SmsMessage> {
        let written = u8::try_from(self.attempts.len()).unwrap_or(u8::MAX);
        match self.first {
            Some(first) => Cow::Owned(self.message.numbered(first.saturating_add(written))),
            None => Cow::Borrowed(self.message),
        }
    }

    /// Takes the next provider off the list, with the time that it may use. Somebody is still untried:
    /// the outcome is open.
    fn take_turn(&mut self) -> (&'a Link, Duration) {
        let (chain, now) = (self.chain, Instant::now());
        let admitted = self.untried.iter().position(|&index| chain.links[index].breaker.admits(now));
        let link = &chain.links[self.untried.remove(admitted.unwrap_or(0))];

        let left = self.until.saturating_duration_since(now);
        let providers_left = u32::try_from(self.untried.len()).unwrap_or(u32::MAX).saturating_add(1);
        // Once an elapsed slice would be the last send that is allowed, nobody is behind this provider.
        let is_last = providers_left == 1 || self.possible_sends().saturating_add(1) >= self.allowance;
        (link, if is_last { left } else { LONGEST_SLICE.min(left / providers_left) })
    }

    /// Whether another provider may deliver what this one did not.
    fn leaves_hope(&self, kind: FailureKind) -> bool {
        let opinions = self.kinds().filter(|other| *other == kind).count();
        kind.allows_next_provider() && !(kind.wants_a_second_opinion() && opinions >= 2)
    }

    fn kinds(&self) -> impl Iterator<Item = FailureKind> + '_ {
        self.attempts.iter().filter_map(|attempt| attempt.failure.as_ref().map(|failure| failure.kind))
    }

    /// One kind for all that failed.
    ///
    /// What the recipient or a vendor's fraud desk decided stands, whatever else happened. Then comes what
    /// another try may change. "Misconfigured" and "unreachable" make the caller give up, so it takes every
    /// provider to say so; of the two the operator can mend the first.
    fn summary(&self) -> FailureKind {
        use FailureKind::{
            BadRecipient, FraudHeld, Misconfigured, OptedOut, Throttled, Unavailable, Unknown, Unreachable,
        };
        let heard = |kind: &FailureKind| self.kinds().any(|other| other == *kind);
        let worst =
            [OptedOut, FraudHeld, BadRecipient, Unknown, Throttled, Unavailable].into_iter().find(heard);
        worst.unwrap_or_else(|| match self.untried.is_empty() {
            true if heard(&Unreachable) && !heard(&Misconfigured) => Unreachable,
            true => Misconfigured,
            false => Unavailable,
        })
    }
}

#[cfg(test)]
mod tests;
