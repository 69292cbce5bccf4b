//! Something between a relay and its store.

use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What it does with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Each piece takes so long.
    Slow(Duration),
    /// Connections end, and new ones are not taken.
    Cut,
    /// Everything is taken, and nothing comes out at the other end.
    Silent,
}

pub struct Proxy {
    way: Arc<watch::Sender<Way>>,
    pub url: String,
}

impl Proxy {
    /// A way to the server of this URL.
    pub async fn to(url: &str) -> Self {
        let address = url.split_once('@').unwrap().1.split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let through = url.replace(&address, &listener.local_addr().unwrap().to_string());
        let way = Arc::new(watch::Sender::new(Way::Open));
        let current = way.clone();
        tokio::runtime::Handle::current().spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *current.borrow() == Way::Cut {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&address).await else { continue };
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                for (from, to) in [(near_in, far_out), (far_in, near_out)] {
                    tokio::runtime::Handle::current().spawn(carry(from, to, current.subscribe()));
                }
            }
        });
        Self { way, url: through }
    }

    pub fn becomes(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut bytes = [0; 4096];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            _ = way.wait_for(|way| *way == Way::Cut) => return,
        };
        let Ok(read @ 1..) = read else { return };
        let now = *way.borrow_and_update();
        match now {
            Way::Open => {}
            Way::Slow(pause) => tokio::time::sleep(pause).await,
            Way::Cut => return,
            // What was swallowed does not come later; the connection is of no use any more.
            Way::Silent => std::future::pending().await,
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
