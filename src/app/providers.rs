//! Settings → providers: whom to send through, and whose reports to believe.

use crate::config::{MessageBirdSettings, ProviderSettings, SmsSettings, VonageApi, VonageSettings};
use crate::http::Verifiers;
use sms_providers::log::LogProvider;
use sms_providers::messagebird::{
    BirdChannels, BirdChannelsCallback, BirdV1, BirdV1Callback, MessageBirdCallback, MessageBirdClassic,
};
use sms_providers::twilio::{TwilioCallback, TwilioFeedback, TwilioProvider};
use sms_providers::vonage::{
    VonageFeedback, VonageMessages, VonageMessagesCallback, VonageSms, VonageSmsCallback,
};
use sms_providers::{ConversionFeedback, ProviderName, SmsProvider, StatusCallback};
use std::sync::Arc;

/// The configured providers.
#[derive(Default)]
pub struct Configured {
    /// Who sends, the preferred one first.
    pub chain: Vec<Arc<dyn SmsProvider>>,
    /// Who reports, by the name in the callback's path.
    pub callbacks: Verifiers,
    /// Who wants to know which texts led to a verification.
    pub listeners: Vec<Arc<dyn ConversionFeedback>>,
}

/// Builds what `SMS_PROVIDER` and the providers' variables say.
pub fn configured(settings: &SmsSettings, http: &reqwest::Client) -> Configured {
    let mut configured = Configured::default();
    for provider in &settings.providers {
        match provider {
            ProviderSettings::Twilio(config) => {
                if config.wants_feedback {
                    configured.listeners.push(Arc::new(TwilioFeedback::new(config.clone(), http.clone())));
                }
                configured.chain.push(Arc::new(TwilioProvider::new(config.clone(), http.clone())));
                if let Some(token) = config.signing_token() {
                    configured.reports(ProviderName::Twilio, TwilioCallback::new(token.clone()));
                }
            }
            ProviderSettings::MessageBird(MessageBirdSettings::Classic(config, signing_key)) => {
                configured.chain.push(Arc::new(MessageBirdClassic::new(config.clone(), http.clone())));
                if let Some(key) = signing_key {
                    configured.reports(ProviderName::MessageBird, MessageBirdCallback::new(key));
                }
            }
            ProviderSettings::MessageBird(MessageBirdSettings::Channels(config)) => {
                configured.chain.push(Arc::new(BirdChannels::new(config.clone(), http.clone())));
                if let Some(key) = &config.signing_key {
                    configured.reports(ProviderName::MessageBird, BirdChannelsCallback::new(key.clone()));
                }
            }
            ProviderSettings::MessageBird(MessageBirdSettings::V1(config)) => {
                configured.chain.push(Arc::new(BirdV1::new(config.clone(), http.clone())));
                if let Some(secret) = &config.webhook_secret {
                    configured.reports(ProviderName::MessageBird, BirdV1Callback::new(secret.clone()));
                }
            }
            ProviderSettings::Vonage(VonageSettings { api, signature, feedback }) => match api {
                VonageApi::Sms(config) => {
                    if let Some(listener) = VonageFeedback::new(config, http.clone()).filter(|_| *feedback) {
                        configured.listeners.push(Arc::new(listener));
                    }
                    configured.chain.push(Arc::new(VonageSms::new(config.clone(), http.clone())));
                    if let Some(signature) = signature {
                        configured.reports(ProviderName::Vonage, VonageSmsCallback::new(signature.clone()));
                    }
                }
                VonageApi::Messages(config) => {
                    configured.chain.push(Arc::new(VonageMessages::new(config.clone(), http.clone())));
                    if let Some(signature) = signature {
                        configured
                            .reports(ProviderName::Vonage, VonageMessagesCallback::new(&signature.secret));
                    }
                }
            },
            ProviderSettings::Log => configured.chain.push(Arc::new(LogProvider)),
        }
    }
    configured
}

impl Configured {
    fn reports(&mut self, name: ProviderName, callback: impl StatusCallback + 'static) {
        self.callbacks.insert(name, Arc::new(callback));
    }
}
