//! What the operator has to say about a Vonage account.

use super::Signature;
use crate::Country;
use jsonwebtoken::EncodingKey;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fmt;
use url::Url;

/// An account that sends through the SMS API.
#[derive(Debug, Clone)]
pub struct SmsConfig {
    /// The account's API key, 8 characters.
    pub api_key: String,
    /// What the account is proved with.
    pub auth: SmsAuth,
    /// The number or the name that texts come from.
    pub from: String,
    /// Who texts to single countries come from, where the general one will not do.
    pub senders: BTreeMap<Country, String>,
    /// Whether delivery reports can be verified, and so are asked for.
    pub wants_reports: bool,
    /// The API's address up to `/sms/json`, usually [`DEFAULT_BASE_URL`](Self::DEFAULT_BASE_URL).
    pub base_url: Url,
}

/// How requests to the SMS API are authenticated.
#[derive(Debug, Clone)]
pub enum SmsAuth {
    /// The account's API secret, in the `Authorization` header.
    Secret(SecretString),
    /// A signature over the form; then the API secret must not be sent.
    Signed(Signature),
}

/// An account or application that sends through the Messages API.
#[derive(Debug, Clone)]
pub struct MessagesConfig {
    /// What requests are authenticated with.
    pub auth: MessagesAuth,
    /// The number or the name that texts come from.
    pub from: String,
    /// Who texts to single countries come from, where the general one will not do.
    pub senders: BTreeMap<Country, String>,
    /// Whether delivery reports can be verified, and so are asked for.
    pub wants_reports: bool,
    /// The API's address up to `/v1/messages`, usually [`DEFAULT_BASE_URL`](Self::DEFAULT_BASE_URL).
    pub base_url: Url,
}

/// How requests to the Messages API are authenticated.
#[derive(Debug, Clone)]
pub enum MessagesAuth {
    /// A JWT that the application's private key signs.
    Application {
        /// The application's id, a UUID.
        id: String,
        /// Its private key.
        key: ApplicationKey,
    },
    /// The account's key and secret.
    Basic {
        /// The account's API key.
        api_key: String,
        /// The account's API secret.
        api_secret: SecretString,
    },
}

/// A sender as Vonage wants it: a number without the plus that people copy along with it.
pub(super) fn sender(from: &str) -> &str {
    let number = from.strip_prefix('+').filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    number.unwrap_or(from)
}

impl SmsConfig {
    /// Where the SMS API answers.
    pub const DEFAULT_BASE_URL: &str = "https://rest.nexmo.com";
    /// Longer report addresses are refused, and the text with them, so no report is asked for at one.
    pub const LONGEST_CALLBACK: usize = 100;
}

impl MessagesConfig {
    /// Where the Messages API answers unless the account lives in another region.
    pub const DEFAULT_BASE_URL: &str = "https://api.nexmo.com";
}

/// The RSA private key of a Vonage application.
#[derive(Clone)]
pub struct ApplicationKey(pub(super) EncodingKey);

/// The text is not an RSA private key. Holds nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RSA private key in PEM form")]
pub struct ApplicationKeyError;

impl ApplicationKey {
    /// Reads the PEM text that Vonage generates for an application.
    pub fn from_pem(pem: &SecretString) -> Result<Self, ApplicationKeyError> {
        let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes());
        key.map(Self).map_err(|_| ApplicationKeyError)
    }
}

impl fmt::Debug for ApplicationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApplicationKey(…)")
    }
}
