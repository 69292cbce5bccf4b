//! `neon-sms-relay studio`, as its operator runs it: a process of its own beside a store that servers have filled.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets the unexpected should stop there"
)]

mod door;
mod escaping;
mod limits;
mod opened;
mod outbox;
mod paging;
mod plans;
#[path = "../postgres_server/mod.rs"]
mod postgres_server;
mod shown;
#[path = "../studio_day/mod.rs"]
mod studio_day;
