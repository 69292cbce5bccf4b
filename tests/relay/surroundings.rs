//! What stands around a relay in a company's network: proxies that write down who came by, and servers whose
//! certificates a private authority has signed (`fixtures/tls`).

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The path of a file in `fixtures/tls`.
pub fn tls_file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls").join(name);
    path.to_str().unwrap().to_owned()
}

/// A proxy that leads every connection to one place, or nowhere, and remembers what it was asked for.
pub struct Proxy {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// One that speaks HTTP. Whatever is asked for leads to `to`; without it, everything is refused.
    pub async fn http(to: Option<SocketAddr>) -> Self {
        Self::start(move |mut client, asked| async move {
            let head = read_head(&mut client).await;
            asked.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
            match to {
                Some(to) => {
                    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                    lead(client, to).await;
                }
                None => {
                    client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await.unwrap()
                }
            }
        })
        .await
    }

    /// One that speaks SOCKS 5 and is asked for names.
    pub async fn socks(to: SocketAddr) -> Self {
        Self::start(move |mut client, asked| async move {
            let mut greeting = [0; 2];
            client.read_exact(&mut greeting).await.unwrap();
            let mut methods = vec![0; usize::from(greeting[1])];
            client.read_exact(&mut methods).await.unwrap();
            client.write_all(&[5, 0]).await.unwrap();
            let mut request = [0; 5];
            client.read_exact(&mut request).await.unwrap();
            let mut name = vec![0; usize::from(request[4]) + 2];
            client.read_exact(&mut name).await.unwrap();
            name.truncate(name.len() - 2);
            asked.lock().unwrap().push(String::from_utf8(name).unwrap());
            client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
            lead(client, to).await;
        })
        .await
    }

    async fn start<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let remembered = asked.clone();
        tokio::runtime::Handle::current().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::runtime::Handle::current().spawn(serve(client, remembered.clone()));
            }
        });
        Self { address, asked }
    }

    /// What it was asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn lead(mut client: TcpStream, to: SocketAddr) {
    let mut server = TcpStream::connect(to).await.unwrap();
    // Whoever hangs up first ends it.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

/// Speaks TLS with a certificate and its key.
pub fn tls_acceptor(certificate: &str, key: &str) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(tls_file(certificate)).unwrap();
    let key = PrivateKeyDer::from_pem_file(tls_file(key)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// An https server with one of the certificates, that answers everything with this.
pub async fn https_server(certificate: &str, status: u16, body: String) -> SocketAddr {
    let (acceptor, listener) =
        (tls_acceptor(certificate, "server.key"), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    tokio::runtime::Handle::current().spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            tokio::runtime::Handle::current().spawn(async move {
                // Whoever does not believe the certificate hangs up.
                let Ok(mut client) = acceptor.accept(client).await else { return };
                read_head(&mut client).await;
                let _ = client.write_all(answer.as_bytes()).await;
                let _ = client.shutdown().await;
            });
        }
    });
    address
}

/// A request up to its empty line, and whatever of its body came with it.
async fn read_head(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while !text.contains("\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
            _ => break,
        }
    }
    text
}
