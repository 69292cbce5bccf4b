//! What breaks, and what becomes of codes then: nothing is lost, nothing is sent twice beyond the one exception, it
//! mends without a restart, and whoever operates it was told. `docs/faults.md` is the table of it.
//!
//! Real processes, real databases, and what can happen to them. Those that take long, or need a disk of their own or a
//! PgBouncer, are ignored by `./test` and run by `./test faults`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets the unexpected should stop there"
)]

mod clock;
mod crowds;
mod descriptors;
mod disk;
#[path = "../relay/harness.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod harness;
mod instances;
mod pooler;
mod postgres;
#[path = "../postgres_server/mod.rs"]
mod postgres_server;
#[path = "../relay/process.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod process;
mod proxy;
mod scene;
mod slow_store;
mod vendors;
