//! What fits into the file descriptors that the system lets us have.
//!
//! A delivery holds two while it runs: Neon's connection and the provider's. Past the end of them no provider can be
//! reached, and a code that was taken would be lost; so fewer are taken, and the rest is asked to come again.

/// Descriptors that are none of a delivery's: the store's files and connections, keys, logs, listeners, metrics.
pub const RESERVED: u64 = 64;
/// Descriptors that each worker's event loop takes.
pub const PER_WORKER: u64 = 4;
/// Connections beyond those of deliveries, to be told at the door that there is no room.
pub const DOOR: u64 = 128;
/// Connections beyond those of deliveries, where there are descriptors enough: idle ones, probes, callbacks.
pub const SPARE: u64 = 1_000;

/// How much may be done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fits {
    /// Deliveries at once.
    pub deliveries: usize,
    /// Connections at once on the public port.
    pub connections: usize,
}

/// Raises the soft limit of descriptors to the hard one, and says what it is now; `None` where there is no such
/// limit, or nobody knows.
pub fn raise() -> Option<u64> {
    #[cfg(unix)]
    let limit = rlimit::increase_nofile_limit(u64::MAX).ok();
    #[cfg(not(unix))]
    let limit = None;
    limit
}

/// What fits, at most `wanted` deliveries.
pub fn fits(descriptors: Option<u64>, wanted: usize, workers: usize) -> Fits {
    let wanted = wanted as u64;
    let free = descriptors.map_or(u64::MAX, |all| all.saturating_sub(RESERVED + PER_WORKER * workers as u64));
    let deliveries = (free.saturating_sub(DOOR) / 2).clamp(1, wanted);
    let connections = free.saturating_sub(deliveries).clamp(1, deliveries + SPARE);
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Fits { deliveries: count(deliveries), connections: count(connections) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_and_connections_share_what_there_is() {
        for (descriptors, deliveries, connections) in [
            (None, 2_000, 3_000),
            (Some(1 << 30), 2_000, 3_000),
            (Some(4_200), 2_000, 2_132),
            (Some(1_024), 414, 542),
            (Some(256), 30, 158),
            (Some(20), 1, 1),
        ] {
            let fits = fits(descriptors, 2_000, 1);
            assert_eq!((fits.deliveries, fits.connections), (deliveries, connections), "{descriptors:?}");
        }
    }
}
