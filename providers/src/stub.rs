//! A provider with scripted answers, for tests of whoever sends.
//!
//! It keeps every message, so it belongs in tests and nowhere else.

use crate::{ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A provider that takes every message unless told otherwise. Clones share one script and one record.
///
/// ```
/// # use sms_providers::*;
/// let stub = StubProvider::new(ProviderName::Stub);
/// stub.answer(Err(SendError::new(FailureKind::Throttled))); // the first send
/// stub.answer(Ok(SendReceipt::new(ProviderName::Stub, Some("abc")))); // the second; then `stub-3`, `stub-4`…
/// ```
#[derive(Clone)]
pub struct StubProvider {
    name: ProviderName,
    script: Arc<Mutex<Script>>,
    sent: Arc<watch::Sender<Vec<SmsMessage>>>,
    held: Arc<watch::Sender<bool>>,
}

type Answer = Result<SendReceipt, SendError>;

#[derive(Default)]
struct Script {
    queued: VecDeque<Answer>,
    always: Option<Answer>,
}

impl StubProvider {
    /// A stub that goes by `name`, so that a chain of stubs can look like a chain of vendors.
    pub fn new(name: ProviderName) -> Self {
        Self {
            name,
            script: Arc::default(),
            sent: Arc::new(watch::Sender::new(Vec::new())),
            held: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Answers one send with this, after those queued before.
    pub fn answer(&self, answer: Result<SendReceipt, SendError>) {
        self.script().queued.push_back(answer);
    }

    /// Answers every send with this for which nothing is queued.
    pub fn answer_always(&self, answer: Result<SendReceipt, SendError>) {
        self.script().always = Some(answer);
    }

    /// Lets sends wait from now on. They are recorded on arrival and choose their answer when released.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Lets all waiting sends go on.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// Every message that it was asked to send, in the order of arrival.
    pub fn sent(&self) -> Vec<SmsMessage> {
        self.sent.borrow().clone()
    }

    /// Waits until `n` messages in all have arrived, held ones included.
    pub async fn wait_for_sends(&self, n: usize) {
        // Fails only when the sender is gone, and `self` holds it.
        let _ = self.sent.subscribe().wait_for(|sent| sent.len() >= n).await;
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl SmsProvider for StubProvider {
    fn name(&self) -> ProviderName {
        self.name
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        let mut arrival = 0;
        self.sent.send_modify(|sent| {
            sent.push(message.clone());
            arrival = sent.len();
        });
        let _ = self.held.subscribe().wait_for(|held| !held).await;

        let mut script = self.script();
        let scripted = script.queued.pop_front().or_else(|| script.always.clone());
        scripted.unwrap_or_else(|| Ok(SendReceipt::new(self.name, Some(&format!("stub-{arrival}")))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind;
    use crate::message::tests::message;

    fn throttled() -> SendError {
        SendError::new(FailureKind::Throttled)
    }

    #[tokio::test]
    async fn queued_answers_come_first_then_the_standing_one_then_acceptance() {
        let stub = StubProvider::new(ProviderName::Vonage);
        let receipt = |id| Ok(SendReceipt::new(ProviderName::Vonage, Some(id)));
        assert_eq!(stub.send(&message()).await, receipt("stub-1"));

        stub.answer_always(Err(throttled()));
        stub.answer(receipt("queued"));
        assert_eq!(stub.send(&message()).await, receipt("queued"));
        assert_eq!(stub.send(&message()).await, Err(throttled()));
        assert_eq!(stub.send(&message()).await, Err(throttled()));
    }

    #[tokio::test]
    async fn a_held_send_has_arrived_but_gets_its_answer_only_when_released() {
        let stub = StubProvider::new(ProviderName::Stub);
        stub.hold();
        let message = message();
        let mut send = std::pin::pin!(stub.send(&message));
        tokio::select! {
            biased;
            answer = &mut send => panic!("answered while held: {answer:?}"),
            () = stub.wait_for_sends(1) => {}
        }
        assert_eq!(stub.sent().len(), 1);

        stub.answer(Err(throttled()));
        stub.release();
        assert_eq!(send.await, Err(throttled()));
    }

    #[tokio::test]
    async fn clones_share_the_script_and_the_record() {
        let stub = StubProvider::new(ProviderName::Stub);
        let clone = stub.clone();
        clone.answer(Err(throttled()));
        assert_eq!(stub.send(&message()).await, Err(throttled()));
        assert_eq!(clone.sent()[0].to, message().to);
    }
}
