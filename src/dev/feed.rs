//! What an open page is told the moment it happens.

use actix_web::web::Bytes;
use serde::Serialize;
use tokio::sync::broadcast;

/// Frames that a slow page may be behind before it is told to load everything anew.
const BACKLOG: usize = 64;

/// Passes frames of a server-sent event stream on to every page that listens. Clones are one feed.
#[derive(Clone)]
pub(super) struct Feed(broadcast::Sender<Bytes>);

impl Feed {
    pub fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }

    /// Tells every page. `name` is the event's name in the stream.
    pub fn tell(&self, name: &str, content: &impl Serialize) {
        if let Ok(json) = serde_json::to_string(content) {
            // Fails only while no page is open.
            let _ = self.0.send(Bytes::from(format!("event: {name}\ndata: {json}\n\n")));
        }
    }

    pub fn listen(&self) -> broadcast::Receiver<Bytes> {
        self.0.subscribe()
    }
}
