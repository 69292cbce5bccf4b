//! A relay with two vendors: Twilio, whose reports are signed as Twilio signs them, and another behind it.

use crate::harness::{Start, TestRelay, event, otp};
use crate::twilio::{Twilio, sign};
use neon_sms_relay::app::Parts;
use serde_json::{Value, json};
use sms_providers::stub::StubProvider;
use sms_providers::{ProviderName, SmsMessage, SmsProvider};
use std::sync::Arc;

/// The vendors, and what makes a relay send through them.
#[derive(Clone)]
pub struct Vendors {
    pub first: StubProvider,
    pub second: StubProvider,
    /// Whose account the reports are signed for.
    account: Arc<Twilio>,
}

impl Vendors {
    pub async fn new() -> Self {
        Self {
            first: StubProvider::new(ProviderName::Twilio),
            second: StubProvider::new(ProviderName::Vonage),
            account: Arc::new(Twilio::that_accepts().await),
        }
    }

    /// A relay that sends through both, with these variables and parts.
    pub async fn relay(&self, vars: &[(&'static str, &str)], parts: Parts) -> TestRelay {
        self.relay_through(vec![Arc::new(self.first.clone()), Arc::new(self.second.clone())], vars, parts)
            .await
    }

    /// A relay that sends through Twilio alone.
    pub async fn relay_of_the_first(&self, vars: &[(&'static str, &str)]) -> TestRelay {
        self.relay_through(vec![Arc::new(self.first.clone())], vars, Parts::default()).await
    }

    async fn relay_through(
        &self,
        providers: Vec<Arc<dyn SmsProvider>>,
        vars: &[(&'static str, &str)],
        parts: Parts,
    ) -> TestRelay {
        let more = vars.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let vars = self.account.vars().into_iter().chain(more).collect();
        let parts = Parts { providers: Some(providers), ..parts };
        TestRelay::with(Start { vars, parts, ..Start::default() }).await
    }

    /// Twilio reports on its `n`th text, from 0, to `relay`.
    pub async fn reports(&self, relay: &TestRelay, n: usize, status: &str, code: Option<&str>) {
        let path = report_path(&self.first.sent()[n]);
        let fields: Vec<_> = [("MessageStatus", Some(status)), ("ErrorCode", code)]
            .into_iter()
            .filter_map(|(k, v)| Some((k, v?)))
            .collect();
        let signature = sign(&path, &fields);
        let answer = self.account.reports_signed(&relay.url, &path, &fields, &signature).await;
        assert_eq!(answer, 204);
    }
}

/// Where Twilio is told to report on a text.
pub fn report_path(text: &SmsMessage) -> String {
    text.status_url(ProviderName::Twilio).unwrap().path().to_owned()
}

/// A code for another number, so that nothing else is known of it.
pub fn otp_to(number: &str) -> Value {
    otp(|body| body["user"]["phone_number"] = json!(number))
}

/// The event that this number was verified.
pub fn verified(number: &str) -> Value {
    let mut body = event("phone_number.verified");
    body["user"]["phone_number"] = json!(number);
    body
}
