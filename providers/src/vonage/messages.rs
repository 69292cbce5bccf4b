//! The Messages API v1: JSON in, 202 out, problems as RFC 7807.
//!
//! <https://developer.vonage.com/en/api/messages>

use super::codes::{classify_messages, hint_by_status};
use super::{MessagesAuth, MessagesConfig};
use crate::check::{Checked, TIMEOUT, verdict};
use crate::client::{VendorReply, endpoint, exchange, scalar};
use crate::{FailureKind, ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use jsonwebtoken::{Algorithm, Header};
use reqwest::{RequestBuilder, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

/// How long a token is good for, in seconds: as long as in Vonage's own libraries.
const TOKEN_LIFE: u64 = 900;

/// Sends through the Messages API of one account or application.
pub struct VonageMessages {
    config: MessagesConfig,
    url: Url,
    http: reqwest::Client,
}

impl VonageMessages {
    /// A provider that sends with this client, which [`crate::client::http_client`] builds.
    pub fn new(config: MessagesConfig, http: reqwest::Client) -> Self {
        let url = endpoint(&config.base_url, &["v1", "messages"]);
        Self { config, url, http }
    }

    /// Whether Vonage accepts the API key and its secret; about an application only that its key signs.
    ///
    /// # Errors
    /// If it does not, or says nothing.
    pub async fn check(&self) -> Result<Checked, SendError> {
        let mut url = endpoint(&self.config.base_url, &["v2", "applications"]);
        url.set_query(Some("page_size=1"));
        let request = self.authenticate(self.http.get(url))?;
        if let MessagesAuth::Application { .. } = &self.config.auth {
            return Ok(Checked::NotOffered("Vonage tells nothing about an application without a text"));
        }
        let reply = exchange(request.timeout(TIMEOUT)).await?;
        // The list of applications is another API, which a region or a mock need not have.
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(Checked::NotOffered("the address in VONAGE_BASE_URL has nothing to ask"));
        }
        verdict(&reply, Value::is_object, read)
    }

    fn body(&self, message: &SmsMessage) -> Value {
        let mut body = json!({
            "channel": "sms",
            "message_type": "text",
            "to": message.to.digits(),
            "from": self.config.from,
            "text": message.body.expose(),
            "ttl": message.expires_in.as_secs().max(1),
            "sms": { "encoding_type": "auto" },
            "client_ref": message.reference.as_str(),
        });
        if let Some(url) = message.status_url(ProviderName::Vonage).filter(|_| self.config.wants_reports) {
            body["webhook_url"] = url.as_str().into();
            body["webhook_version"] = "v1".into();
        }
        body
    }

    fn authenticate(&self, request: RequestBuilder) -> Result<RequestBuilder, SendError> {
        match &self.config.auth {
            MessagesAuth::Basic { api_key, api_secret } => {
                Ok(request.basic_auth(api_key, Some(api_secret.expose_secret())))
            }
            MessagesAuth::Application { id, key } => {
                let now = jsonwebtoken::get_current_timestamp();
                let claims = json!({
                    "application_id": id, "iat": now, "exp": now + TOKEN_LIFE, "jti": Uuid::new_v4().to_string(),
                });
                let token = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key.0)
                    .map_err(|_| SendError::new(FailureKind::Misconfigured).with_hint(UNUSABLE_KEY))?;
                Ok(request.bearer_auth(token))
            }
        }
    }
}

const UNUSABLE_KEY: &str = "Vonage: the application's private key cannot sign; generate a new one";

#[async_trait::async_trait]
impl SmsProvider for VonageMessages {
    fn name(&self) -> ProviderName {
        ProviderName::Vonage
    }

    async fn send(&self, message: &SmsMessage) -> Result<SendReceipt, SendError> {
        let request = self.authenticate(self.http.post(self.url.clone()))?;
        read(&exchange(request.json(&self.body(message))).await?)
    }
}

fn read(reply: &VendorReply) -> Result<SendReceipt, SendError> {
    let body: Value = reply.json().unwrap_or_default();
    if reply.status.is_success() {
        return SendReceipt::with_id(ProviderName::Vonage, scalar(&body["message_uuid"]).as_deref());
    }
    let code = problem_code(&body);
    let listed = code.as_deref().and_then(|code| classify_messages(code.parse().ok()?));
    let fallback = (reply.kind_by_status(), hint_by_status(reply.status.as_u16()));
    let (kind, hint) = match listed {
        // Behind a 5xx the text may be on its way, whatever the problem is called.
        _ if reply.status.is_server_error() => fallback,
        _ if blames_the_number(&body) => (FailureKind::BadRecipient, None),
        Some(listed) => listed,
        None => fallback,
    };
    let error = SendError { hint, ..SendError::new(kind) }.with_retry_after(reply.retry_after);
    Err(match code {
        Some(code) => error.with_code(code),
        None => error,
    })
}

/// The code is the fragment of the problem's `type`; some problems have it as a numeric title.
fn problem_code(body: &Value) -> Option<String> {
    let fragment =
        body["type"].as_str().and_then(|kind| kind.rsplit_once('#')).map(|(_, code)| code.to_owned());
    fragment
        .or_else(|| scalar(&body["title"]).filter(|title| title.bytes().all(|byte| byte.is_ascii_digit())))
}

fn blames_the_number(body: &Value) -> bool {
    let parameters = body["invalid_parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    parameters.iter().any(|parameter| parameter["name"] == "to")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::{assert_no_reply_succeeds_without_an_id, reply};

    fn failure(status: u16, body: &Value) -> SendError {
        read(&reply(status, body.to_string().as_bytes())).unwrap_err()
    }

    #[test]
    fn the_code_is_found_in_the_type_or_as_a_numeric_title() {
        let by_type =
            json!({"type": "https://developer.vonage.com/api-errors/messages#1240", "title": "Opted out"});
        let by_title = json!({"title": 1240});
        for body in [by_type, by_title] {
            let error = failure(422, &body);
            assert_eq!((error.kind, error.code.unwrap().as_str()), (FailureKind::OptedOut, "1240"));
        }
    }

    #[test]
    fn an_invalid_number_is_the_recipients_fault() {
        let body = json!({
            "type": "https://developer.vonage.com/api-errors/messages#1150",
            "invalid_parameters": [{"name": "to", "reason": "The length of the number is wrong."}]
        });
        assert_eq!(failure(422, &body).kind, FailureKind::BadRecipient);
    }

    #[test]
    fn no_reply_panics_or_succeeds_without_an_id() {
        assert_no_reply_succeeds_without_an_id(read);
    }
}
