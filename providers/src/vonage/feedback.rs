//! The Conversion API, for texts of the SMS API.
//!
//! <https://developer.vonage.com/en/api/conversion>. It is documented for ids of the SMS API alone, so texts of the
//! Messages API have none.

use super::codes::hint_by_status;
use super::{SmsAuth, SmsConfig};
use crate::client::{endpoint, exchange};
use crate::feedback::{Conversion, ConversionFeedback, told};
use crate::{ProviderName, SendError};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The host of the SMS API does not have it.
const DEFAULT_BASE_URL: &str = "https://api.nexmo.com";
const NOT_ENABLED: &str = "Vonage: the Conversion API is off for this account; ask Vonage's support for it, or unset CONVERSION_FEEDBACK";

/// Tells one Vonage account what became of its texts.
pub struct VonageFeedback {
    api_key: String,
    api_secret: SecretString,
    url: Url,
    http: reqwest::Client,
}

impl VonageFeedback {
    /// Speaks for the account that sends; `None` where only a signature secret is known, which this API does not
    /// take.
    pub fn new(config: &SmsConfig, http: reqwest::Client) -> Option<Self> {
        let SmsAuth::Secret(api_secret) = &config.auth else { return None };
        let sends_to_vonage = Url::parse(SmsConfig::DEFAULT_BASE_URL).is_ok_and(|url| url == config.base_url);
        let base_url =
            if sends_to_vonage { Url::parse(DEFAULT_BASE_URL).ok()? } else { config.base_url.clone() };
        let url = endpoint(&base_url, &["conversions", "sms"]);
        Some(Self { api_key: config.api_key.clone(), api_secret: api_secret.clone(), url, http })
    }
}

#[async_trait::async_trait]
impl ConversionFeedback for VonageFeedback {
    fn name(&self) -> ProviderName {
        ProviderName::Vonage
    }

    async fn tell(&self, conversion: &Conversion) -> Result<(), SendError> {
        let at = jiff::Timestamp::try_from(conversion.at).unwrap_or_default();
        let form = [
            ("message-id", conversion.message_id.as_str()),
            ("delivered", if conversion.verified { "true" } else { "false" }),
            ("timestamp", &at.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        ];
        let request = self.http.post(self.url.clone());
        let request = request.basic_auth(&self.api_key, Some(self.api_secret.expose_secret())).form(&form);
        told(&exchange(request).await?, self.name(), |reply| {
            let hint = match reply.status.as_u16() {
                402 => Some(NOT_ENABLED),
                status => hint_by_status(status),
            };
            Err(SendError { hint, ..SendError::new(reply.kind_by_status()) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Signature, SignatureMethod};
    use super::*;
    use crate::client::http_client;
    use std::collections::BTreeMap;

    fn feedback(auth: SmsAuth, base_url: &str) -> Option<VonageFeedback> {
        let config = SmsConfig {
            api_key: "abcd1234".into(),
            auth,
            from: "Acme".into(),
            senders: BTreeMap::new(),
            wants_reports: false,
            base_url: base_url.parse().unwrap(),
        };
        VonageFeedback::new(&config, http_client().unwrap())
    }

    #[test]
    fn the_api_has_a_host_of_its_own_unless_the_operator_names_another_one() {
        let url = |base_url| feedback(SmsAuth::Secret("secret".into()), base_url).unwrap().url.to_string();
        assert_eq!(url(SmsConfig::DEFAULT_BASE_URL), "https://api.nexmo.com/conversions/sms");
        assert_eq!(url("http://127.0.0.1:1/mock/"), "http://127.0.0.1:1/mock/conversions/sms");
    }

    #[test]
    fn an_account_that_is_known_by_a_signature_secret_alone_has_no_feedback() {
        let signature = Signature { secret: "secret".into(), method: SignatureMethod::Sha256 };
        assert!(feedback(SmsAuth::Signed(signature), SmsConfig::DEFAULT_BASE_URL).is_none());
    }
}
