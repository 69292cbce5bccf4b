//! Neon's management API with one branch in it, which remembers what is written and clears what is left out.

use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};
use wiremock::matchers::{header, path_regex};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// The API key of every test; nothing that is written may hold it.
pub const KEY: &str = "napi_s3cret";

pub struct NeonBranch {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    webhook: Value,
    plugin: Value,
    writes: Vec<Value>,
    reads: usize,
    /// After so many reads of the webhook somebody else sets it to this.
    interference: Option<(usize, Value)>,
    /// The next requests of this method are answered with this status.
    failures: Vec<(&'static str, u16)>,
    /// What is written is taken and not kept.
    forgetful: bool,
    /// What is written next is kept, and answered as if it was not.
    answer_lost: bool,
    answers_as: Option<ResponseTemplate>,
}

impl NeonBranch {
    /// A branch whose webhook is this.
    pub async fn with(webhook: Value) -> Self {
        let plugin = json!({"enabled": false, "otp_expires_in": 300});
        let state = Arc::new(Mutex::new(State { webhook, plugin, ..State::default() }));
        let server = MockServer::start().await;
        let api = Api(state.clone());
        Mock::given(path_regex("^/projects/p-1/branches/br-"))
            .and(header("Authorization", format!("Bearer {KEY}").as_str()))
            .respond_with(api)
            .mount(&server)
            .await;
        Self { server, state }
    }

    /// A branch that production's relay serves.
    pub async fn of_production() -> Self {
        Self::with(production()).await
    }

    /// The variables that lead here.
    pub fn vars(&self) -> Vec<(&'static str, String)> {
        vec![
            ("NEON_API_KEY", KEY.to_owned()),
            ("NEON_PROJECT_ID", "p-1".to_owned()),
            ("NEON_BRANCH_ID", "br-a".to_owned()),
            ("NEON_API_BASE_URL", self.server.uri()),
        ]
    }

    /// The webhook as Neon has it now.
    pub fn webhook(&self) -> Value {
        self.state().webhook.clone()
    }

    pub fn plugin(&self) -> Value {
        self.state().plugin.clone()
    }

    /// What was written so far, body by body.
    pub fn writes(&self) -> Vec<Value> {
        self.state().writes.clone()
    }

    /// How many requests came, of any kind.
    pub async fn requests(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }

    /// Somebody sets the webhook in the console.
    pub fn somebody_sets(&self, webhook: Value) {
        self.state().webhook = webhook;
    }

    /// Somebody does so as soon as it was read so often.
    pub fn somebody_sets_after(&self, reads: usize, webhook: Value) {
        self.state().interference = Some((reads, webhook));
    }

    /// The next requests of this method fail with these statuses, one after the other.
    pub fn fails(&self, method: &'static str, statuses: &[u16]) {
        self.state().failures.extend(statuses.iter().map(|status| (method, *status)));
    }

    /// What is written from now on is not kept.
    pub fn forgets(&self) {
        self.state().forgetful = true;
    }

    /// The next write is done, and its answer does not come through.
    pub fn loses_the_answer_to_the_next_write(&self) {
        self.state().answer_lost = true;
    }

    /// Every request is answered with this from now on.
    pub fn answers(&self, reply: ResponseTemplate) {
        self.state().answers_as = Some(reply);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// The webhook of a branch that production's relay serves.
pub fn production() -> Value {
    json!({
        "enabled": true, "webhook_url": "https://sms.example.com/webhooks/neon-auth",
        "enabled_events": ["user.created", "send.otp"], "timeout_seconds": 7,
    })
}

struct Api(Arc<Mutex<State>>);

impl Respond for Api {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap();
        if let Some(reply) = &state.answers_as {
            return reply.clone();
        }
        let method = request.method.as_str();
        if let Some(at) = state.failures.iter().position(|(failing, _)| *failing == method) {
            let (_, status) = state.failures.remove(at);
            return ResponseTemplate::new(status).set_body_string(format!("{KEY} is wrong"));
        }
        let path = request.url.path().to_owned();
        let body = || serde_json::from_slice::<Value>(&request.body).unwrap();
        let said = match (method, path.as_str()) {
            ("GET", "/projects/p-1/branches/br-a/auth/webhooks") => {
                let webhook = state.webhook.clone();
                state.reads += 1;
                if state.interference.as_ref().is_some_and(|(reads, _)| *reads == state.reads) {
                    state.webhook = state.interference.take().unwrap().1;
                }
                webhook
            }
            ("PUT", "/projects/p-1/branches/br-a/auth/webhooks") => {
                state.writes.push(body());
                if !state.forgetful {
                    state.webhook = body();
                }
                if std::mem::take(&mut state.answer_lost) {
                    return ResponseTemplate::new(504);
                }
                state.webhook.clone()
            }
            ("GET", "/projects/p-1/branches/br-a/auth/plugins/phone-number") => state.plugin.clone(),
            ("PATCH", "/projects/p-1/branches/br-a/auth/plugins/phone-number") => {
                state.writes.push(body());
                if !state.forgetful {
                    let body = body();
                    state.plugin.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
                }
                state.plugin.clone()
            }
            _ => return ResponseTemplate::new(404),
        };
        ResponseTemplate::new(200).set_body_json(said)
    }
}
