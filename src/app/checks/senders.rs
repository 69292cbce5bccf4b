//! Whether the vendors accept our credentials.

use super::{Finding, Status};
use crate::config::{MessageBirdSettings, ProviderSettings, SmsSettings, VonageApi};
use futures_util::future::join_all;
use sms_providers::messagebird::{BirdChannels, BirdV1, MessageBirdClassic};
use sms_providers::twilio::TwilioProvider;
use sms_providers::vonage::{VonageMessages, VonageSms};
use sms_providers::{Checked, FailureKind, ProviderName, SendError};

/// Whether each provider of the chain accepts its credentials.
pub async fn senders(settings: &SmsSettings, http: &reqwest::Client) -> Vec<Finding> {
    join_all(settings.providers.iter().map(|provider| sender(provider, http.clone()))).await
}

async fn sender(provider: &ProviderSettings, http: reqwest::Client) -> Finding {
    let (name, checked) = match provider {
        ProviderSettings::Twilio(config) => {
            (ProviderName::Twilio, TwilioProvider::new(config.clone(), http).check().await)
        }
        ProviderSettings::MessageBird(settings) => {
            let checked = match settings {
                MessageBirdSettings::Classic(config, _) => {
                    MessageBirdClassic::new(config.clone(), http).check().await
                }
                MessageBirdSettings::Channels(config) => {
                    BirdChannels::new(config.clone(), http).check().await
                }
                MessageBirdSettings::V1(config) => BirdV1::new(config.clone(), http).check().await,
            };
            (ProviderName::MessageBird, checked)
        }
        ProviderSettings::Vonage(settings) => {
            let checked = match &settings.api {
                VonageApi::Sms(config) => VonageSms::new(config.clone(), http).check().await,
                VonageApi::Messages(config) => VonageMessages::new(config.clone(), http).check().await,
            };
            (ProviderName::Vonage, checked)
        }
        ProviderSettings::Log => {
            let found = "prints codes to the terminal and sends nothing; for development only";
            return Finding::new(Status::Warn, ProviderName::Log.as_str(), found);
        }
    };
    let (status, found) = match checked {
        Ok(Checked::Accepted) if is_ending(provider) => (Status::Warn, format!("{ACCEPTED}. {ENDING}")),
        Ok(Checked::Accepted) => (Status::Ok, ACCEPTED.to_owned()),
        Ok(Checked::MayNotRead(reason)) => (Status::Warn, format!("{reason}; {TRY}")),
        Ok(Checked::NotOffered(reason)) => (Status::Skip, format!("{reason}; {TRY}")),
        Err(error) => explain(name, &error),
    };
    Finding::new(status, name.as_str(), found)
}

const ACCEPTED: &str = "accepts the credentials; nothing was sent";
const ENDING: &str = "Its classic API ends on 31 December 2026: get a Bird key and set MESSAGEBIRD_API to channels or v1, see https://bird.com/en-us/migrate/from-messagebird-classic";
const TRY: &str = "try: neon-sms-relay send --to";

/// Whether the vendor has said when this API ends.
fn is_ending(provider: &ProviderSettings) -> bool {
    matches!(provider, ProviderSettings::MessageBird(MessageBirdSettings::Classic(..)))
}

fn explain(name: ProviderName, error: &SendError) -> (Status, String) {
    let status = error.http_status.map(|status| format!("HTTP {status}"));
    let code = error.code.as_ref().map(|code| format!("vendor code {code}"));
    let said: Vec<_> = [status, code].into_iter().flatten().collect();
    let said = if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) };
    let base_url = format!("{}_BASE_URL", name.as_str().to_ascii_uppercase());
    match error.kind {
        FailureKind::Misconfigured => {
            let remedy = error.hint.unwrap_or("check its variables");
            (Status::Fail, format!("refuses the credentials or the account{said}. {remedy}"))
        }
        FailureKind::Throttled => (Status::Warn, format!("throttles us for now{said}; try again later")),
        FailureKind::Unavailable => {
            let cause = error.hint.unwrap_or("it cannot be reached");
            (Status::Fail, format!("no answer from here: {cause}; check the network, and {base_url} if set"))
        }
        FailureKind::Unknown
        | FailureKind::BadRecipient
        | FailureKind::OptedOut
        | FailureKind::FraudHeld
        | FailureKind::Unreachable => (
            Status::Fail,
            format!("gives no answer that is understood{said}; try again, and check {base_url} if set"),
        ),
    }
}
