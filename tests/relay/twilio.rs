//! Twilio, as far as the relay can tell: it takes texts or refuses them, remembers what it was given, and reports.

use crate::harness::{Start, TestRelay};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha1::Sha1;
use sms_providers::client::http_client;
use std::collections::BTreeMap;
use wiremock::matchers::{basic_auth, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const TOKEN: &str = "token";
/// The relay's `PUBLIC_URL`.
pub const PUBLIC: &str = "https://relay.example.com";

/// What a request to Twilio says, or a report of Twilio's.
pub type Form = BTreeMap<String, String>;

pub struct Twilio {
    server: MockServer,
    http: reqwest::Client,
}

impl Twilio {
    /// One that takes every text.
    pub async fn that_accepts() -> Self {
        let created = json!({"sid": "SM11111111111111111111111111111111", "status": "queued"});
        Self::answering(ResponseTemplate::new(201).set_body_json(created)).await
    }

    /// One that refuses every text, in words that must not get any further.
    pub async fn that_refuses(status: u16, code: u32) -> Self {
        let body = json!({"code": code, "message": "refused for +15551234567", "status": status});
        Self::answering(ResponseTemplate::new(status).set_body_json(body)).await
    }

    async fn answering(reply: ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        let messages = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
        let asked = Mock::given(method("POST")).and(path(messages)).and(basic_auth(ACCOUNT, TOKEN));
        asked.respond_with(reply).mount(&server).await;
        Self { server, http: http_client().unwrap() }
    }

    /// What makes a relay send through it.
    pub fn vars(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SMS_PROVIDER", "twilio".to_owned()),
            ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
            ("TWILIO_AUTH_TOKEN", TOKEN.to_owned()),
            ("TWILIO_FROM_NUMBER", "+15005550006".to_owned()),
            ("TWILIO_BASE_URL", self.server.uri()),
            ("PUBLIC_URL", PUBLIC.to_owned()),
        ]
    }

    /// Waits until it was told which of its texts led somebody in; returns what was said, by the text's id.
    pub async fn feedback(&self) -> (String, Form) {
        loop {
            let requests = self.server.received_requests().await.unwrap();
            if let Some(request) =
                requests.iter().find(|request| request.url.path().ends_with("/Feedback.json"))
            {
                let text = request.url.path_segments().unwrap().rev().nth(1).unwrap().to_owned();
                return (text, url::form_urlencoded::parse(&request.body).into_owned().collect());
            }
            tokio::task::yield_now().await;
        }
    }

    /// A relay that sends through it.
    pub async fn relay(&self) -> TestRelay {
        TestRelay::with(Start { vars: self.vars(), configured_providers: true, ..Start::default() }).await
    }

    /// The texts that it was asked to send.
    pub async fn texts(&self) -> Vec<Form> {
        let requests = self.server.received_requests().await.unwrap();
        requests
            .iter()
            .map(|request| url::form_urlencoded::parse(&request.body).into_owned().collect())
            .collect()
    }

    /// Where it was told to report on its first text: the path below [`PUBLIC`].
    pub async fn report_path(&self) -> String {
        self.texts().await[0]["StatusCallback"].strip_prefix(PUBLIC).unwrap().to_owned()
    }

    /// Reports to the server at `url`, below this path; returns the answer's status.
    pub async fn reports(&self, url: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
        self.reports_signed(url, path, fields, &sign(path, fields)).await
    }

    /// The same with a signature of somebody's choice.
    pub async fn reports_signed(
        &self,
        url: &str,
        path: &str,
        fields: &[(&str, &str)],
        signature: &str,
    ) -> u16 {
        let report = self.http.post(format!("{url}{path}"));
        let report = report.form(fields).header("X-Twilio-Signature", signature);
        report.send().await.unwrap().status().as_u16()
    }
}

/// Twilio's signature over the URL that it was given and the form that it posts.
pub fn sign(path: &str, fields: &[(&str, &str)]) -> String {
    let sorted: BTreeMap<_, _> = fields.iter().copied().collect();
    let url = format!("{PUBLIC}{path}");
    let text = sorted.iter().fold(url, |text, (name, value)| text + name + value);
    let mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap().chain_update(text);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}
