//! What one connection may take of us: how long each part of a request may last, how large a head may be, and who
//! leaves when there is no more room.
//!
//! actix times the head of a connection's first request only and buffers 128 KB of any; it counts nothing while it
//! waits for the rest of a body that nobody reads. So the limits stand between the socket and actix, in
//! [`Stream`], which sees every byte; what only the app knows, it says through the connection's [`Course`].

mod course;
mod room;
mod stream;

pub(super) use course::Body;
pub use course::Course;
pub use room::Room;
pub use stream::Stream;

use std::time::Duration;

/// How long a connection may wait for its first or next request: longer than the pools of what stands in front of
/// us keep one, Caddy's 120 s and the 90 s of Go, Traefik and cloudflared. Whoever closes first loses a request.
pub const IDLE_TIME: Duration = Duration::from_secs(150);
/// From the first byte of a head to its last. Neon's whole attempt takes 5 s.
pub const HEAD_TIME: Duration = Duration::from_secs(5);
/// From a head to its answer, written and taken: well above what any answer is allowed.
pub const EXCHANGE_TIME: Duration = Duration::from_secs(30);
/// How long a connection that is to end may take to do so, so that its last answer is read.
pub const FAREWELL_TIME: Duration = Duration::from_secs(2);
/// A body that takes longer is an attack, or a network on which nobody waits for the answer.
pub const BODY_TIME: Duration = Duration::from_secs(4);
/// The largest head, in bytes. Neon's are below 2 KB, with all that proxies add.
pub const HEAD_LIMIT: usize = 16 * 1024;
/// All that requests which are not verified yet may hold at once, in bytes of their bodies.
pub const UNVERIFIED_LIMIT: usize = 16 * 1024 * 1024;

/// The limits that a test would have to wait for.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Between two requests: [`IDLE_TIME`].
    pub idle: Duration,
    /// For a head: [`HEAD_TIME`].
    pub head: Duration,
    /// From a head to its answer: [`EXCHANGE_TIME`].
    pub exchange: Duration,
    /// For a connection that is to end: [`FAREWELL_TIME`].
    pub farewell: Duration,
    /// For a body: [`BODY_TIME`].
    pub body: Duration,
    /// Bytes of unverified bodies at once: [`UNVERIFIED_LIMIT`].
    pub unverified: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: IDLE_TIME,
            head: HEAD_TIME,
            exchange: EXCHANGE_TIME,
            farewell: FAREWELL_TIME,
            body: BODY_TIME,
            unverified: UNVERIFIED_LIMIT,
        }
    }
}
