//! The user's own app, behind `FORWARD_URL`.

use crate::harness::{Start, TestRelay};
use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// An app that records what it gets, and the secret that it shares with the relay.
pub struct AppStub {
    pub server: MockServer,
    answers: AtomicU8,
}

pub const SECRET: &str = "f0rward-s3cret";

impl AppStub {
    /// An app that answers everything with this.
    pub async fn answering(reply: ResponseTemplate) -> Self {
        let app = Self { server: MockServer::start().await, answers: AtomicU8::new(u8::MAX) };
        app.answer(reply).await;
        app
    }

    /// Answers with this from now on, and forgets what has come.
    pub async fn answer(&self, reply: ResponseTemplate) {
        self.server.reset().await;
        self.answer_without_forgetting(reply).await;
    }

    /// Answers with this from now on.
    pub async fn answer_without_forgetting(&self, reply: ResponseTemplate) {
        let mock = Mock::given(method("POST")).and(path("/hook"));
        // Of two mocks that match, the one with the lower number counts; the later one has to win.
        let priority = self.answers.fetch_sub(1, Ordering::SeqCst);
        mock.respond_with(reply).with_priority(priority).mount(&self.server).await;
    }

    pub fn url(&self) -> String {
        format!("{}/hook", self.server.uri())
    }

    /// What has come since the last change of the answer.
    pub async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }

    /// Waits until as many requests have come.
    pub async fn wait_for(&self, count: usize) -> Vec<Request> {
        loop {
            let requests = self.requests().await;
            if requests.len() >= count {
                return requests;
            }
            tokio::task::yield_now().await;
        }
    }

    /// A relay that forwards to this app.
    pub async fn relay(&self) -> TestRelay {
        self.relay_with(Start::default()).await
    }

    pub async fn relay_with(&self, mut start: Start) -> TestRelay {
        start.vars.push(("FORWARD_URL", self.url()));
        start.vars.push(("FORWARD_SECRET", SECRET.to_owned()));
        TestRelay::with(start).await
    }
}

/// The socket of an app that is down: bound, so that nobody else takes its port, and deaf, so that connections to
/// it are refused.
pub fn deaf_socket() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

/// Holds a store that was closed to what must not be found in it.
pub fn assert_unreadable(folder: &Path, words: &[&str]) {
    // It is closed once everything is in the one file.
    while std::fs::read_dir(folder).unwrap().count() > 1 {
        std::thread::yield_now();
    }
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(file).unwrap();
    for word in words {
        assert!(!bytes.windows(word.len()).any(|bytes| bytes == word.as_bytes()), "{word} is on the disk");
    }
}

/// An answer that says nothing but its status.
pub fn status(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

/// Longer than any test waits.
pub fn never() -> ResponseTemplate {
    ResponseTemplate::new(200).set_delay(Duration::from_secs(120))
}

pub fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).map_or("", |value| value.to_str().unwrap())
}
