//! A client that writes what it likes, when it likes.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Only a broken server lets a test wait for so long.
const FAR_TOO_LONG: Duration = Duration::from_secs(60);

pub const GET: &str = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

pub struct RawClient(TcpStream);

impl RawClient {
    /// A connection to `http://ADDRESS`.
    pub async fn connect(url: &str) -> Self {
        Self(TcpStream::connect(url.trim_start_matches("http://")).await.unwrap())
    }

    /// Writes; a server that has hung up is no failure.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Sends a request whose answer has a small JSON body, and reads that answer.
    pub async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> String {
        self.send(bytes).await;
        self.answer().await
    }

    /// Reads one answer with a small JSON body.
    pub async fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut bytes = [0; 1024];
            let read = timeout(FAR_TOO_LONG, self.0.read(&mut bytes)).await.expect("no answer").unwrap();
            assert!(read > 0, "the server hung up after {:?}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&bytes[..read]);
        }
        String::from_utf8(answer).unwrap()
    }

    /// Waits until the server hangs up; returns what it said before.
    pub async fn end(&mut self) -> String {
        let mut said = Vec::new();
        // A reset is an end, too.
        let _ =
            timeout(FAR_TOO_LONG, self.0.read_to_end(&mut said)).await.expect("the server does not hang up");
        String::from_utf8(said).unwrap()
    }
}

/// A request as it is written to a connection.
pub fn written(request: reqwest::RequestBuilder) -> Vec<u8> {
    let request = request.build().unwrap();
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    let mut head = format!("{} {} HTTP/1.1\r\nHost: x\r\n", request.method(), request.url().path());
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
