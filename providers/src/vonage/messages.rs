//! The Messages API v1: JSON in, 202 out, problems as RFC 7807.
//!
//! <https://developer.vonage.com/en/api/messages>

use super::codes::{MESSAGES_CODES, hint_by_status};
use super::config::sender;
use super::{MessagesAuth, MessagesConfig};
use crate::check::{Checked, TIMEOUT, verdict};
use crate::client::{VendorReply, endpoint, exchange, scalar};
use crate::verdict::{Verdict, judge};
use crate::{FailureKind, ProviderName, SendError, SendReceipt, SmsMessage, SmsProvider};
use jsonwebtoken::{Algorithm, Header};
use reqwest::{RequestBuilder, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

/// How long a token is good for, in seconds: as long as in Vonage's own libraries.
const TOKEN_LIFE: u64 = 900;
/// The shortest and the longest life that Vonage takes, in seconds.
const TTL: (u64, u64) = (20, 604_800);

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

    /// What a reply to a text means: pure, so that recorded replies can be looked at.
    ///
    /// # Errors
    /// The failure, unless the reply says that the text was taken and gives its id.
    pub fn verdict(reply: &VendorReply) -> Result<SendReceipt, SendError> {
        judge(reply, read)
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
        let from: &String = message.sender(&self.config.senders, &self.config.from);
        let mut body = json!({
            "channel": "sms",
            "message_type": "text",
            "to": message.to.digits(),
            "from": sender(from),
            "text": message.body.expose(),
            "ttl": message.expires_in.as_secs().clamp(TTL.0, TTL.1),
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
        Self::verdict(&exchange(request.json(&self.body(message))).await?)
    }
}

fn read(reply: &VendorReply) -> Verdict {
    let body: Value = reply.json().unwrap_or_default();
    if reply.status.is_success() {
        return SendReceipt::with_id(ProviderName::Vonage, scalar(&body["message_uuid"]).as_deref());
    }
    let code = problem_code(&body);
    let about = (reply.status == StatusCode::UNPROCESSABLE_ENTITY).then_some("422");
    let listed = code.as_deref().and_then(|code| MESSAGES_CODES.find_about(code, about));
    let error = match listed {
        _ if blames_the_number(&body) => SendError::new(FailureKind::BadRecipient),
        Some(row) => row.failure(),
        None => {
            let hint = hint_by_status(reply.status.as_u16());
            SendError { hint, ..SendError::new(reply.kind_by_status()) }
        }
    };
    Err(code.into_iter().fold(error, SendError::with_code))
}

/// The code is the fragment of a problem's `type`; some problems have it as a numeric title.
pub(super) fn problem_code(problem: &Value) -> Option<String> {
    let fragment =
        problem["type"].as_str().and_then(|kind| kind.rsplit_once('#')).map(|(_, code)| code.to_owned());
    let is_code = |title: &String| !title.is_empty() && title.bytes().all(|byte| byte.is_ascii_digit());
    fragment.or_else(|| scalar(&problem["title"]).filter(is_code))
}

/// The numbers of problems contradict each other from one page of Vonage's to the next; these do not.
fn blames_the_number(problem: &Value) -> bool {
    let parameters = problem["invalid_parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    problem["title"] == "Invalid recipient" || parameters.iter().any(|parameter| parameter["name"] == "to")
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
