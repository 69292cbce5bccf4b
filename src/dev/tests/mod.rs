//! The emulator and the inbox over a real port, with a scripted webhook in the relay's place.

mod accounts;
mod api;
mod events;
mod faults;
mod other_origins;
mod page;
mod sign_in;

use super::*;
use crate::domain::{ManualClock, Timestamp};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use sms_providers::client::http_client;
use std::net::Ipv4Addr;
use std::time::Duration;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const NOW: Timestamp = Timestamp::from_millis(1_740_312_000_000);
const NUMBER: &str = "+12025550123";

struct Dev {
    server: DevServer,
    webhook: MockServer,
    clock: Arc<ManualClock>,
    tasks: Tasks,
    http: reqwest::Client,
}

impl Dev {
    async fn start() -> Self {
        Self::with_webhook(ResponseTemplate::new(200)).await
    }

    async fn strict() -> Self {
        let behaviour = Behaviour { strict: true, ..Behaviour::default() };
        Self::built(ResponseTemplate::new(200), |options| options.behaviour = behaviour).await
    }

    async fn with_webhook(answer: ResponseTemplate) -> Self {
        Self::built(answer, |_| {}).await
    }

    async fn built(answer: ResponseTemplate, change: impl FnOnce(&mut DevOptions)) -> Self {
        let webhook = MockServer::start().await;
        Mock::given(any()).respond_with(answer).mount(&webhook).await;
        let clock = Arc::new(ManualClock::new(NOW));
        let tasks = Tasks::current();
        let http = http_client().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut options = DevOptions {
            webhook_url: webhook.uri().parse().unwrap(),
            tasks: tasks.clone(),
            http: http.clone(),
            ..options(listener, clock.clone())
        };
        change(&mut options);
        Self { server: DevServer::start(options).unwrap(), webhook, clock, tasks, http }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.server.inbox_url().join(path).unwrap())
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http.post(self.server.inbox_url().join(path).unwrap()).json(body)
    }

    async fn send_otp(&self, number: &str) -> Answer {
        let body = json!({ "phoneNumber": number });
        Answer::of(self.post("/neondb/auth/phone-number/send-otp", &body)).await
    }

    async fn verify(&self, number: &str, code: &str) -> Answer {
        let body = json!({ "phoneNumber": number, "code": code });
        Answer::of(self.post("/neondb/auth/phone-number/verify", &body)).await
    }

    /// The bodies that the webhook was sent.
    async fn events(&self) -> Vec<Value> {
        let requests = self.webhook.received_requests().await.unwrap();
        requests.iter().map(|request| request.body_json().unwrap()).collect()
    }

    /// The code of the newest `send.otp`.
    async fn code(&self) -> String {
        let events = self.events().await;
        let newest = events.iter().rfind(|event| event["event_type"] == "send.otp").unwrap();
        newest["event_data"]["otp_code"].as_str().unwrap().to_owned()
    }

    /// Six digits that are not the code.
    async fn wrong_code(&self) -> &'static str {
        if self.code().await == "000000" { "111111" } else { "000000" }
    }

    async fn sign_in(&self, number: &str) -> Answer {
        self.send_otp(number).await;
        self.verify(number, &self.code().await).await
    }

    /// Waits for whatever runs in the background; nothing is served afterwards.
    async fn finish_background_work(&self) {
        assert_eq!(self.tasks.drain(Duration::from_secs(30)).await, 0);
    }
}

fn options(listener: TcpListener, clock: Arc<ManualClock>) -> DevOptions {
    DevOptions {
        listeners: vec![listener],
        webhook_url: "http://127.0.0.1:1/".parse().unwrap(),
        clock: clock.clone(),
        tasks: Tasks::current(),
        http: http_client().unwrap(),
        inbox: InboxProvider::new(clock),
        is_open: false,
        behaviour: Behaviour::default(),
    }
}

struct Answer {
    status: StatusCode,
    cookie: Option<String>,
    retry_after: Option<String>,
    body: Value,
}

impl Answer {
    async fn of(request: RequestBuilder) -> Self {
        let response: Response = request.send().await.unwrap();
        let header = |name| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
        Self {
            status: response.status(),
            cookie: header("set-cookie"),
            retry_after: header("x-retry-after"),
            body: response.json().await.unwrap(),
        }
    }

    /// Status and Better Auth's error code.
    fn error(&self) -> (u16, &str) {
        assert!(self.body["message"].is_string(), "{}", self.body);
        (self.status.as_u16(), self.body["code"].as_str().unwrap())
    }

    /// The session cookie as a browser sends it back.
    fn session(&self) -> &str {
        self.cookie.as_deref().unwrap().split(';').next().unwrap()
    }
}
