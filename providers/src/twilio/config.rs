//! What the operator has to say about a Twilio account.

use crate::Country;
use crate::client::endpoint;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use url::Url;

/// One Twilio account and the sender to use.
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    /// The account, `AC…`, in whose name texts are sent.
    pub account_sid: String,
    /// What the account is proved with when sending.
    pub credentials: Credentials,
    /// The account's auth token, where `credentials` is an API key: callbacks are signed with the token
    /// and with nothing else. Without it no callback can be verified.
    pub auth_token: Option<SecretString>,
    /// Who the texts come from.
    pub sender: Sender,
    /// Who texts to single countries come from, where the general sender will not do.
    pub senders: BTreeMap<Country, Sender>,
    /// Whether Twilio will be told which texts led to a verification, see [`TwilioFeedback`](super::TwilioFeedback).
    pub wants_feedback: bool,
    /// The API's address up to `/2010-04-01`, usually [`DEFAULT_BASE_URL`](Self::DEFAULT_BASE_URL).
    pub base_url: Url,
}

/// How requests are authenticated.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// The account's auth token.
    AuthToken(SecretString),
    /// An API key, which can be limited to sending and revoked alone.
    ApiKey {
        /// The key's id, `SK…`.
        sid: String,
        /// The key's secret.
        secret: SecretString,
    },
}

/// Who a text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// A number of the account in E.164 form, a short code, or an alphanumeric name.
    Number(String),
    /// A messaging service, `MG…`, that chooses the number.
    MessagingService(String),
}

impl TwilioConfig {
    /// Where Twilio answers unless the account lives in another region.
    pub const DEFAULT_BASE_URL: &str = "https://api.twilio.com";

    /// The token that callbacks are signed with; `None` if none can be verified.
    pub fn signing_token(&self) -> Option<&SecretString> {
        match &self.credentials {
            Credentials::AuthToken(token) => Some(token),
            Credentials::ApiKey { .. } => self.auth_token.as_ref(),
        }
    }

    /// User name and password of the API.
    pub(super) fn basic_auth(&self) -> (&str, &str) {
        match &self.credentials {
            Credentials::AuthToken(token) => (&self.account_sid, token.expose_secret()),
            Credentials::ApiKey { sid, secret } => (sid, secret.expose_secret()),
        }
    }

    /// `GET`ting this sends nothing and needs the credentials. An API key may not see the account.
    pub(super) fn check_url(&self) -> Url {
        match &self.credentials {
            Credentials::AuthToken(_) => {
                let account = format!("{}.json", self.account_sid);
                endpoint(&self.base_url, &["2010-04-01", "Accounts", &account])
            }
            Credentials::ApiKey { .. } => {
                let mut url = self.messages_url();
                url.set_query(Some("PageSize=1"));
                url
            }
        }
    }

    /// `POST`ing here sends a text.
    pub(super) fn messages_url(&self) -> Url {
        endpoint(&self.base_url, &["2010-04-01", "Accounts", &self.account_sid, "Messages.json"])
    }
}
