//! `neon-sms-relay send --to …`: one real text through the chain, and what each provider said.

use super::output::{Output, complain};
use crate::app::providers;
use crate::config::{self, SmsSettings};
use crate::domain::{OtpCode, OtpType, Region};
use anyhow::Context;
use sms_providers::{Attempt, FailoverChain, MessageRef, PhoneNumber, SmsMessage, Step};
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// As much as an event gets.
const TIME: Duration = Duration::from_secs(12);
/// The code of a test text: it looks like one and opens nothing.
const CODE: &str = "000000";

pub(super) fn run(to: &PhoneNumber) -> anyhow::Result<ExitCode> {
    let vars = super::vars()?;
    let (settings, warnings) = SmsSettings::from_vars(vars.clone())?;
    let network = config::network(vars)?;
    for warning in warnings {
        complain(format_args!("warning: {warning}"));
    }
    let code = OtpCode::new(CODE).context("the test code is not a code")?;
    let expires_in = Duration::from_secs(300);
    let region = Region::of(to);
    let template = settings.template(region).context("SMS_TEMPLATE")?;
    let message = SmsMessage {
        to: to.clone(),
        body: template.render(&code, None, OtpType::SignIn, expires_in)?,
        country: region.and_then(|region| region.as_str().parse().ok()),
        reference: MessageRef::new(Uuid::new_v4().simple().to_string()),
        idempotency_key: Uuid::new_v4().to_string(),
        attempt: 1,
        callbacks: None,
        expires_in,
    };
    super::runtime()?.block_on(async {
        let http = network.http_client().map_err(anyhow::Error::from_boxed)?;
        let chain = FailoverChain::new(providers::configured(&settings, &http).senders.chain);
        let order = settings.order(region);
        let mut run = chain.start_in(order, &message, Instant::now() + TIME, settings.max_sends);
        let outcome = loop {
            if let Step::Done(outcome) = run.next().await {
                break outcome;
            }
        };
        let mut out = Output::stdout();
        out.line(table(run.attempts()))?;
        Ok(match outcome {
            Ok(receipt) => {
                let id = receipt.message_id.unwrap_or_else(|| "-".to_owned());
                out.line(format_args!("\nSent to {to} through {}, message id {id}.", receipt.provider))?;
                ExitCode::SUCCESS
            }
            Err(kind) => {
                out.line(format_args!("\nNot sent to {to}: {kind}."))?;
                ExitCode::FAILURE
            }
        })
    })
}

/// What each provider said, and what to do about what it did not take.
fn table(attempts: &[Attempt]) -> String {
    let mut lines = vec![format!("{:<12} {:<14} {:<10} {:>6}  hint", "provider", "verdict", "code", "ms")];
    for attempt in attempts {
        let failure = attempt.failure.as_ref();
        let code = failure.and_then(|failure| failure.code.as_ref()).map_or("-", |code| code.as_str());
        let hint = failure.map_or("-", |failure| failure.hint.unwrap_or_else(|| failure.kind.remedy()));
        let (provider, verdict, elapsed) =
            (attempt.provider.as_str(), attempt.verdict(), attempt.elapsed.as_millis());
        lines.push(format!("{provider:<12} {verdict:<14} {code:<10} {elapsed:>6}  {hint}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sms_providers::{FailureKind, ProviderName, SendError};

    #[test]
    fn every_kind_of_failure_is_shown_with_something_to_do_about_it() {
        let attempt = |failure| Attempt {
            provider: ProviderName::Twilio,
            reference: MessageRef::new("ref"),
            elapsed: Duration::from_millis(120),
            failure: Some(failure),
            receipt: None,
        };
        for kind in FailureKind::ALL {
            let told = table(&[attempt(SendError::new(kind))]);
            assert!(told.contains(kind.as_str()) && told.ends_with(kind.remedy()), "{told}");
        }
        let told =
            table(&[attempt(SendError::new(FailureKind::Misconfigured).with_hint("check the sender"))]);
        assert!(told.ends_with("check the sender"), "the vendor's code says more: {told}");
    }
}
