//! A vendor made of a bare socket, so that it can answer with anything, or with nothing.

use std::convert::Infallible;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// One HTTP reply.
#[derive(Clone, Copy)]
pub struct Answer {
    pub status: u16,
    /// Further header lines, each ended by `\r\n`.
    pub headers: &'static str,
    pub body: &'static str,
}

impl Answer {
    pub const fn new(status: u16, body: &'static str) -> Self {
        Self { status, headers: "", body }
    }

    fn head(&self, length: usize) -> String {
        let Self { status, headers, .. } = self;
        format!(
            "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n"
        )
    }
}

/// What becomes of a request.
pub enum Upstream {
    /// A whole reply.
    Reply(Answer),
    /// Nobody listens.
    Refused,
    /// Somebody listens who does not speak TLS, and is asked to.
    NoTls,
    /// The request is read, then the connection is reset.
    Reset,
    /// The request is read, and that was it.
    Silent,
    /// The reply comes, a byte a second.
    Drip(Answer),
    /// The connection closes after half of the body.
    BreakOff(Answer),
    /// The head of the reply, and a body of ten megabytes that starts like the real one.
    TenMegabytes(Answer),
}

impl Upstream {
    /// Calls `client` with the address of this upstream; returns what it says and every byte that it sent.
    pub async fn run<T>(self, client: impl AsyncFnOnce(Url) -> T) -> (T, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if matches!(self, Self::NoTls) { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap()).parse().unwrap();
        if matches!(self, Self::Refused) {
            drop(listener);
            return (client(url).await, Vec::new());
        }
        let mut requests = Vec::new();
        let result = tokio::select! {
            result = client(url) => result,
            never = self.serve(&listener, &mut requests) => match never {},
        };
        (result, requests)
    }

    async fn serve(&self, listener: &TcpListener, requests: &mut Vec<u8>) -> Infallible {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            // A client that hangs up is the point of some cases.
            let _ = self.answer(&mut socket, requests).await;
        }
    }

    async fn answer(&self, socket: &mut TcpStream, requests: &mut Vec<u8>) -> io::Result<()> {
        if matches!(self, Self::NoTls) {
            socket.read_u8().await?;
            return socket.write_all(b"HTTP/1.1 400 -\r\n\r\n").await;
        }
        requests.extend(read_request(socket).await?);
        match self {
            Self::Refused | Self::NoTls => unreachable!("has no request to answer"),
            Self::Reply(answer) => write(socket, &answer.head(answer.body.len()), answer.body).await,
            Self::Reset => socket.set_zero_linger(),
            Self::Silent => {
                // From here on only the client's time-out can happen, so it happens at once.
                tokio::time::pause();
                socket.read_u8().await.map(drop)
            }
            Self::Drip(answer) => {
                tokio::time::pause();
                write(socket, &answer.head(answer.body.len()), "").await?;
                for byte in answer.body.as_bytes() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    socket.write_u8(*byte).await?;
                }
                Ok(())
            }
            Self::BreakOff(answer) => {
                write(socket, &answer.head(answer.body.len()), &answer.body[..answer.body.len() / 2]).await
            }
            Self::TenMegabytes(answer) => {
                let padding = " ".repeat((10 << 20) - answer.body.len());
                write(socket, &answer.head(10 << 20), answer.body).await?;
                socket.write_all(padding.as_bytes()).await
            }
        }
    }
}

async fn write(socket: &mut TcpStream, head: &str, body: &str) -> io::Result<()> {
    socket.write_all(format!("{head}{body}").as_bytes()).await?;
    socket.flush().await
}

/// Reads one request to its last byte.
async fn read_request(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        request.push(socket.read_u8().await?);
        if request.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.expect("a request with a length")];
    socket.read_exact(&mut body).await?;
    request.extend(body);
    Ok(request)
}
