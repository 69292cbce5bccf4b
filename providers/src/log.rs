//! A provider that prints the text to the terminal, for development.
//!
//! It writes to stdout and never to the log: logs are kept, shipped and searched, and no code may be
//! found there.

use crate::{FailureKind, ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use std::io::Write;

/// Prints every number and text to stdout. For development only: whoever reads the output can sign in.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogProvider;

impl LogProvider {
    fn print(message: &SmsMessage, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "SMS to {}:", message.to.as_e164())?;
        for line in message.body.expose().lines() {
            writeln!(out, "  {line}")?;
        }
        out.flush()
    }
}

#[async_trait::async_trait]
impl SmsProvider for LogProvider {
    fn name(&self) -> ProviderName {
        ProviderName::Log
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        Self::print(message, &mut std::io::stdout().lock())
            .map_err(|_| SendError::new(FailureKind::Unavailable).with_hint("stdout cannot be written to"))?;
        Ok(SendReceipt::new(self.name(), Some(message.reference.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SmsBody;
    use crate::message::tests::message;

    #[test]
    fn the_whole_number_and_every_line_of_the_text_are_printed() {
        let mut out = Vec::new();
        let body = SmsBody::new("Your code is 123456.\n\n@acme.example #123456");
        LogProvider::print(&SmsMessage { body, ..message() }, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "SMS to +15551234567:\n  Your code is 123456.\n  \n  @acme.example #123456\n"
        );
    }
}
