//! What a user of the relay is promised, through the real server on a real port.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets the unexpected should stop there"
)]

mod app_answers;
mod app_stub;
mod bad_input;
mod branches;
mod callbacks;
mod cli;
mod closed_outputs;
mod configured;
mod connection_limits;
mod crowds;
mod descriptors;
mod dev_command;
mod doctor;
mod events_command;
mod events_followed;
mod exactly_once;
mod failover;
mod forwarding;
mod harness;
mod keys;
mod log_output;
mod neon_api;
mod network;
mod no_leaks;
mod odd_events;
mod ops;
mod outbox;
mod outbox_commands;
mod outbox_load;
mod outbox_safety;
mod plugged;
#[path = "../postgres_server/mod.rs"]
mod postgres_server;
mod process;
mod raw_client;
mod retries;
mod send_otp;
mod sender_forms;
mod signature;
mod store_failure;
mod store_health;
mod subscriptions;
mod supervision;
mod surroundings;
mod twilio;
mod vendor_checks;
mod vendor_reports;
mod verifiers;
mod wrong_paths;
