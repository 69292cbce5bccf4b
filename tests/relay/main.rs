//! What a user of the relay is promised, through the real server on a real port.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets the unexpected should stop there"
)]

mod adaptive;
mod app_answers;
mod app_stub;
mod bad_input;
mod bench;
mod branches;
mod callbacks;
mod cli;
mod closed_outputs;
mod configured;
mod connection_limits;
mod crowds;
mod day_of_events;
mod descriptors;
mod dev_choices;
mod dev_command;
mod doctor;
mod doctor_branch;
mod doctor_clock;
mod doctor_order;
mod events_command;
mod events_followed;
mod exactly_once;
mod failover;
mod forget;
mod forwarding;
mod guard;
mod guard_rules;
mod guard_shared;
mod guard_told;
mod harness;
mod keys;
mod log_lines;
mod log_output;
mod manual;
mod neon_api;
mod neon_branch;
mod neon_commands;
mod network;
mod no_leaks;
mod observed;
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
mod regions;
mod reload;
mod resends;
mod resends_shared;
mod retries;
mod second_vendor;
mod secret_files;
mod send_otp;
mod sender_forms;
mod series;
mod signals;
mod signature;
mod store_failure;
mod store_health;
mod studio;
mod subscriptions;
mod supervision;
mod surroundings;
mod test_numbers;
mod traces;
mod trigger;
mod tunnel;
mod tunnel_repair;
mod tunnel_world;
mod twilio;
mod vendor_checks;
mod vendor_reports;
mod verifiers;
mod wrong_paths;
