//! Starts the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    neon_sms_relay::cli::run()
}
