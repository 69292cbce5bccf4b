//! Load for a relay on this machine, and what came of it: signed events at a steady rate, some of them twice, and
//! forged ones beside them.
//!
//! Open-loop: events are due at fixed times, whether or not earlier ones were answered, as users come. Each latency is
//! counted from the time at which its event was due, so that a relay which stops for a second is late for all who
//! came in that second, and not for one.

mod event;
mod measure;
mod pace;
mod send;
mod stage;

pub use measure::{Latencies, Measured, Stream, Texts};
pub use stage::Stage;

use std::time::Duration;

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Events a second, repeated ones included.
    pub rate: u32,
    /// For how long.
    pub duration: Duration,
    /// The share of them that is an event once more, of the last second.
    pub duplicates: f64,
    /// Forged events a second, beside the others.
    pub forged: u32,
}

/// What one request may take: Neon's usual `timeout_seconds`.
pub const PATIENCE: Duration = Duration::from_secs(5);
