//! A provider that prints the text to the terminal, for development.

use crate::{ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};

/// Prints.
pub struct LogProvider;

#[async_trait::async_trait]
impl SmsProvider for LogProvider {
    fn name(&self) -> ProviderName {
        ProviderName::Log
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        println!("{} {}", message.to.as_e164(), message.body.expose());
        Ok(SendReceipt::new(ProviderName::Log, None))
    }
}
